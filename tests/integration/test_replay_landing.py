"""A replay leaves what one load would have made: rows of the chosen version beside rows of the versions that they had."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.audit.recounting import recount
from etl_actors.store.database import Connection, connect
from etl_actors.store.loading.deleting import share_deletes
from etl_actors.store.replay import landing as replay_landing
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.changing import CHANGES, documents, load, slip_of
from tests.support.contents import contents
from tests.support.documents import one, stage
from tests.support.replays import repeat

_EMPTY = "TRUNCATE etl.batch, etl.reject, etl.vacancy, note, note_tag, note_tag_bit, vendor, vendor_tag, person CASCADE"
_AGAIN = "INSERT INTO etl.inbox (source, row_id, bytes) SELECT source, row_id, 1 FROM etl.staging WHERE row_id = ANY (%s)"
_TABLES = ["note", "note_tag", "note_tag_bit", "vendor", "vendor_tag", "person"]


_POLICIES = [("update", "newest(rating)"), ("ignore", "update"), ("newest(at)", "ignore")]
_COVERING = [(change, _POLICIES[n % 3]) for n, change in enumerate(CHANGES)]
_COVERING += [(change, ("history(at)", "history(rating)")) for change in ("keys", "times", "names", "values", "fewer")]
_COVERING += [("keys", _POLICIES[0]), ("keys", _POLICIES[1]), ("times", _POLICIES[2]), ("fewer", _POLICIES[0])]


@pytest.mark.parametrize(("change", "policies"), dict.fromkeys(_COVERING), ids=str)
def test_a_replay_leaves_what_one_load_would_have_made(
    producer: Connection, service: Connection, admin: Connection, database: str, change: str, policies: tuple[str, str]
) -> None:
    first, later = slip_of("nothing", *policies), slip_of(change, *policies)
    ensure_tables(service, first.targets, "note")
    for slip in (first, later):
        remember(service, slip)
    for seed in range(2):
        dice = Random(f"{change} {seed}")
        row_ids = stage(producer, "notes", documents(dice, 30))
        load(service, first, later, frozenset())
        chosen = frozenset(dice.sample(row_ids, dice.choice([3, 12, 30])))
        repeat(service, sorted(chosen), {first.digest: first, later.digest: later}, later.digest)
        replayed = contents(database, _TABLES)
        assert not audit(admin, "public").findings
        assert one(admin, "SELECT bool_and(balanced) FROM etl.ledger")
        admin.execute(_EMPTY)
        admin.execute(_AGAIN, [row_ids])
        load(service, first, later, chosen)
        assert replayed == contents(database, _TABLES), f"seed {seed}, {len(chosen)} rows"
        admin.execute(_EMPTY)
        admin.execute(
            "ALTER TABLE etl.staging DISABLE TRIGGER ALL; DELETE FROM etl.staging; ALTER TABLE etl.staging ENABLE TRIGGER ALL"
        )


@pytest.mark.parametrize("policies", [_POLICIES[0], _POLICIES[2]], ids=str)
def test_live_documents_of_the_same_keys_may_land_beside_a_replay(
    producer: Connection, service: Connection, service_url: str, admin: Connection, database: str, policies: tuple[str, str]
) -> None:
    first, later = slip_of("nothing", *policies), slip_of("keys", *policies)
    ensure_tables(service, first.targets, "note")
    for slip in (first, later):
        remember(service, slip)
    dice = Random(11)
    row_ids = stage(producer, "notes", documents(dice, 60))
    load(service, first, later, frozenset())
    live = stage(producer, "notes", documents(dice, 60))
    with connect(service_url) as beside, ThreadPoolExecutor(1) as pool:
        landing = pool.submit(load, beside, first, later, frozenset())
        repeat(service, row_ids, {first.digest: first, later.digest: later}, later.digest, size=5)
        landing.result(60)
    replayed = contents(database, _TABLES)
    assert not audit(admin, "public").findings
    admin.execute(_EMPTY)
    admin.execute(_AGAIN, [row_ids + live])
    load(service, first, later, frozenset(row_ids))
    assert replayed == contents(database, _TABLES)


def test_a_replay_lets_no_load_be_alone_at_a_table_that_its_rows_have_filled(
    producer: Connection, service: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = slip_of("nothing", *_POLICIES[0]), slip_of("fewer", *_POLICIES[0])
    ensure_tables(service, first.targets, "note")
    for slip in (first, later):
        remember(service, slip)
    row_ids = stage(producer, "notes", documents(Random(3), 20))
    load(service, first, later, frozenset())
    held: set[str] = set()

    def hold(conn: Connection, name: str) -> None:
        held.add(name)
        share_deletes(conn, name)

    monkeypatch.setattr(replay_landing, "share_deletes", hold)
    repeat(service, row_ids, {first.digest: first, later.digest: later}, later.digest)
    owners = {"public.note", "public.vendor", "public.person"}
    assert held == owners, "what is a child here may be the root of another slip, whose load has read what is there"


@pytest.fixture
def slip(service: Connection) -> Slip:
    """Put a slip in force whose rows all tables know by their root."""
    text = """
