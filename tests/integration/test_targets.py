"""Target tables: made once, whoever comes first; compared with what the slip says; never changed behind anybody's back."""

import threading

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection, connect
from etl_actors.store.loading.load import Loading
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.store.tables.temps import make_temp, temp_of
from tests.support.documents import one, until_blocked
from tests.support.leases import leased
from tests.support.tables import Note, parsed, shape

NOTE = shape(Policy.UPDATE)


def columns(conn: Connection, table: str) -> dict[str, tuple[str, bool]]:
    """Return type and NOT NULL of each column."""
    found = conn.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    return {name: (kind, required) for name, kind, required in found}


def root(name: str, *own: Column, schema: str = "public") -> Table:
    return Table(schema, name, Kind.ROOT, Policy.IGNORE, (own[0].name,), own, None)


def test_missing_tables_are_made_with_lineage_and_recorded(service: Connection) -> None:
    assert ensure_tables(service, NOTE.all, "note") == ["public.note", "public.note_tag", "public.note_bit", "public.vendor"]
    lineage = {"_id": ("uuid", True), "_row_id": ("bigint", True), "_batch_id": ("bigint", True)}
    stamp = {"_loaded_at": ("timestamp with time zone", True)}
    parentage = {"_parent_id": ("uuid", True), "_root_id": ("uuid", True), "_index": ("integer", True)}
    assert columns(service, "note") == lineage | stamp | {"key": ("integer", False), "title": ("text", False)}
    assert columns(service, "note_tag") == lineage | stamp | parentage | {"tag": ("text", False)}
    recorded = service.execute(
        "SELECT target, status, slip FROM etl.schema_change WHERE statement LIKE 'CREATE TABLE%'"
    ).fetchall()
    assert recorded == [(table.qualified, "made", "note") for table in NOTE.all]


def test_the_identity_is_the_only_unique_index(service: Connection) -> None:
    """Two unique constraints race: a row can lose to one key while it replaces the row of another."""
    ensure_tables(service, NOTE.all, "note")
    unique = "SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indisunique AND indrelid = ANY (%s::regclass[])"
    found = service.execute(unique, [["note", "note_tag", "note_bit", "vendor"]]).fetchall()
    assert len(found) == 4
    assert all("(_id)" in definition for _, definition in found)


def test_tables_that_are_there_are_left_alone(service: Connection) -> None:
    ensure_tables(service, NOTE.all, "note")
    assert ensure_tables(service, NOTE.all, "note") == []
    assert one(service, "SELECT count(*) FROM etl.schema_change WHERE statement LIKE 'CREATE TABLE%'") == 4


def test_types_are_compared_as_postgresql_spells_them(service: Connection) -> None:
    kinds = ["int", "timestamptz", "numeric(12,2)", "double precision", "text", "boolean", "inet", "jsonb", "time", "timestamp"]
    table = root("many", *(Column(f"c{n}", kind) for n, kind in enumerate(kinds)))
    assert ensure_tables(service, [table], "many") == ["public.many"]
    assert ensure_tables(service, [table], "many") == []


def test_two_slips_may_fill_one_table_with_columns_of_their_own(service: Connection) -> None:
    service.execute("CREATE TABLE wide (a int, b text, c text)")
    for name, kind in (
        ("_id", "uuid PRIMARY KEY"),
        ("_row_id", "bigint"),
        ("_batch_id", "bigint"),
        ("_loaded_at", "timestamptz"),
    ):
        service.execute(f"ALTER TABLE wide ADD COLUMN {name} {kind}".encode())
    assert ensure_tables(service, [root("wide", Column("a", "int"), Column("b", "text"))], "one") == ["public.wide"], "its index"
    assert ensure_tables(service, [root("wide", Column("a", "int"), Column("c", "text"))], "two") == []


def test_another_type_is_refused_and_both_are_named(service: Connection) -> None:
    ensure_tables(service, [root("t", Column("a", "int"))], "one")
    expected = r"Slip two makes public\.t\.a a text, but in the database it is an integer: change the slip or the table"
    with pytest.raises(DatabaseUnsuitable, match=expected):
        ensure_tables(service, [root("t", Column("a", "text"))], "two")
    assert columns(service, "t")["a"] == ("integer", False)


