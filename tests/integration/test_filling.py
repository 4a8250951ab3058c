"""Entities that many documents fill: who gave what, whatever the columns are called, however many there are."""

import json
import time
from collections.abc import Mapping, Sequence

import pytest

from etl_actors.errors import DataRefused
from etl_actors.relational.block import Block
from etl_actors.relational.checks import Compared
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables, plan_tables
from tests.support.documents import one, stage
from tests.support.leases import leased
from tests.support.settle import settle
from tests.support.tables import identity, line

_ROOT = Table("public", "doc", Kind.ROOT, Policy.IGNORE, ("n",), (Column("n", "int"),), None)


def entity(columns: Sequence[str], kind: str = "text", policy: Policy = Policy.FILL) -> Table:
    return Table(
        "public", "thing", Kind.ENTITY, policy, ("id",), (Column("id", "text"), *(Column(c, kind) for c in columns)), None
    )


def named(table: Table, rows: Sequence[tuple[int, Mapping[str, object]]]) -> Parsed:
    """Make a batch whose documents, by row id, name things."""
    roots = [line(identity(_ROOT, row_id), row_id, row_id) for row_id in dict.fromkeys(row_id for row_id, _ in rows)]
    things = [
        line(identity(table, row["id"]), row_id, position, *(row.get(column.name) for column in table.columns))
        for position, (row_id, row) in enumerate(rows)
    ]
    blocks = (Block.of_lines(_ROOT, roots), Block.of_lines(table, things))
    return Parsed("things", "digest", blocks, (), ())


def test_who_gave_a_column_is_kept_only_where_it_was_not_the_first(producer: Connection, service: Connection) -> None:
    table, loading = entity(["a", "b"]), Loading(service)
    first, second = (leased(producer, service, 1) for _ in range(2))
    (one_id,), (two_id,) = first.row_ids, second.row_ids
    loading.load(second, named(table, [(two_id, {"id": "x", "a": "late", "b": "late"})]))
    assert one(service, "SELECT _row_id, _batch_id, a, b, _filled FROM thing") == (two_id, second.batch_id, "late", "late", None)
    loaded = loading.load(first, named(table, [(one_id, {"id": "x", "a": "early"})]))
    assert loaded.loaded == 1
    expected = (one_id, first.batch_id, "early", "late", {"b": two_id})
    assert one(service, "SELECT _row_id, _batch_id, a, b, _filled FROM thing") == expected
    assert one(service, "SELECT rows_added->>'public.thing' FROM etl.batch WHERE batch_id = %s", first.batch_id) == "0"
    third = leased(producer, service, 1)
    before = one(service, "SELECT _loaded_at FROM thing")
    loading.load(third, named(table, [(third.row_ids[0], {"id": "x", "a": "latest", "b": "latest"})]))
    assert one(service, "SELECT _loaded_at FROM thing") == before, "what changes nothing writes nothing"


def test_within_one_document_the_place_decides(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 1)
    (row_id,) = lease.row_ids
    rows = [(row_id, {"id": "x", "b": "1"}), (row_id, {"id": "x", "a": "2", "b": "2"}), (row_id, {"id": "x", "a": "3"})]
    Loading(service).load(lease, named(entity(["a", "b"]), rows))
    assert one(service, "SELECT a, b, _filled FROM thing") == ("2", "1", None)


@pytest.mark.parametrize("count", [120, 300])
def test_a_hundred_columns_and_more_of_any_name(producer: Connection, service: Connection, count: int) -> None:
    columns = [f'"odd" %s {{}} \'{n}' for n in range(count)]
    table, loading = entity(columns, "int[]"), Loading(service)
    first, second = (leased(producer, service, 1) for _ in range(2))
    even, odd = ({"id": "x"} | dict.fromkeys(columns[start::2], "{1,2}") for start in (0, 1))
    loading.load(second, named(table, [(second.row_ids[0], even | dict.fromkeys(columns[:3], "{}"))]))
    loading.load(first, named(table, [(first.row_ids[0], odd)]))
    filled = one(service, "SELECT _filled FROM thing")
    assert filled == dict.fromkeys(columns[::2], second.row_ids[0])
    held = service.execute("SELECT * FROM thing").fetchone() or ()
    assert [value for value in held if isinstance(value, list)].count([1, 2]) == count - 2
    assert held.count([]) == 2


