"""The newest wins: by the value of a column, nulls last, texts by their bytes; of equal ones the later row."""

from itertools import permutations

import pytest

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.load import Loading
from etl_actors.store.loading.winners import insert_owners
from tests.support.documents import one
from tests.support.leases import leased
from tests.support.tables import identity, line


def table(kind: str, name: str = "note") -> Table:
    columns = (Column("key", "int"), Column("at", kind), Column("title", "text"))
    return Table("public", name, Kind.ROOT, Policy.NEWEST, ("key",), columns, None, newest="at")


_ORDERED = {
    "text": ["", "B", "a", "ä"],
    "int": ["-5", "3", "20"],
    "numeric": ["-1e30", "0.5", "1e30", "NaN"],
    "double precision": ["-Infinity", "1", "NaN"],
    "timestamptz": ["-infinity", "2020-01-01T00:00+02", "2020-01-01T00:00Z", "infinity"],
    "date": ["2019-12-31", "2020-01-01"],
    "boolean": ["f", "t"],
    "interval": ["1 hour", "1 day", "1 month"],
    "inet": ["10.0.0.1", "10.0.0.2"],
    "text[]": ["{}", "{B}", "{a}", "{a,b}"],
}


@pytest.mark.parametrize("kind", _ORDERED)
def test_the_greatest_value_wins_in_any_order_of_arrival_and_nulls_come_last(
    producer: Connection, service: Connection, kind: str
) -> None:
    values = [None, *_ORDERED[kind]]
    to, loading = table(kind), Loading(service)
    for key, (low, high) in enumerate((values[n], values[n + 1]) for n in range(len(values) - 1)):
        for place, given in enumerate(permutations((low, high))):
            for together in (True, False):
                name = key * 10 + place * 2 + together
                lease = leased(producer, service, 2)
                notes = list(zip(lease.row_ids, given, strict=True))
                if together:
                    loading.load(lease, noted(to, name, notes, lease.row_ids))
                else:
                    other = leased(producer, service, 2)
                    loading.load(other, noted(to, name, [(other.row_ids[0], given[1])], other.row_ids))
                    loading.load(lease, noted(to, name, [(lease.row_ids[0], given[0])], lease.row_ids))
                assert one(service, "SELECT title FROM note WHERE key = %s", name) == f"{high}"


def noted(to: Table, key: int, notes: list[tuple[int, str | None]], row_ids: tuple[int, ...]) -> Parsed:
    """Make a batch of notes with one key; the title says which value they came with."""
    lines = [line(identity(to, key), row_id, key, at, f"{at}") for row_id, at in notes]
    skipped = [row_id for row_id in row_ids if row_id not in dict(notes)]
    return Parsed("note", "digest", (Block.of_lines(to, lines),), (), tuple(skipped))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", ["2020", None])
def test_of_equal_values_the_later_row_wins(producer: Connection, service: Connection, at: str | None, *, late: bool) -> None:
    to, loading = table("text"), Loading(service)
    leases = [leased(producer, service, 1) for _ in range(2)]
    for lease in reversed(leases) if late else leases:
        loading.load(lease, noted(to, 1, [(lease.row_ids[0], at)], lease.row_ids))
    assert one(service, "SELECT _row_id FROM note") == leases[1].row_ids[0]


def test_texts_are_compared_by_their_bytes_whatever_the_locale(service: Connection) -> None:
    for kind, collated in (("text", 3), ("text[]", 3), ("int", 0), ("timestamptz", 0)):
        statement = insert_owners(table(kind)).decode()
        assert statement.count('"at" COLLATE "C"') >= collated, kind
        assert ("COLLATE" in statement) == bool(collated)


def test_what_was_replaced_counts_as_loaded_when_it_came_and_what_was_older_as_a_duplicate(
    producer: Connection, service: Connection
) -> None:
    to, loading = table("text"), Loading(service)
    first, second, third = (leased(producer, service, 1) for _ in range(3))
    loads = [
        loading.load(lease, noted(to, 1, [(lease.row_ids[0], at)], lease.row_ids))
        for lease, at in ((first, "2"), (second, "3"), (third, "1"))
    ]
    assert [(done.loaded, done.duplicate, done.replaced, done.differing) for done in loads] == [
        (1, 0, 0, 0),
        (1, 0, 1, 0),
        (0, 1, 0, 1),
    ]