def test_a_table_of_somebody_else_is_refused_and_not_filled(service: Connection) -> None:
    service.execute("CREATE TABLE t (a int)")
    with pytest.raises(DatabaseUnsuitable, match=r"fills public\.t, which is no table of etl-actors \(it has no column _id\)"):
        ensure_tables(service, [root("t", Column("a", "int"))], "one")
    assert list(columns(service, "t")) == ["a"]


@pytest.mark.parametrize(
    "name",
    ['odd "name"', "it's; DROP TABLE note --", "select", "Überschrift", "x" * 63, "percent %s %(a)s {}", "50%"],
)
def test_any_name_is_a_name_and_nothing_else(producer: Connection, service: Connection, name: str) -> None:
    table = root(name, Column(name[:60] + "c", "int"), Column("title", "text"))
    lease = leased(producer, service, 2)
    assert Loading(service).load(lease, parsed(table, [Note(row_id, 1, name) for row_id in lease.row_ids])).loaded == 1
    assert one(service, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") == name


def test_a_schema_of_the_slips_own_is_filled_where_the_service_may(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    admin.execute('CREATE SCHEMA "its own"')
    admin.execute('GRANT USAGE, CREATE ON SCHEMA "its own" TO etl_service')
    lease = leased(producer, service)
    table = root("t", Column("a", "int"), Column("b", "text"), schema="its own")
    assert Loading(service).load(lease, parsed(table, [Note(lease.row_ids[0], 1)])).loaded == 1
    assert one(service, 'SELECT count(*) FROM "its own".t') == 1
    assert one(service, "SELECT target, rows_added FROM etl.batch") == ("its own.t", {"its own.t": 1})


def test_two_daemons_that_meet_a_new_slip_at_once_make_its_tables_once(service: Connection, service_url: str) -> None:
    with connect(service_url) as first, connect(service_url) as second:
        with pytest.raises(psycopg.errors.UniqueViolation):
            naive(service, first, second)
        made: list[list[str]] = []
        service.execute("BEGIN")
        assert ensure_tables(service, NOTE.all, "note")[0] == "public.note"
        other = threading.Thread(target=lambda: made.append(ensure_tables(second, NOTE.all, "note")))
        other.start()
        until_blocked(first, second.info.backend_pid)
        service.execute("COMMIT")
        other.join(60)
    assert made == [[]], "the second waited, and found them"


def naive(watcher: Connection, first: Connection, second: Connection) -> None:
    """Create a table twice at once; IF NOT EXISTS looks, but does not lock."""
    statement = b"CREATE TABLE IF NOT EXISTS naive (a int)"
    failures: list[psycopg.Error] = []

    def create() -> None:
        try:
            second.execute(statement)
        except psycopg.Error as exc:
            failures.append(exc)

    first.execute("BEGIN")
    first.execute(statement)
    other = threading.Thread(target=create)
    other.start()
    until_blocked(watcher, second.info.backend_pid)
    first.execute("COMMIT")
    other.join(60)
    for failure in failures:
        raise failure


def test_a_temp_table_is_of_one_plan(service: Connection) -> None:
    """A slip's next version copies other columns: under one name it would meet the temp table of the last one."""
    before, after = (root("t", Column("a", kind)) for kind in ("int", "text"))
    assert temp_of(before) == temp_of(root("t", Column("a", "int")))
    assert temp_of(before) != temp_of(after)
    assert temp_of(before) != temp_of(root("t", Column("a", "int"), schema="other"))
    for table in (before, before, after):
        make_temp(service, table)
    assert columns(service, f"pg_temp.{temp_of(after)}")["a"] == ("text", False)


def test_readers_and_operators_read_what_was_made(service: Connection, admin: Connection) -> None:
    ensure_tables(service, NOTE.all, "note")
    for role in ("etl_reader", "etl_operator"):
        for table in NOTE.all:
            assert one(admin, "SELECT has_table_privilege(%s, %s, 'SELECT')", role, table.qualified)
            assert not one(admin, "SELECT has_table_privilege(%s, %s, 'INSERT')", role, table.qualified)
