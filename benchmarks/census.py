"""What documents have, counted place by place, and what tables have that they were broken out into."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

__all__ = ["Census", "census_of", "census_of_tables"]

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'"
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
_VARIANTS = ("vtext", "vbigint", "vdouble", "vbool", "text", "number", "boolean")  # of dlt, and of the service


@dataclass(slots=True)
class Census:
    """How much there is.

    Places are named by the letters and digits of the names on the way, in small letters: so much every tool keeps of a name.

    Args:
        rows: items, per place of an array; of the whole, documents.
        values: scalars but null, per place of an array and place within its items.
        bare: nulls, empty arrays and empty objects, all together.
    """

    rows: Counter[str] = field(default_factory=Counter)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    bare: int = 0


def census_of(documents: Iterable[Any]) -> Census:
    """Count what documents have, as they are decoded."""
    found = Census()
    for one in documents:
        found.rows[""] += 1
        _count(found, "", "", one)
    return found


def _count(found: Census, table: str, place: str, value: Any) -> None:
    if type(value) is dict and value:
        for name, one in value.items():
            _count(found, table, place + _letters(name), one)
    elif type(value) is list and value:
        found.rows[table + place] += len(value)
        for one in value:
            _count(found, table + place, "", one)
    elif value is None or type(value) in (list, dict):
        found.bare += 1
    else:
        found.values[table, place or "value"] += 1


def census_of_tables(url: str, schema: str, root: str, expected: Census) -> Census:
    """Count what tables have.

    Args:
        url: of their database.
        schema: that they are in.
        root: name of the root table: the others' begin with it.
        expected: what their documents have; columns of other places are of the tool itself, and not counted.
    """
    found = Census()
    with psycopg.connect(url) as conn:
        for (table,) in conn.execute(_TABLES, [schema]).fetchall():
            place = _letters(table).removeprefix(_letters(root))
            if not table.startswith(root) or place not in expected.rows:
                continue
            columns = {
                column: at
                for (column,) in conn.execute(_COLUMNS, [schema, table]).fetchall()
                if (at := _place_of(column, place, expected))
            }
            counts = [sql.SQL("count({})").format(sql.Identifier(column)) for column in columns]
            counted = sql.SQL("SELECT count(*), {} FROM {}").format(sql.SQL(", ").join(counts), sql.Identifier(schema, table))
            rows, *values = conn.execute(counted).fetchone() or ()
            found.rows[place] += rows
            for at, number in zip(columns.values(), values, strict=True):
                found.values[place, at] += number
    return found


def _place_of(column: str, table: str, expected: Census) -> str:
    """Give the place that a column is of; empty where it is of none."""
    if column.startswith("_"):
        return ""
    name = _letters(column)
    names = (name, *(name.removesuffix(variant) for variant in _VARIANTS))
    return next((one for one in names if (table, one) in expected.values), "")


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
