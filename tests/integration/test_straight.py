"""Rows that nobody contests go straight into their tables, and nothing of what lands depends on it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from psycopg import sql

from etl_actors.errors import DataRefused
from etl_actors.relational.block import Block
from etl_actors.relational.checks import Compared
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import Lease
from etl_actors.store.loading import straight
from etl_actors.store.loading.deleting import share_deletes
from etl_actors.store.loading.load import Loading
from etl_actors.store.loading.loaded import Loaded
from etl_actors.store.loading.parted import Parted
from etl_actors.store.loading.probe import Probed
from tests.support.documents import one, until_blocked
from tests.support.leases import leased
from tests.support.tables import Note, Shape, identity, line, parsed, shape

SHAPE = shape(Policy.IGNORE)
TABLES = ("note", "note_tag", "note_bit", "vendor")
Parts = list[Parted]


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """Give what each load parts its batch into."""
    seen: Parts = []

    def parting(given: Parsed, probed: Probed, lines: Sequence[bytes]) -> Parted:
        seen.append(parted(given, probed, lines))
        return seen[-1]

    parted = straight._parted
    monkeypatch.setattr(straight, "_parted", parting)
    return seen


def straight_rows(parted: Parted) -> tuple[int, ...]:
    """Return the row ids of the roots that go straight."""
    roots = [one for one in parted.straight if one.block.table.kind is Kind.ROOT]
    lines = [line for one in roots for line in (one.block.each() if one.kept is None else one.kept)]
    return tuple(sorted(int(line.split(b"\t")[1]) for line in lines))


def note(row_id: int, key: int, title: str = "a") -> Note:
    return Note(row_id, key, title, tags=[(f"t{row_id}", [1, 2]), ("u", [])], vendors=[(f"v{key}", row_id)])


def counts(conn: Connection) -> list[int]:
    return [one(conn, f"SELECT count(*) FROM {table}") for table in TABLES]


def batch(conn: Connection, lease: Lease) -> tuple[object, ...]:
    found: tuple[object, ...] = one(conn, "SELECT outcomes, rows_added FROM etl.batch WHERE batch_id = %s", lease.batch_id)
    return found


def test_a_batch_of_new_keys_meets_no_temp_table(producer: Connection, service: Connection, parts: Parts) -> None:
    lease = leased(producer, service, 3)
    assert Loading(service).load(lease, parsed(SHAPE.root, [Note(row_id, row_id) for row_id in lease.row_ids])).loaded == 3
    (parted,) = parts
    assert straight_rows(parted) == lease.row_ids
    assert [block.rows for block in parted.rest.blocks] == [0]
    assert one(service, "SELECT count(*), count(DISTINCT _batch_id), min(_batch_id), count(_loaded_at) FROM note") == (
        3,
        1,
        lease.batch_id,
        3,
    )


@pytest.mark.parametrize("name", ["50%", 'a "b"', "%(x)s", "select"])
def test_names_of_tables_and_columns_are_quoted(producer: Connection, service: Connection, parts: Parts, name: str) -> None:
    root = Table("public", name, Kind.ROOT, Policy.IGNORE, ("key",), (Column("key", "int"), Column(f"{name}c", "text")), None)
    loading = Loading(service)
    for key in (1, 1, 2):
        lease = leased(producer, service, 1)
        loading.load(lease, parsed(root, [Note(lease.row_ids[0], key)]))
    assert [len(straight_rows(parted)) for parted in parts] == [1, 0], "new, there, and left whole"
    table, column = sql.Identifier(name), sql.Identifier(f"{name}c")
    assert service.execute(sql.SQL("SELECT key, {} FROM {} ORDER BY key").format(column, table)).fetchall() == [
        (1, "a"),
        (2, "a"),
    ]


def test_tables_without_rows_are_in_the_books(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 1)
    Loading(service).load(lease, parsed(SHAPE, [Note(lease.row_ids[0], 1)]))
    assert batch(service, lease)[1] == {"public.note": 1, "public.note_tag": 0, "public.note_bit": 0, "public.vendor": 0}


def test_of_a_batch_with_a_few_known_keys_the_others_go_straight(producer: Connection, service: Connection, parts: Parts) -> None:
    loading = Loading(service)
    first = leased(producer, service, 1)
    loading.load(first, parsed(SHAPE, [note(first.row_ids[0], 1)]))
    lease = leased(producer, service, 6)
    a, b, c, d, e, f = lease.row_ids
    given = [note(a, 1, "b"), note(b, 2), note(c, 3), note(d, 3, "c"), note(e, 4), note(f, 5)]
    assert loading.load(lease, parsed(SHAPE, given)) == Loaded(4, 2, 0, 0, differing=2, replaced=0)
    assert straight_rows(parts[-1]) == (b, c, e, f), "of two that nobody has, the first wins"
    kept = [*(parts[-1].straight[0].kept or ())]
    assert kept == sorted(kept), "in the order of the index"
    assert parts[-1].lost
    assert [block.rows for block in parts[-1].rest.blocks] == [2, 0, 0, 6], "sets of losers go nowhere"
    assert batch(service, lease)[0] == "dlldll"
    assert counts(service) == [5, 10, 10, 5]


def test_a_batch_of_mostly_known_keys_is_left_whole(producer: Connection, service: Connection, parts: Parts) -> None:
    loading = Loading(service)
    for loaded in (2, 0):
        lease = leased(producer, service, 2)
        assert loading.load(lease, parsed(SHAPE, [note(row_id, no) for no, row_id in enumerate(lease.row_ids)])).loaded == loaded
    assert [len(straight_rows(parted)) for parted in parts] == [2, 0]


_RAISING = """
    CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF new.title = ''no'' THEN RAISE EXCEPTION ''no''; END IF; RETURN new; END';
    CREATE TRIGGER no BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION public.no()