def test_any_type_is_filled(producer: Connection, service: Connection) -> None:
    for kind, text in {
        "jsonb": '{"a": [1, null]}',
        "bytea": "\\\\x00ff",
        "inet": "::1",
        "interval": "1 day",
        "boolean": "f",
    }.items():
        table = Table(
            "public", f"thing_{kind}", Kind.ENTITY, Policy.FILL, ("id",), (Column("id", "text"), Column("v", kind)), None
        )
        first, second = (leased(producer, service, 1) for _ in range(2))
        Loading(service).load(second, named(table, [(second.row_ids[0], {"id": "x", "v": text})]))
        Loading(service).load(first, named(table, [(first.row_ids[0], {"id": "x"})]))
        assert one(service, f"SELECT v IS NOT NULL, _filled FROM thing_{kind}") == (True, {"v": second.row_ids[0]})


def test_a_row_that_is_replaced_as_a_whole_forgets_who_filled_it(producer: Connection, service: Connection) -> None:
    """A later version of the slip may give the table another policy."""
    first, second, third = (leased(producer, service, 1) for _ in range(3))
    table = entity(["a", "b"])
    Loading(service).load(second, named(table, [(second.row_ids[0], {"id": "x", "a": "1", "b": "1"})]))
    Loading(service).load(first, named(table, [(first.row_ids[0], {"id": "x", "a": "0"})]))
    assert one(service, "SELECT _filled FROM thing") is not None
    update = entity(["a", "b"], policy=Policy.UPDATE)
    Loading(service).load(third, named(update, [(third.row_ids[0], {"id": "x", "a": "2"})]))
    assert one(service, "SELECT a, b, _filled FROM thing") == ("2", None, None)


def test_two_thousand_rows_of_twenty_columns_are_filled_in_a_second(producer: Connection, service: Connection) -> None:
    columns = [f"c{n}" for n in range(20)]
    table, loading = entity(columns), Loading(service)
    leases = [leased(producer, service, 2000) for _ in range(2)]
    for lease in reversed(leases):
        rows = [(r, {"id": r % 500, **{c: "v" for n, c in enumerate(columns) if (r + n) % 3}}) for r in lease.row_ids]
        given = named(table, rows)
        began = time.monotonic()
        loading.load(lease, given)
        # Five times the second, on a busy machine: a plan that compares every row with every other takes longer still.
        assert time.monotonic() - began < 5 * 1.0
    assert one(service, "SELECT count(*) FROM thing WHERE num_nulls(c0, c1, c19) = 0") == 500


_SLIP = """
name = "{0}"
source = "{0}"
[tables.{0}]
key = ["n"]
columns.n = "n | int"
[tables.city]
each = "$.cities"
key = ["name"]
on_duplicate = "update"
columns.name = "name | text"
"""
_STREETS = '[tables.street]\nparent = "city"\neach = "@.streets"\ncolumns.street = "@ | text"\n'
_PARKS = '[tables.park]\nparent = "city"\neach = "@.parks"\ncolumns.park = "@ | text"\n'


def test_what_other_slips_put_below_an_entity_goes_with_its_replaced_row(producer: Connection, service: Connection) -> None:
    slips = {name: read_slip({"slip.toml": _SLIP.format(name) + more}, "public") for name, more in
             (("streets", _STREETS), ("parks", _PARKS), ("plain", ""))}  # fmt: skip
    for slip in slips.values():
        remember(service, slip)
    city = {"name": "x", "streets": ["a", "b"], "parks": ["c"]}
    for name, expected in (("streets", (2, 0)), ("parks", (0, 1)), ("plain", (0, 0)), ("streets", (2, 0))):
        stage(producer, name, [{"n": 1, "cities": [city]}])
        settle(service, slips, 10)
        held = tuple(
            one(service, f"SELECT count(*) FROM {table}") if one(service, "SELECT to_regclass(%s) IS NOT NULL", table) else 0
            for table in ("street", "park")
        )
        assert held == expected, name
    added = dict(
        service.execute("SELECT key, sum(value::int)::int FROM etl.batch, jsonb_each_text(rows_added) GROUP BY key").fetchall()
    )
    assert (added["public.street"], added["public.park"], added["public.city"]) == (2, 0, 1)


