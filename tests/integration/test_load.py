"""Loading: who wins a key, which children land, and that a batch lands as a whole or not at all."""

import traceback
from collections.abc import Callable

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable, DataRefused
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.loading.loaded import Loaded
from tests.support.documents import one
from tests.support.leases import leased
from tests.support.tables import Note, identity, parsed, shape

Leased = Callable[[int], Lease]

IGNORE = shape(Policy.IGNORE)
UPDATE = shape(Policy.UPDATE)


@pytest.fixture
def batch(producer: Connection, service: Connection) -> Leased:
    """Stage and claim so many rows."""
    return lambda rows: leased(producer, service, rows)


@pytest.fixture
def loading(service: Connection) -> Loading:
    return Loading(service)


def titles(conn: Connection) -> list[tuple[object, ...]]:
    return conn.execute("SELECT key, title FROM note ORDER BY key").fetchall()


def batch_row(conn: Connection, lease: Lease, columns: str) -> tuple[object, ...]:
    row: tuple[object, ...] = one(conn, f"SELECT {columns} FROM etl.batch WHERE batch_id = %s", lease.batch_id)
    return row


def test_the_naive_upsert_fails_on_two_rows_of_one_key(service: Connection) -> None:
    service.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, v text)")
    naive = "INSERT INTO t VALUES (1, 'a'), (1, 'b') ON CONFLICT (id) DO UPDATE SET v = excluded.v"
    with pytest.raises(psycopg.errors.CardinalityViolation) as caught:
        service.execute(naive)
    assert caught.value.sqlstate == "21000"


@pytest.mark.parametrize(("tables", "winner"), [(IGNORE, "first"), (UPDATE, "last")], ids=["ignore", "update"])
def test_of_one_key_within_a_batch_one_row_wins(
    service: Connection, batch: Leased, loading: Loading, tables: object, winner: str
) -> None:
    lease = batch(3)
    a, b, c = lease.row_ids
    root = (IGNORE if tables is IGNORE else UPDATE).root
    given = parsed(root, [Note(b, 1, "between"), Note(c, 1, "last"), Note(a, 1, "first")])
    assert loading.load(lease, given) == Loaded(1, 2, 0, 0, differing=2, replaced=0)
    assert titles(service) == [(1, winner)]
    assert one(service, "SELECT outcomes FROM etl.batch") == ("ldd" if tables is IGNORE else "ddl")


@pytest.mark.parametrize("late", [False, True], ids=["in_order", "the_later_row_commits_first"])
@pytest.mark.parametrize("policy", [Policy.IGNORE, Policy.UPDATE])
def test_which_row_wins_does_not_depend_on_which_batch_commits_first(
    service: Connection, batch: Leased, loading: Loading, policy: Policy, *, late: bool
) -> None:
    root = shape(policy).root
    older, newer = batch(1), batch(1)
    pairs = [(older, "old"), (newer, "new")]
    for lease, title in reversed(pairs) if late else pairs:
        loading.load(lease, parsed(root, [Note(lease.row_ids[0], 1, title)]))
    assert titles(service) == [(1, "old" if policy is Policy.IGNORE else "new")]
    winner = older if policy is Policy.IGNORE else newer
    assert one(service, "SELECT _row_id, _batch_id FROM note") == (winner.row_ids[0], winner.batch_id)


def test_a_loser_is_a_duplicate_and_differs_only_where_its_values_do(
    service: Connection, batch: Leased, loading: Loading
) -> None:
    first = batch(3)
    loading.load(
        first, parsed(IGNORE.root, [Note(r, k, t) for r, k, t in zip(first.row_ids, (1, 2, 3), ("a", None, "c"), strict=True)])
    )
    again = batch(3)
    notes = [Note(r, k, t) for r, k, t in zip(again.row_ids, (1, 2, 3), ("a", None, "other"), strict=True)]
    assert loading.load(again, parsed(IGNORE.root, notes)) == Loaded(0, 3, 0, 0, differing=1, replaced=0)
    assert batch_row(service, again, "outcomes, rows_added") == ("ddd", {"public.note": 0})


