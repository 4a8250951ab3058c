"""A slip that breaks documents out grows in one session at a time, and rows land only in the tables that they were made for."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable, NoPlace, Outgrown, SlipError
from etl_actors.relational.breakout.seen import seen_in
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Table
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.unmatched import Unmatched
from etl_actors.store.breakout.adoption import adopt
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.reshape import reshape
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading import load
from etl_actors.store.loading.landing import Landing, land
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.kin import Kin, stored_slips
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import OWNER

SLIP = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public")


@pytest.fixture
def breakouts(service: Connection) -> Breakouts:
    """Put the slip in force, and give what grows it."""
    ensure_tables(service, SLIP.targets, SLIP.name)
    remember(service, SLIP)
    return Breakouts(service, "public")


@pytest.fixture
def reader(database: str) -> Iterator[Connection]:
    """Connect as who reads the targets only."""
    with connect(database, role="etl_reader") as conn:
        yield conn


def _columns(conn: Connection, table: str) -> dict[str, str]:
    statement = (
        "SELECT attname::text, atttypid::regtype::text FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attname !~ '^_' ORDER BY attname"
    )
    return dict(conn.execute(statement, [table]).fetchall())


def test_a_slip_grows_by_what_was_seen_and_others_find_it(service: Connection, service_url: str, breakouts: Breakouts) -> None:
    version = breakouts.grow(SLIP, seen_in({"a": 1, "t": [True]}))
    assert _columns(service, "shop") == {"a": "bigint"}
    assert _columns(service, "shop__t") == {"value": "boolean"}
    with connect(service_url) as conn:
        assert Breakouts(conn, "public").current(SLIP).digest == version.digest
        assert Breakouts(conn, "public").grow(SLIP, seen_in({"a": 2})).digest == version.digest, "nothing new was seen"


def test_a_slip_that_has_another_key_is_not_taken_for_it(breakouts: Breakouts) -> None:
    breakouts.grow(SLIP, seen_in({"a": 1}))
    other = read_slip({"slip.toml": 'name = "shop"\n[breakout]\nkey = "a"\n'}, "public")
    with pytest.raises(SlipError, match="no longer has the tables"):
        breakouts.current(other)


def test_sessions_that_grow_at_once_lose_nothing_of_one_another(
    service: Connection, service_url: str, breakouts: Breakouts
) -> None:
    failures: list[BaseException] = []

    def grow(number: int) -> None:
        try:
            with connect(service_url) as conn:
                for turn in range(3):
                    Breakouts(conn, "public").grow(SLIP, seen_in({f"c{number}": turn, f"d{turn}": [number]}))
        except BaseException as error:  # noqa: BLE001  (told below)
            failures.append(error)

    threads = [threading.Thread(target=grow, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(_columns(service, "shop")) == {"c0", "c1", "c2", "c3"}
    assert all(_columns(service, f"shop__d{turn}") == {"value": "bigint"} for turn in range(3))
    assert service.execute("SELECT count(*) FROM etl.slip WHERE active").fetchone() == (1,)


def test_a_change_that_a_view_forbids_is_one_sentence_and_changes_nothing(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts
) -> None:
    version = breakouts.grow(SLIP, seen_in({"a": 1}))
    admin.execute("CREATE VIEW theirs AS SELECT a FROM shop")
    with pytest.raises(NoPlace, match="cannot be changed for new documents: cannot alter type of a column used by a view"):
        breakouts.grow(version, seen_in({"a": 0.5, "b": 1}))
    assert _columns(service, "shop") == {"a": "bigint"}
    assert breakouts.current(SLIP).digest == version.digest


def _parsed(service: Connection, parser: BatchParser) -> tuple[Lease, Parsed]:
    inbox = Inbox(service, OWNER)
    inbox.look()
    (lease,) = inbox.claim(10, 2**30)
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
    assert isinstance(parsed, Parsed)
    return lease, parsed


@pytest.fixture
def parser(service: Connection, breakouts: Breakouts) -> BatchParser:
    return BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=breakouts)


def test_rows_of_a_version_do_not_land_where_a_later_one_makes_other_rows(
    service: Connection, producer: psycopg.Connection, parser: BatchParser, service_url: str
) -> None:
    producer.execute("""INSERT INTO etl.staging (source, payload) VALUES ('shop', '{"at": "2024-02-29"}')""")
    lease, parsed = _parsed(service, parser)
    with connect(service_url) as conn:
        Breakouts(conn, "public").grow(SLIP, seen_in({"at": "soon"}))
    loading = Loading(service)
    with pytest.raises(Outgrown):
        loading.load(lease, parsed)
    again = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
    assert isinstance(again, Parsed)
    assert loading.load(lease, again).loaded == 1
    assert service.execute("SELECT at FROM shop").fetchall() == [("2024-02-29",)]


@pytest.mark.parametrize("more", [{"b": {"c": 1}}, {"a": "x"}, {"a": 0.5}, {"t": [1]}, {"a": None}, {}])
def test_rows_of_a_version_land_where_a_later_one_only_has_more(
    service: Connection, producer: psycopg.Connection, parser: BatchParser, service_url: str, more: dict[str, Any]
) -> None:
    producer.execute("""INSERT INTO etl.staging (source, payload) VALUES ('shop', '{"a": 1}'), ('shop', '{"a": 2}')""")
    lease, parsed = _parsed(service, parser)
    with connect(service_url) as conn:
        Breakouts(conn, "public").grow(SLIP, seen_in(more))
    assert Loading(service).load(lease, parsed).loaded == 2
    assert service.execute("SELECT a::int FROM shop ORDER BY a").fetchall() == [(1,), (2,)]


def test_a_batch_lands_in_one_go_after_its_slip_has_seen_more(
    service: Connection,
    producer: psycopg.Connection,
    parser: BatchParser,
    breakouts: Breakouts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    landed: list[Parsed] = []

    def landing(
        conn: Connection, batch_id: int, parsed: Parsed, kin: Kin, tell: Callable[[Table], None], *, lost: bool
    ) -> Landing:
        landed.append(parsed)
        return land(conn, batch_id, parsed, kin, tell, lost=lost)

    monkeypatch.setattr(load, "land", landing)
    loading = Loading(service)
    for number in (1, 2):
        producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', %s)", [f'{{"a": {number}}}'])
        lease, parsed = _parsed(service, parser)
        assert loading.load(lease, parsed).loaded == 1
        breakouts.grow(SLIP, seen_in({"a": None}))
    assert len(landed) == 2


def test_a_row_of_a_former_version_that_takes_the_place_of_one_of_the_latest_leaves_nothing_of_it(
    service: Connection, producer: psycopg.Connection, service_url: str
) -> None:
    slip = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\nkey = "k"\non_duplicate = "update"\n'}, "public")
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    loading = Loading(service)
    role = Role((RoleSlip(slip.digest, slip.files),))
    inbox = Inbox(service, OWNER)
    made: list[Lease] = []
    for document in ('{"k": 1, "b": 2, "t": [3]}', '{"k": 1, "a": 1}'):
        producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', %s)", [document])
        inbox.look()
        made += inbox.claim(10, 2**30)
    rows = lambda row_ids: fetch(service, row_ids)  # noqa: E731
    later = BatchParser(rows, "public", growing=Breakouts(service, "public")).parse(Job(made[1].row_ids, role))
    with connect(service_url) as conn:
        first = BatchParser(rows, "public", growing=Breakouts(conn, "public")).parse(Job(made[0].row_ids, role))
    assert isinstance(first, Parsed)
    assert isinstance(later, Parsed)
    assert loading.load(made[0], first).loaded == 1
    assert loading.load(made[1], later).replaced == 1
    assert service.execute("SELECT a, b FROM shop").fetchall() == [(1, None)]
    assert service.execute("SELECT count(*) FROM shop__t").fetchone() == (0,)


def test_a_slip_that_others_have_changed_since_it_was_read_is_not_put_in_force(service: Connection) -> None:
    ensure_tables(service, SLIP.targets, SLIP.name)
    growth = Breakouts(service, "public")
    adopt(service, SLIP)
    growth.grow(SLIP, seen_in({"m": {"x": 1}}))
    other = read_slip({"slip.toml": SLIP.files["slip.toml"] + 'maps = ["$.m"]\n'}, "public")
    reshape(service, other, "public")
    with service.transaction(), pytest.raises(DatabaseUnsuitable, match="was put in force otherwise by somebody else meanwhile"):
        adopt(service, SLIP)
    assert growth.current(other).files["slip.toml"] == other.files["slip.toml"]


def test_a_slip_does_not_grow_while_rows_of_its_version_land(service: Connection, service_url: str, breakouts: Breakouts) -> None:
    done = threading.Event()

    def grow() -> None:
        with connect(service_url) as conn:
            Breakouts(conn, "public").grow(SLIP, seen_in({"a": 1}))
        done.set()

    with service.transaction():
        service.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('etl.breakout.shop', 0))")
        thread = threading.Thread(target=grow)
        thread.start()
        assert not done.wait(0.5)
    thread.join()
    assert done.is_set()


def test_tables_that_would_have_to_be_filled_anew_from_rows_that_are_gone_stay_as_they_are(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts
) -> None:
    version = breakouts.grow(SLIP, seen_in({"v": {"x": 1}}))
    admin.execute("INSERT INTO shop (_id, _row_id, _batch_id, v__x) VALUES (gen_random_uuid(), 99, 1, 1)")
    with pytest.raises(SlipError, match="row 99 is no longer staged"):
        breakouts.grow(version, seen_in({"v": {"1.0": 1}}))
    assert _columns(service, "shop") == {"v__x": "bigint"}
    assert breakouts.current(SLIP).digest == version.digest


def test_of_many_versions_the_latest_is_read_and_stands_for_the_others(service: Connection, breakouts: Breakouts) -> None:
    for number in range(5):
        breakouts.grow(SLIP, seen_in({f"c{number}": number}))
    stored = stored_slips(service, "public")
    assert len({slip.digest for slip in stored}) == len(stored) == 6
    assert [len(slip.root.columns) for slip in stored] == [1, 6, 6, 6, 6, 6]
    assert len({id(slip.tables) for slip in stored[1:]}) == 1


def test_a_slip_that_nobody_wrote_rejects_its_documents_where_its_table_is_anothers(
    service: Connection, admin: psycopg.Connection, producer: psycopg.Connection, breakouts: Breakouts
) -> None:
    admin.execute("CREATE TABLE theirs (a int)")
    slip = Unmatched("public").slip("theirs")
    assert slip is not None
    producer.execute("""INSERT INTO etl.staging (source, payload) VALUES ('theirs', '{}'), ('theirs', '{"a": 1}')""")
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=breakouts)
    parsed = parser.parse(Job((1, 2), Role((RoleSlip(slip.digest, slip.files),))))
    assert isinstance(parsed, Parsed)
    said = 'The tables of slip unmatched:theirs cannot be changed for new documents: relation "theirs" already exists.'
    assert [(one.row_id, one.reason, one.message) for one in parsed.rejects] == [(1, "no_place", said), (2, "no_place", said)]
    admin.execute("DROP TABLE theirs")
    again = parser.parse(Job((1, 2), Role((RoleSlip(slip.digest, slip.files),))))
    assert isinstance(again, Parsed)
    assert [block.rows for block in again.blocks] == [2]


def _map(conn: Connection, slip: str) -> list[tuple[str, str, str]]:
    statement = "SELECT column_name, type, path FROM etl.breakout_column WHERE slip = %s ORDER BY position"
    return conn.execute(statement, [slip]).fetchall()


def test_the_map_of_columns_is_that_of_the_version_in_force(
    service: Connection, reader: Connection, breakouts: Breakouts
) -> None:
    adopt(service, SLIP)
    assert _map(reader, "shop") == [("_rest", "jsonb", "$")]
    grown = breakouts.grow(SLIP, seen_in({"a": 1, "t": {"x": 1}}))
    assert _map(reader, "shop") == [("a", "bigint", "$.a"), ("t__x", "bigint", "$.t.x"), ("_rest", "jsonb", "$")]
    breakouts.grow(grown, seen_in({"a": "x", "t": {"1.0": 1}}))  # filled anew
    assert _map(reader, "shop") == [
        ("a", "bigint", "$.a"),
        ("a__text", "text", "$.a"),
        ("_rest", "jsonb", "$"),
        ("key", "text", "$.t.*"),
        ("value", "bigint", "$.t.*"),
        ("_rest", "jsonb", "$.t.*"),
    ]


def test_a_map_that_is_missing_is_there_once_the_slip_is_put_in_force_again(
    service: Connection, reader: Connection, breakouts: Breakouts
) -> None:
    breakouts.grow(SLIP, seen_in({"a": 1}))
    service.execute("DELETE FROM etl.breakout_column")
    adopt(service, SLIP)
    assert _map(reader, "shop") == [("a", "bigint", "$.a"), ("_rest", "jsonb", "$")]


def test_a_slip_that_breaks_out_no_more_has_no_map(service: Connection, reader: Connection, breakouts: Breakouts) -> None:
    breakouts.grow(SLIP, seen_in({"a": 1}))
    adopt(service, read_slip({"slip.toml": 'name = "shop"\n[tables.other]\ncolumns.a = "a | int"\n'}, "public"))
    assert _map(reader, "shop") == []


def test_a_table_that_does_not_follow_stays_whatever_those_above_it_follow(service: Connection) -> None:
    slip = read_slip({"slip.toml": 'name = "shop"\n[breakout]\ncontracts.shop__t = "freeze"\n'}, "public")
    growth = Breakouts(service, "public")
    ensure_tables(service, slip.targets, slip.name)
    adopt(service, slip)
    version = growth.grow(slip, seen_in({"a": 1, "t": {"1": 2}}))
    with pytest.raises(NoPlace, match="new documents: shop__t would change, by contract freeze"):
        growth.grow(version, seen_in({"2024": 1}))
    assert _columns(service, "shop__t") == {"key": "text", "value": "bigint"}