def test_a_document_whose_root_lost_still_brings_its_entities(producer: Connection, service: Connection) -> None:
    slip = read_slip({"slip.toml": _SLIP.format("docs") + _STREETS}, "public")
    remember(service, slip)
    stage(
        producer,
        "docs",
        [{"n": 1, "cities": [{"name": "x", "streets": ["a"]}]}, {"n": 1, "cities": [{"name": "y", "streets": ["b"]}]}],
    )
    stage(producer, "docs", [{"n": "no", "cities": [{"name": "z", "streets": ["c"]}]}])
    settle(service, {"docs": slip}, 10)
    assert one(service, "SELECT outcomes FROM etl.batch") == "ldr"
    assert service.execute("SELECT name, street FROM city c JOIN street s ON s._parent_id = c._id ORDER BY 1").fetchall() == [
        ("x", "a"),
        ("y", "b"),
    ]
    assert one(service, "SELECT count(*) FROM street s JOIN city c ON c._id = s._root_id WHERE s._row_id = c._row_id") == 2


_ITEMS = """
name = "shop"
source = "shop"
[tables.product]
key = ["id"]
columns.id = "id | int"
[tables.offer]
parent = "product"
each = "$.offers"
on_error = "item"
columns.amount = "amount | int"
"""


def test_an_item_that_is_rejected_leaves_its_row_the_letter(producer: Connection, service: Connection) -> None:
    slip = read_slip({"slip.toml": _ITEMS}, "public")
    remember(service, slip)
    documents = json.loads('[{"id": 1, "offers": [{"amount": 1}, {"amount": "x"}, {"amount": "y"}]}, {"id": 1}, {"id": "z"}]')
    documents += [{"id": "z", "offers": [{"amount": "x"}]}]
    a, b, c, d = stage(producer, "shop", documents)
    settle(service, {"shop": slip}, 10)
    batch = "SELECT outcomes, loaded, duplicate, rejected FROM etl.batch WHERE status = 'done'"
    assert one(service, batch) == ("ldrr", 1, 1, 2)
    rejects = service.execute("SELECT row_id, item FROM etl.reject ORDER BY row_id, reject_id").fetchall()
    assert rejects == [(a, True), (a, True), (c, False), (d, False)]
    status = service.execute(
        "SELECT row_id, status, reason IS NULL, rejected_items FROM etl.row_status ORDER BY row_id"
    ).fetchall()
    assert status == [(a, "loaded", True, 2), (b, "duplicate", True, 0), (c, "rejected", False, 0), (d, "rejected", False, 0)]
    assert one(service, "SELECT balanced, rejected FROM etl.ledger") == (True, 2)


def test_a_check_of_two_columns_is_for_what_one_document_says(producer: Connection, service: Connection) -> None:
    """Of two documents that contradict each other, the one that came second would else be refused."""
    check = Compared("low", "<=", "high", column_too=True)
    own = Compared("low", ">=", 0)
    columns = (Column("id", "text"), Column("low", "int", check=own), Column("high", "int", check=check))
    table = Table("public", "thing", Kind.ENTITY, Policy.FILL, ("id",), columns, None)
    ensure_tables(service, [table], "things")
    assert plan_tables(service, [table], "things") == []
    first, second = (leased(producer, service, 1) for _ in range(2))
    for lease, given in ((second, {"low": 5}), (first, {"high": 1})):
        assert Loading(service).load(lease, named(table, [(lease.row_ids[0], {"id": "x", **given})])).loaded == 1
    assert one(service, "SELECT low, high FROM thing") == (5, 1)
    for wrong in ({"low": 2, "high": 1}, {"low": -1}):
        lease = leased(producer, service, 1)
        with pytest.raises(DataRefused, match="to fulfil its check"):
            Loading(service).load(lease, named(table, [(lease.row_ids[0], {"id": "x", **wrong})]))


def test_a_check_that_a_filled_row_fails_does_not_keep_documents_from_adding_to_it(
    producer: Connection, service: Connection
) -> None:
    before, after = (entity(["a"], "int"), Table("public", "thing", Kind.ENTITY, Policy.FILL, ("id",),
                     (Column("id", "text"), Column("a", "int", check=Compared("a", ">", 0)), Column("b", "int")), None))  # fmt: skip
    first, second = (leased(producer, service, 1) for _ in range(2))
    Loading(service).load(first, named(before, [(first.row_ids[0], {"id": "x", "a": -1})]))
    assert [change.sentence for change in plan_tables(service, [after], "things")] == ["add column b int to public.thing"]
    ensure_tables(service, [after], "things")
    Loading(service).load(second, named(after, [(second.row_ids[0], {"id": "x", "b": 1})]))
    assert one(service, "SELECT a, b FROM thing") == (-1, 1)