def test_a_row_that_takes_anothers_place_is_loaded_and_replaced_and_adds_none(
    service: Connection, batch: Leased, loading: Loading
) -> None:
    first, second = batch(1), batch(2)
    loading.load(first, parsed(UPDATE.root, [Note(first.row_ids[0], 1, "old")]))
    notes = [Note(second.row_ids[0], 1, "new"), Note(second.row_ids[1], 2, "other")]
    assert loading.load(second, parsed(UPDATE.root, notes)) == Loaded(2, 0, 0, 0, differing=0, replaced=1)
    assert batch_row(service, second, "replaced, rows_added") == (1, {"public.note": 1})
    assert batch_row(service, first, "rows_added, status") == ({"public.note": 1}, "done")


def family(note: Note) -> Note:
    """Give a note children that say whose they are."""
    return Note(note.row_id, note.key, note.title, [(f"{note.title}1", [1, 2]), (f"{note.title}2", [3])], [])


def test_children_of_a_losing_root_do_not_land(service: Connection, batch: Leased, loading: Loading) -> None:
    first = batch(2)
    loading.load(first, parsed(IGNORE, [family(Note(first.row_ids[0], 1, "a")), family(Note(first.row_ids[1], 1, "b"))]))
    second = batch(1)
    loading.load(second, parsed(IGNORE, [family(Note(second.row_ids[0], 1, "c"))]))
    assert service.execute("SELECT tag FROM note_tag ORDER BY _index").fetchall() == [("a1",), ("a2",)]
    assert one(service, "SELECT array_agg(bit ORDER BY bit) FROM note_bit") == [1, 2, 3]
    added = {"public.note": 1, "public.note_tag": 2, "public.note_bit": 3, "public.vendor": 0}
    assert batch_row(service, first, "outcomes, rows_added") == ("ld", added)
    assert batch_row(service, second, "outcomes, rows_added") == ("d", dict.fromkeys(added, 0))


def test_children_of_a_replaced_root_are_replaced_as_a_set_with_their_own_children(
    service: Connection, batch: Leased, loading: Loading
) -> None:
    first = batch(2)
    notes = [family(Note(first.row_ids[0], 1, "a")), family(Note(first.row_ids[1], 2, "b"))]
    loading.load(first, parsed(UPDATE, notes))
    second = batch(1)
    loading.load(second, parsed(UPDATE, [Note(second.row_ids[0], 1, "c", [("c1", [9])])]))
    assert service.execute("SELECT tag FROM note_tag ORDER BY tag").fetchall() == [("b1",), ("b2",), ("c1",)]
    assert one(service, "SELECT array_agg(bit ORDER BY bit) FROM note_bit") == [1, 2, 3, 9]
    # Set by set, not row by row: a naive upsert by _id would have left a2 under the new root.
    assert one(service, "SELECT count(*) FROM note_tag t JOIN note n ON n._id = t._root_id WHERE t._row_id <> n._row_id") == 0
    expected = {"public.note": 0, "public.note_tag": -1, "public.note_bit": -2, "public.vendor": 0}
    assert batch_row(service, second, "rows_added, replaced") == (expected, 1)


def test_a_child_with_a_key_of_its_own_follows_its_own_policy(service: Connection, batch: Leased, loading: Loading) -> None:
    mixed = shape(Policy.IGNORE, vendors=Policy.UPDATE)
    first, second = batch(1), batch(1)
    loading.load(first, parsed(mixed, [Note(first.row_ids[0], 1, "a", vendors=[("acme", 1)])]))
    loading.load(second, parsed(mixed, [Note(second.row_ids[0], 1, "b", vendors=[("acme", 2), ("acme", 3), ("new", 4)])]))
    assert titles(service) == [(1, "a")], "the root kept the first"
    assert service.execute("SELECT name, rating FROM vendor ORDER BY name").fetchall() == [("acme", 3), ("new", 4)]
    assert batch_row(service, second, "outcomes, rows_added->>'public.vendor'") == ("d", "1")


@pytest.mark.parametrize(("policy", "rating"), [(Policy.IGNORE, 1), (Policy.UPDATE, 2)])
def test_of_one_key_twice_in_one_document_the_place_decides(
    service: Connection, batch: Leased, loading: Loading, policy: Policy, rating: int
) -> None:
    lease = batch(1)
    loading.load(lease, parsed(shape(policy), [Note(lease.row_ids[0], 1, vendors=[("acme", 1), ("acme", 2)])]))
    assert one(service, "SELECT rating FROM vendor") == rating


