"""Documents broken out to tables of a schema, without a slip or a daemon."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout
from etl_actors.relational.breakout.targets import broken_targets
from etl_actors.relational.tables import Policy, Table
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.model.breakout import Breakout
from etl_actors.slips.values.document import Staged, decode
from etl_actors.slips.values.json_text import json_text
from etl_actors.store.tables.plan import created

__all__ = ["broken", "load", "make_tables", "seen_of"]


@dataclass
class _Slip:
    targets: tuple[Table, ...]
    given: None = None
    marker: None = None


def seen_of(documents: list[Any]) -> Seen:
    """Look at documents."""
    seen = Seen()
    for one in documents:
        seen.add(one)
    return seen


def make_tables(conn: psycopg.Connection, layout: Layout, schema: str) -> tuple[Table, ...]:
    """Make the tables of a layout in a schema that is made for them."""
    tables = broken_targets(layout, schema, (), Policy.IGNORE)
    conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    for table in tables:
        for change in created(table):
            conn.execute(change.statement)
    return tables


def load(conn: psycopg.Connection, seen: Seen, tables: tuple[Table, ...], documents: list[Any], first: int) -> None:
    """Copy documents into tables.

    Args:
        conn: to the database.
        seen: in these documents at least; the root table is called ``root``.
        tables: of that.
        documents: to be broken out.
        first: the row id of the first.
    """
    breakout = Breakout("root", tables[0].schema, (), Policy.IGNORE, written_evidence(seen), laid_out(seen, "root"))
    for table, found in zip(tables, broken(tables, breakout, documents, first), strict=True):
        columns = sql.SQL(", ").join(sql.Identifier(name) for name, _ in [*table.copied, ("_batch_id", "")])
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.schema, table.name), columns)
        with conn.cursor().copy(statement) as copy:
            copy.write("".join(f"{line}\t1\n" for line in found))


def broken(tables: tuple[Table, ...], breakout: Breakout, documents: list[Any], first: int) -> Lines:
    """Break documents out.

    Args:
        tables: of the breakout.
        breakout: what a slip says of it, and what was seen of documents.
        documents: that all have a place in it.
        first: the row id of the first.
    """
    mapper = BreakoutMapper(_Slip(tables), breakout)  # type: ignore[arg-type]  # all of a slip that it looks at
    lines = mapper.begin()
    for row_id, document in enumerate(documents, first):
        raw = json_text([row_id, document]).encode()  # so that no two are alike
        assert mapper.map(Staged(row_id, raw, "s", ""), decode(json_text(document).encode()), lines) is True
    return lines
