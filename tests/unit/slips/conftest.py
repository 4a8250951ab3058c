"""Shorthand for tests of slips: a slip from TOML, rows from documents."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode, read_together

Rows = dict[str, list[dict[str, str | None]]]
MapOne = Callable[..., Rows | Reject | bool]

_UNESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def unescaped(field: str) -> str | None:
    """Read a field of a COPY line as PostgreSQL does."""
    if field == "\\N":
        return None
    out, rest = [], field
    while rest:
        size = 2 if rest[0] == "\\" else 1
        out.append(_UNESCAPED[rest[:2]] if size == 2 else rest[0])
        rest = rest[size:]
    return "".join(out)


def mapper_of(toml: str) -> Mapper:
    """Compile a slip that is given as TOML; its name and source are added."""
    return compile_slip(read_slip({"slip.toml": f'name = "s"\n{toml}'}, "public"))


def rows_of(mapper: Mapper, document: Any, *, raw: bytes | None = None, row_id: int = 1) -> Rows | Reject | bool:
    """Map one document as a worker does: rows by table, or the reject, or False."""
    raw = json.dumps(document, ensure_ascii=False).encode() if raw is None else raw
    staged = Staged(row_id, raw, "src", "2024-01-02 03:04:05+00")
    lines = mapper.begin()
    (together,) = read_together([staged])
    outcome = mapper.map(staged, decode(raw, plain=together.look.plain), lines, clean=together.look.clean)
    if outcome is not True:
        assert lines == mapper.begin()
        return outcome
    return {
        table.name: [
            dict(zip([name for name, _ in table.copied], map(unescaped, line.split("\t")), strict=True)) for line in written
        ]
        for table, written in zip(mapper.tables, lines, strict=True)
    }


@pytest.fixture
def map_one() -> MapOne:
    """Give a function of TOML and a document that gives the rows by table, the reject, or False."""
    return lambda toml, document, **more: rows_of(mapper_of(toml), document, **more)


@pytest.fixture
def value_of() -> Callable[[str, Any], Any]:
    """Give a function of an expression and a document that gives the text of the column, or the reject."""

    def value(expression: str, document: Any, **more: Any) -> Any:
        rows = rows_of(mapper_of(f"[tables.t]\ncolumns.c = {json.dumps(expression)}\n"), document, **more)
        return rows["t"][0]["c"] if isinstance(rows, dict) else rows

    return value