def test_skips_and_rejects_land_with_the_batch(service: Connection, batch: Leased, loading: Loading) -> None:
    lease = batch(4)
    a, b, c, d = lease.row_ids
    rejects = [Reject(b, Stage.MAP, "not_an_int", "expected an int, got 'x'", {"path": "$.n"})]
    given = parsed(IGNORE.root, [Note(a, 1), Note(d, 1)], rejects, skipped=[c])
    assert loading.load(lease, given) == Loaded(1, 1, 1, 1, differing=0, replaced=0)
    assert batch_row(service, lease, "outcomes, status, slip, slip_digest, target, loaded, duplicate, skipped, rejected") == (
        ("lrsd", "done", "note", "digest of note", "public.note", 1, 1, 1, 1)
    )
    found = one(service, "SELECT row_id, batch_id, slip, stage, reason, message, detail, status FROM etl.reject")
    assert found == (b, lease.batch_id, "note", "map", "not_an_int", "expected an int, got 'x'", {"path": "$.n"}, "open")


def test_a_reject_whose_excerpt_no_text_can_hold_lands_all_the_same(service: Connection, batch: Leased, loading: Loading) -> None:
    lease = batch(1)
    odd = Reject(
        lease.row_ids[0], Stage.PARSE, "no_match", "got \0", {"excerpt": ["a\ud800b"], "backslash": "\\u0000", "line": 1}
    )
    loading.load(lease, Parsed("note", "digest", (), (odd,), ()))
    expected = ("got \ufffd", {"excerpt": ["a\ufffdb"], "backslash": "\\u0000", "line": 1})
    assert one(service, "SELECT message, detail FROM etl.reject") == expected


def test_a_batch_of_rejects_alone_lands_without_any_table(service: Connection, batch: Leased, loading: Loading) -> None:
    lease = batch(2)
    rejects = [Reject(row_id, Stage.ROUTE, "no_slip", "expected a slip, got none") for row_id in lease.row_ids]
    given = parsed(IGNORE.root, [])
    nothing = type(given)(None, None, (), tuple(rejects), ())
    assert loading.load(lease, nothing) == Loaded(0, 0, 0, 2, differing=0, replaced=0)
    assert batch_row(service, lease, "outcomes, target") == ("rr", None)
    assert one(service, "SELECT to_regclass('public.note') IS NULL")


def test_a_load_whose_reply_was_lost_is_found_finished_under_its_own_lease_only(
    service: Connection, batch: Leased, loading: Loading
) -> None:
    lease = batch(1)
    assert loading.finished(lease) is None
    loaded = loading.load(lease, parsed(IGNORE.root, [Note(lease.row_ids[0], 1)]))
    assert loading.finished(lease) == loaded
    other = type(lease)(lease.batch_id, lease.token + 1, lease.source, None, lease.row_ids, 1, 1)
    assert loading.finished(other) is None


def test_a_result_with_rows_of_another_batch_lands_nothing(service: Connection, batch: Leased, loading: Loading) -> None:
    lease, other = batch(1), batch(1)
    with pytest.raises(ValueError, match="not its own"):
        loading.load(lease, parsed(IGNORE.root, [Note(lease.row_ids[0], 1), Note(other.row_ids[0], 2)]))
    assert titles(service) == []
    assert batch_row(service, lease, "status, loaded") == ("claimed", 0)


SECRET = "hunter2"