"""


@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize(
    ("made", "title"),
    [("ALTER TABLE note ADD CHECK (title <> 'no')", "no"), (_RAISING, "no"), ("ALTER TABLE note ALTER title SET NOT NULL", None)],
    ids=["check", "trigger", "null"],
)
def test_whether_a_losing_row_is_refused_does_not_depend_on_its_batch(
    producer: Connection, service: Connection, admin: Connection, others: int, made: str, title: str | None
) -> None:
    loading = Loading(service)
    first = leased(producer, service, 1)
    loading.load(first, parsed(SHAPE.root, [Note(first.row_ids[0], 1)]))
    admin.execute(made)
    lease = leased(producer, service, 1 + others)
    bad, *good = lease.row_ids
    with pytest.raises(DataRefused):
        loading.load(lease, parsed(SHAPE.root, [Note(bad, 1, title), *(Note(row_id, row_id + 10) for row_id in good)]))


@pytest.mark.parametrize("policy", [Policy.IGNORE, Policy.HISTORY, Policy.UPDATE])
def test_what_lands_is_the_same_whole_or_parted(
    producer: Connection, service: Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch, policy: Policy, parts: Parts
) -> None:
    tables, usual = shape(policy, vendors=Policy.IGNORE if policy is Policy.HISTORY else None), straight._MOST_CONTESTED
    if policy is Policy.HISTORY:
        tables = replace(tables, root=replace(tables.root, newest="title"))
    for seed in range(12):
        found = []
        for most in (usual, -1.0):
            monkeypatch.setattr(straight, "_MOST_CONTESTED", most)
            dice, loading, books = Random(seed), Loading(service), []
            leases = [leased(producer, service, dice.randrange(1, 8)) for _ in range(4)]
            offset = leases[0].row_ids[0]
            loading.load(first := leased(producer, service, 1), parsed(tables, [note(first.row_ids[0], 99, "z")]))
            admin.execute("ALTER TABLE note ALTER _row_id DROP NOT NULL")
            for key in dice.sample(range(12), 2):  # made by hand, one perhaps without a row id
                admin.execute(
                    "INSERT INTO note (_id, _row_id, key, title, _batch_id) VALUES (%s, %s, %s, 'hand', 1)",
                    [identity(tables.root, key), dice.choice([None, offset + 3]), key],
                )
            for lease in dice.sample(leases, 4):
                notes = [note(row_id, dice.randrange(12), dice.choice("ab")) for row_id in lease.row_ids]
                loading.load(lease, parsed(tables, notes))
                books.append(batch(service, lease))
            columns = "to_jsonb(t) - '{_loaded_at,_batch_id,tag,rating}'::text[] || jsonb_build_object('_row_id', _row_id - %s)"
            rows = [service.execute(f"SELECT ({columns})::text FROM {name} t ORDER BY 1", [offset]).fetchall() for name in TABLES]
            found.append((books, rows))
            admin.execute(f"TRUNCATE {', '.join(TABLES)}")
        assert found[0] == found[1], f"seed {seed}"
    known = {parted.lost for parted in parts if parted.straight and parted.rest.blocks[0].rows}
    assert known == {False, policy is not Policy.UPDATE}, "those that lose for certain, and those that may take a place"


def test_who_makes_a_key_meanwhile_is_waited_for_and_met(
    producer: Connection, service: Connection, admin: Connection, service_url: str, parts: Parts
) -> None:
    loading = Loading(service)
    first = leased(producer, service, 1)
    loading.load(first, parsed(SHAPE.root, [Note(first.row_ids[0], 0)]))
    lease = leased(producer, service, 2)
    a, b = lease.row_ids
    done: list[Loaded] = []
    with connect(service_url) as other:
        with other.transaction():
            other.execute(
                "INSERT INTO note (_id, _row_id, key, title, _batch_id) VALUES (%s, 1, 2, 'theirs', 1)", [identity(SHAPE.root, 2)]
            )
            thread = threading.Thread(
                target=lambda: done.append(loading.load(lease, parsed(SHAPE.root, [Note(a, 1), Note(b, 2)])))
            )
            thread.start()
            until_blocked(admin, service.info.backend_pid)
        thread.join(60)
    assert done == [Loaded(1, 1, 0, 0, differing=1, replaced=0)]
    assert service.execute("SELECT key, title FROM note WHERE key > 0 ORDER BY key").fetchall() == [(1, "a"), (2, "theirs")]


def test_after_a_contest_batches_of_the_slip_are_left_whole_for_a_while(
    producer: Connection, service: Connection, admin: Connection, parts: Parts
) -> None:
    loading = Loading(service)
    lease = leased(producer, service, 1)
    loading.load(lease, parsed(SHAPE.root, [Note(lease.row_ids[0], 0)]))
    admin.execute(
        "CREATE FUNCTION odd_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN new.key % 2 = 0 THEN new END; END'"
    )
    admin.execute("CREATE TRIGGER odd_only BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION odd_only()")
    parts.clear()
    lease = leased(producer, service, 2)
    given = parsed(SHAPE.root, [Note(lease.row_ids[0], 1), Note(lease.row_ids[1], 2)])
    assert loading.load(lease, given) == Loaded(1, 1, 0, 0, differing=0, replaced=0), "of what a trigger keeps away nothing lands"
    assert batch(service, lease) == ("dl", {"public.note": 1})
    for key in range(21):
        lease = leased(producer, service, 1)
        loading.load(lease, parsed(SHAPE.root, [Note(lease.row_ids[0], 100 + 2 * key)]))
    assert len(parts) == 2, "once before the contest, once when the while is over"


def test_a_value_that_a_table_does_not_take_is_refused_as_ever(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 2)
    given = parsed(SHAPE.root, [Note(lease.row_ids[0], 1), Note(lease.row_ids[1], 10**12)])
    with pytest.raises(DataRefused, match=r"numeric value out of range \(table public\.note, column key\)"):
        Loading(service).load(lease, given)
    assert one(service, "SELECT count(*) FROM note") == 0


def test_a_root_without_columns_goes_straight(producer: Connection, service: Connection, parts: Parts) -> None:
    root = Table("public", "bare", Kind.ROOT, Policy.IGNORE, (), (), None)
    loading = Loading(service)
    for known in (0, 1):
        lease = leased(producer, service, 3)
        lines = [line(identity(root, no), row_id) for no, row_id in enumerate(lease.row_ids, 2 * (1 - known))]
        block = Block.of_lines(root, lines)
        assert loading.load(lease, Parsed("bare", "digest of bare", (block,), (), ())).loaded == 3 - known
    assert [len(straight_rows(parted)) for parted in parts] == [3, 2]


def test_sets_with_checks_land_with_their_roots(producer: Connection, service: Connection, parts: Parts) -> None:
    checked = Column("tag", "text", check=Compared("tag", "<>", "no"))
    tables = Shape(SHAPE.root, replace(SHAPE.tag, columns=(checked,)), SHAPE.bit, SHAPE.vendor)
    lease = leased(producer, service, 2)
    assert Loading(service).load(lease, parsed(tables, [note(row_id, row_id) for row_id in lease.row_ids])).loaded == 2
    assert parts == [], "whether a row is refused must not depend on who else is there"
    assert counts(service) == [2, 4, 4, 2]


@pytest.mark.parametrize("vendor", ["a_vendor", "z_vendor"])
def test_tables_are_filled_in_the_same_order_whole_or_parted(
    producer: Connection, service: Connection, admin: Connection, parts: Parts, vendor: str
) -> None:
    """A customer's trigger sees in a child's table what it would see were the batch left whole."""
    tables, loading = shape(Policy.IGNORE, vendor=vendor), Loading(service)
    first, second, third = (leased(producer, service, 1) for _ in range(3))
    loading.load(first, parsed(tables, [note(first.row_ids[0], 0)]))
    admin.execute(
        "CREATE FUNCTION parents() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN new.rating := (SELECT count(*) FROM note WHERE _id = new._parent_id); RETURN new; END'"
    )
    admin.execute(f"CREATE TRIGGER parents BEFORE INSERT ON {vendor} FOR EACH ROW EXECUTE FUNCTION parents()")
    loading.load(second, parsed(tables, [note(second.row_ids[0], 1)]))
    assert len(straight_rows(parts[-1])) == 1
    loading._parting.leave_whole(parsed(tables, []))
    parts.clear()
    loading.load(third, parsed(tables, [note(third.row_ids[0], 2)]))
    assert parts == []
    (one_way,), (other_way,) = service.execute(f"SELECT rating FROM {vendor} WHERE name IN ('v1', 'v2') ORDER BY name").fetchall()
    assert one_way == other_way == (vendor > "note")


def test_a_load_tells_how_long_it_has_waited_until_it_was_alone(admin: Connection, service: Connection, service_url: str) -> None:
    root = SHAPE.root
    with connect(service_url) as other:
        *alone, second = (leased(admin, service) for _ in range(6))
        loading, waited_s = Loading(service), []
        for number, lease in enumerate(alone, 10):
            loading.load(lease, parsed(root, [Note(lease.row_ids[0], number)]))
            waited_s.append(loading.waited_s)
        assert min(waited_s) < 0.05
        with other.transaction():
            share_deletes(other, root.qualified)
            assert loading.load(second, parsed(root, [Note(second.row_ids[0], 2)])).loaded == 1, "through the temp tables"
        assert loading.waited_s > 0.3


def test_a_load_of_new_keys_goes_to_the_server_and_back_four_times(
    producer: Connection, service: Connection, tmp_path: Path
) -> None:
    """Its start with the fence and all that is asked, the rows, the finish, whose reply is read before COMMIT is sent, and COMMIT."""
    first, second, third = (leased(producer, service) for _ in range(3))
    loading = Loading(service)
    for lease in (first, second):
        loading.load(lease, parsed(SHAPE.root, [Note(lease.row_ids[0], lease.row_ids[0])]))
    with (tmp_path / "sent").open("wb") as sent:
        service.pgconn.trace(sent.fileno())
        loading.load(third, parsed(SHAPE.root, [Note(third.row_ids[0], third.row_ids[0])]))
        service.pgconn.untrace()
    assert (tmp_path / "sent").read_text().count("ReadyForQuery") == 4


def test_the_limit_of_waits_is_as_before_while_rows_go_in(admin: Connection, service: Connection) -> None:
    lease = leased(admin, service)
    loading = Loading(service)
    loading.load(lease, parsed(SHAPE.root, [note(lease.row_ids[0], 1)]))
    admin.execute(
        "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.title := current_setting(''lock_timeout''); RETURN new; END'"
    )
    admin.execute("CREATE TRIGGER told BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION told()")
    for limit in ("7s", "9s"):
        service.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(limit)))
        lease = leased(admin, service)
        loading.load(lease, parsed(SHAPE.root, [note(lease.row_ids[0], lease.row_ids[0])]))
        assert one(service, "SELECT title FROM note WHERE _row_id = %s", lease.row_ids[0]) == limit
        assert service.execute("SHOW lock_timeout").fetchone() == (limit,)
