"""The page `docs/nasty_documents.md`: nasty documents, and what became of each."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.support.nasty_case import Case
from tests.support.nasty_documents import CASES

__all__ = ["Became", "became", "page"]

_HEAD = """\
# Nasty documents, and what became of each

Documents that break software, staged as the sources that are named here, with no slip at all (`unmatched = "breakout"`): the tables that they
got, or why they were rejected. Each that was accepted is made again of its rows by `etl-actors audit --deep`, member by member and digit by
digit; none is lost, and none stops the rest. This page is written by a test.

How to read it: below each table's name its columns with their types and what they hold in the first three rows (`·` for null); the columns
`_id`, `_row_id`, `_batch_id`, `_loaded_at`, `_parent_id`, `_root_id` and `_index` are left out, and `_rest` where it is empty. Texts are in
quotes, with signs that cannot be seen as escapes.

"""
_SYSTEM = ("_id", "_row_id", "_batch_id", "_loaded_at", "_parent_id", "_root_id", "_index")
_TABLES, _COLUMNS, _ROWS, _DOCUMENTS, _NAMED = 5, 9, 3, 12, 4
_WIDE, _VALUE = 110, 44


@dataclass(frozen=True, slots=True)
class _Grid:
    name: str
    rows: int
    columns: Sequence[tuple[str, str, Sequence[str | None]]]  # name, type, values as texts


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a source's documents.

    Args:
        grids: its tables.
        rejects: of each row that was rejected: which of the documents it is, from 1, the stage, the reason, the message.
        alike: how many documents were those of another row.
    """

    grids: Sequence[_Grid]
    rejects: Sequence[tuple[int, str, str, str]]
    alike: int


def became(conn: psycopg.Connection, case: Case) -> Became:
    """Look at what became of a case's documents."""
    names = conn.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND (relname = %(s)s OR starts_with(relname, %(s)s || '__')) ORDER BY oid",
        {"s": case.source},
    ).fetchall()
    rejects = conn.execute(
        "SELECT r.row_id - (SELECT min(row_id) FROM etl.staging WHERE source = %(s)s) + 1, r.stage, r.reason, r.message "
        "FROM etl.reject r JOIN etl.staging s USING (row_id) WHERE s.source = %(s)s ORDER BY 1",
        {"s": case.source},
    ).fetchall()
    books = conn.execute("SELECT duplicate FROM etl.ledger WHERE source = %s", [case.source]).fetchone()
    return Became([_grid(conn, name) for (name,) in names], rejects, books[0] if books else 0)


def _grid(conn: psycopg.Connection, name: str) -> _Grid:
    columns = conn.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [f'"{name}"'],
    ).fetchall()
    told = [(column, kind) for column, kind in columns if column not in _SYSTEM]
    table = sql.Identifier(name)
    picked = sql.SQL(", ").join(
        sql.SQL("left({}::text, {})").format(sql.Identifier(column), sql.Literal(_VALUE * 2)) for column, _ in told
    )
    order = sql.SQL("_row_id, _parent_id, _index" if "_index" in dict(columns) else "_row_id")
    rows = conn.execute(
        sql.SQL("SELECT {} FROM {} ORDER BY {} LIMIT {}").format(picked, table, order, sql.Literal(_ROWS))
    ).fetchall()
    (count,) = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone() or (0,)
    (rest,) = conn.execute(sql.SQL("SELECT count(_rest) FROM {}").format(table)).fetchone() or (0,)
    shown = [
        (column, kind, [row[number] for row in rows]) for number, (column, kind) in enumerate(told) if column != "_rest" or rest
    ]
    return _Grid(name, count, shown)


def page(found: dict[str, Became]) -> str:
    """Write the page.

    Args:
        found: what became of each case, by source.
    """
    return _HEAD + "\n".join(_lines(found)) + "\n"


def _lines(found: dict[str, Became]) -> Iterator[str]:
    yield "| | documents | what became of them |"
    yield "|---|---|---|"
    for number, case in enumerate(CASES, 1):
        yield f"| {number} | {_cell(case.title)} | {_cell(_in_short(found[case.source]))} |"
    kind = ""
    for number, case in enumerate(CASES, 1):
        if case.kind != kind:
            kind = case.kind
            yield f"\n## {kind}"
        yield f"\n**{number}. {case.title}**\n\n```text"
        yield from map(_document, case.documents[:_DOCUMENTS])
        yield "```\n\n```text"
        yield from _told(found[case.source])
        yield "```"


def _in_short(found: Became) -> str:
    said = []
    if found.grids and found.grids[0].rows:
        root, *below = found.grids
        columns = [f"`{name}` {kind}" for name, kind, _ in root.columns if name != "_rest"]
        listed = ", ".join((*columns[:_NAMED], *(["…"] if len(columns) > _NAMED else []))) or "no column of its own"
        said.append(f"{_counted(root.rows, 'row')} with {listed}")
        if below:
            names = [f"`{grid.name}`" for grid in below[:_NAMED]] + ["…"] * (len(below) > _NAMED)
            said.append(f"{_counted(len(below), 'table')} below: {', '.join(names)}")
    if found.alike:
        said.append(_alike(found.alike))
    if found.rejects:
        _, _, reason, message = found.rejects[0]
        many = f"{len(found.rejects)} rejected, the first: " if len(found.rejects) > 1 else "rejected: "
        said.append(f"{many}`{reason}`, {_visible(message)}")
    return "; ".join(said)


def _alike(number: int) -> str:
    return f"{_counted(number, 'document')} counted as duplicate"


def _told(found: Became) -> Iterator[str]:
    for grid in found.grids[:_TABLES]:
        if grid.rows:
            yield f"{grid.name} · {_counted(grid.rows, 'row')}"
            yield from _columns(grid)
    if len(found.grids) > _TABLES:
        yield f"… and {_counted(len(found.grids) - _TABLES, 'table')} more"
    if found.alike:
        yield _alike(found.alike)
    for number, stage, reason, message in found.rejects:
        yield f"document {number} rejected at stage {stage}, {reason}: {_visible(message)}"


def _columns(grid: _Grid) -> Iterator[str]:
    shown = grid.columns[:_COLUMNS]
    if len(grid.columns) > _COLUMNS and grid.columns[-1][0] == "_rest":
        shown = [*shown[:-1], grid.columns[-1]]
    names = max((_width(name) for name, _, _ in shown), default=0)
    kinds = max((len(kind) for _, kind, _ in shown), default=0)
    for name, kind, values in shown:
        row = f"    {name}{' ' * (names - _width(name))}  {kind:{kinds}}  {', '.join(_value(kind, one) for one in values)}"
        yield row if _width(row) <= _WIDE + names else f"{row[: _WIDE + names]}…"
    if len(grid.columns) > len(shown):
        yield f"    … and {_counted(len(grid.columns) - len(shown), 'column')} more"


def _value(kind: str, value: str | None) -> str:
    if value is None:
        return "·"
    text = json.dumps(value, ensure_ascii=False) if kind in ("text", "uuid", "date") or "time" in kind else value
    text = _visible(text)
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"


def _document(document: str | bytes) -> str:
    if isinstance(document, bytes):
        return "bytes " + repr(document)[2:-1]
    text = _visible(document)
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 30]} … {text[-20:]} ({len(document.encode()):,} bytes)"


def _visible(text: str) -> str:
    return "".join(
        sign
        if sign == " " or unicodedata.category(sign)[0] in "LNPS"
        else f"\\u{ord(sign):04x}"
        if ord(sign) < 0x10000
        else f"\\U{ord(sign):08x}"
        for sign in text
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