def shown(error: BaseException) -> str:
    """Return everything that a log or a traceback could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error.__cause__)


def test_a_refused_value_is_named_nowhere_although_postgresql_quotes_it(
    service: Connection, admin: Connection, batch: Leased, loading: Loading
) -> None:
    lease = batch(1)
    loading.load(lease, parsed(IGNORE.root, [Note(lease.row_ids[0], 1)]))
    admin.execute(f"ALTER TABLE note ADD CONSTRAINT short CHECK (title <> '{SECRET}')")
    with pytest.raises(psycopg.errors.CheckViolation) as naive:
        admin.execute(f"UPDATE note SET title = '{SECRET}'")
    assert SECRET in str(naive.value), "PostgreSQL's own DETAIL shows the failing row"
    refused = batch(1)
    with pytest.raises(DataRefused) as caught:
        loading.load(refused, parsed(IGNORE.root, [Note(refused.row_ids[0], 2, SECRET)]))
    assert SECRET not in shown(caught.value)
    assert caught.value.reason == "check_violation"
    assert "constraint short" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None, "a logger that walks contexts must find no driver error there"
    assert titles(service) == [(1, "a")]
    assert batch_row(service, refused, "status, outcomes") == ("claimed", None)


def test_a_value_that_its_column_cannot_hold_is_refused_without_being_named(
    service: Connection, batch: Leased, loading: Loading
) -> None:
    narrow = shape(Policy.IGNORE, title="smallint").root
    lease = batch(1)
    too_large = "70123"
    with pytest.raises(DataRefused, match="numeric value out of range") as caught:
        loading.load(lease, parsed(narrow, [Note(lease.row_ids[0], 1, too_large)]))
    assert too_large not in shown(caught.value)
    assert caught.value.reason == "numeric_value_out_of_range"
    # The connection serves on: the next batch lands.
    assert loading.load(lease, parsed(narrow, [Note(lease.row_ids[0], 1, "7")])).loaded == 1
    assert titles(service) == [(1, 7)]


def warm(loading: Loading, batch: Leased) -> None:
    """Load often enough that the driver has prepared every statement."""
    for n in range(8):
        lease = batch(2)
        loading.load(lease, parsed(UPDATE, [family(Note(r, i, f"w{n}")) for i, r in enumerate(lease.row_ids)]))


def test_a_column_added_by_a_customer_between_two_loads_disturbs_none(
    service: Connection, admin: Connection, batch: Leased, loading: Loading
) -> None:
    warm(loading, batch)
    admin.execute("ALTER TABLE note ADD COLUMN remark text DEFAULT 'none'")
    warm(loading, batch)
    assert service.execute("SELECT key, title, remark FROM note ORDER BY key").fetchall() == [
        (0, "w7", "none"),
        (1, "w7", "none"),
    ]


def test_a_column_widened_between_two_loads_takes_what_fits_it_once_the_slip_says_so(
    service: Connection, admin: Connection, batch: Leased, loading: Loading
) -> None:
    narrow, wide = (shape(Policy.UPDATE, title=kind).root for kind in ("int", "bigint"))
    for n in range(8):
        lease = batch(1)
        loading.load(lease, parsed(narrow, [Note(lease.row_ids[0], 1, str(n))]))
    admin.execute("ALTER TABLE note ALTER COLUMN title TYPE bigint")
    lease = batch(1)
    loading.load(lease, parsed(wide, [Note(lease.row_ids[0], 1, str(2**40))]))
    assert titles(service) == [(1, 2**40)]


def test_a_stale_plan_is_never_blamed_on_a_row(service: Connection, admin: Connection, batch: Leased, loading: Loading) -> None:
    warm(loading, batch)
    naive = "SELECT _row_id FROM note"
    for _ in range(8):
        service.execute(naive)
    admin.execute("ALTER TABLE note ALTER COLUMN _row_id TYPE numeric")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="cached plan") as stale:
        service.execute(naive)
    assert stale.value.sqlstate == "0A000"
    lease = batch(1)
    with pytest.raises(DatabaseUnsuitable, match=r"note\._row_id a bigint, but in the database it is a numeric"):
        loading.load(lease, parsed(UPDATE, [Note(lease.row_ids[0], 1)]))
    admin.execute("ALTER TABLE note ALTER COLUMN _row_id TYPE bigint")
    assert loading.load(lease, parsed(UPDATE, [Note(lease.row_ids[0], 1)])).loaded == 1


def test_a_column_taken_away_is_made_again_for_the_rows_to_come(
    service: Connection, admin: Connection, batch: Leased, loading: Loading
) -> None:
    warm(loading, batch)
    admin.execute("ALTER TABLE note DROP COLUMN title")
    lease = batch(1)
    assert loading.load(lease, parsed(UPDATE, [Note(lease.row_ids[0], 5)])).loaded == 1
    assert batch_row(service, lease, "status, loaded") == ("done", 1)
    assert one(service, "SELECT count(*) FROM note WHERE key = 5 AND title IS NOT NULL") == 1
    assert one(service, "SELECT count(*) FROM etl.schema_change WHERE statement LIKE 'ALTER TABLE%ADD COLUMN%'") == 1


def test_a_target_dropped_between_two_loads_is_made_again(
    service: Connection, admin: Connection, batch: Leased, loading: Loading
) -> None:
    warm(loading, batch)
    admin.execute("DROP TABLE note_tag")
    lease = batch(1)
    loading.load(lease, parsed(UPDATE, [family(Note(lease.row_ids[0], 5, "new"))]))
    assert service.execute("SELECT tag FROM note_tag ORDER BY tag").fetchall() == [("new1",), ("new2",)]
    assert one(service, "SELECT _id::text FROM note WHERE key = 5") == identity(UPDATE.root, 5)