name = "note"
source = "notes"
[tables.note]
key = ["id"]
columns.id = "id | int"
columns.title = "title | text"
[tables.note_tag]
parent = "note"
each = "@.tags[*]"
columns.tag = "@ | text"
"""
    found = read_slip({"slip.toml": text}, "public")
    ensure_tables(service, found.targets, "note")
    remember(service, found)
    return found


def test_a_replay_that_changes_nothing_writes_to_no_target(producer: Connection, service: Connection, slip: Slip) -> None:
    row_ids = stage(producer, "notes", [{"id": n % 7, "title": "a", "tags": ["x", "y"][: n % 3]} for n in range(20)])
    load(service, slip, slip, frozenset())
    tuples = "SELECT array_agg((_id, ctid, xmin)::text ORDER BY _id) FROM {}"
    before = [one(service, tuples.format(name)) for name in ("note", "note_tag")]
    replay_id = repeat(service, row_ids, {slip.digest: slip}, slip.digest)
    assert [one(service, tuples.format(name)) for name in ("note", "note_tag")] == before
    letters = "SELECT string_agg(outcomes, '' ORDER BY row_lo), string_agg(prior, '' ORDER BY row_lo) FROM etl.batch WHERE replay_id = %s"
    assert service.execute(letters, [replay_id]).fetchone() == ("l" * 7 + "d" * 13, "l" * 7 + "d" * 13)
    assert one(service, "SELECT rows_done FROM etl.replay") == 20


def test_a_dead_letter_whose_row_now_parses_is_replayed_and_the_row_counts_as_loaded(
    producer: Connection, service: Connection, slip: Slip
) -> None:
    row_ids = stage(producer, "notes", [{"id": "one"}, {"id": 2}, {"id": "three"}])
    load(service, slip, slip, frozenset())
    assert one(service, "SELECT count(*) FROM etl.reject WHERE status = 'open'") == 2
    mended = slip.files["slip.toml"].replace("id | int", "if(id == 'one', 1, id) | int")
    later = read_slip({"slip.toml": mended}, "public")
    remember(service, later)
    repeat(service, row_ids, {slip.digest: slip, later.digest: later}, later.digest)
    told = service.execute("SELECT row_id, status FROM etl.reject ORDER BY reject_id").fetchall()
    assert told == [(row_ids[0], "replayed"), (row_ids[2], "replayed"), (row_ids[2], "open")], "the third is refused again"
    books = "SELECT loaded, duplicate, skipped, rejected, balanced FROM etl.ledger"
    assert service.execute(books).fetchone() == (2, 0, 0, 1, True)
    assert service.execute("SELECT status FROM etl.row_status ORDER BY row_id").fetchall() == [
        ("loaded",),
        ("loaded",),
        ("rejected",),
    ]


def test_a_document_that_is_no_longer_retained_keeps_its_rows(
    producer: Connection, service: Connection, admin: Connection, slip: Slip
) -> None:
    row_ids = stage(producer, "notes", [{"id": 1}, {"id": 2}])
    load(service, slip, slip, frozenset())
    admin.execute("ALTER TABLE etl.staging DISABLE TRIGGER ALL")
    admin.execute("DELETE FROM etl.staging WHERE row_id = %s", [row_ids[0]])
    repeat(service, row_ids, {slip.digest: slip}, slip.digest)
    assert service.execute("SELECT id FROM note ORDER BY id").fetchall() == [(1,), (2,)]
    assert one(service, "SELECT string_agg(outcomes, '') FROM etl.batch WHERE replay_id IS NOT NULL") == "l"


def test_a_replay_brings_back_what_was_deleted_by_hand_although_its_children_are_still_there(
    producer: Connection, service: Connection, admin: Connection, slip: Slip
) -> None:
    row_ids = stage(producer, "notes", [{"id": 1, "tags": ["x", "y"]}, {"id": 2, "tags": ["z"]}])
    load(service, slip, slip, frozenset())
    admin.execute("DELETE FROM note WHERE id = 1; DELETE FROM note_tag WHERE tag = 'z'")
    repeat(service, row_ids, {slip.digest: slip}, slip.digest)
    assert service.execute("SELECT id, tag FROM note JOIN note_tag ON _root_id = note._id ORDER BY tag").fetchall() == [
        (1, "x"),
        (1, "y"),
        (2, "z"),
    ]
    found = audit(admin, "public").findings
    assert [finding.check for finding in found] == ["count public.note", "count public.note_tag"], "the books had them all along"
    for table in ("public.note", "note_tag"):
        assert recount(admin, "public", table) == -1
    assert not audit(admin, "public").findings
    assert one(admin, "SELECT count(*) FROM etl.action WHERE action = 'audit recount'") == 2
