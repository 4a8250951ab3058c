"""Documents broken out to COPY lines: what a slip's compiled function does, for a slip whose tables come from its documents."""

from collections.abc import Callable
from typing import Any

from etl_actors.relational import identity
from etl_actors.relational.breakout.layout import CellKind, Layout
from etl_actors.relational.breakout.rows import Breaker, BrokenRow
from etl_actors.relational.canonical import canonical_document, canonical_key, without_origin
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Table
from etl_actors.slips.casts.column_type import NULL, column_type
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import Staged

__all__ = ["BreakoutMapper"]

_JSONB = column_type("jsonb")


class BreakoutMapper:
    """Maps documents by one layout.

    Args:
        slip: whose documents they are.
        layout: of its tables.
    """

    source = ""  # nothing is generated

    def __init__(self, slip: Slip, layout: Layout) -> None:
        self.slip = slip
        self.tables: tuple[Table, ...] = slip.targets
        tables = self.tables
        self._breaker = Breaker(layout)
        self._parents = [table.parent for table in layout.tables]
        self._copies = [[_copy(cell.kind, cell.type) for cell in table.cells] for table in layout.tables]
        names = [column.name for column in tables[0].columns]
        self._key = [(names.index(name), tables[0].columns[names.index(name)].type) for name in tables[0].key]

    def begin(self) -> Lines:
        """Make the empty lists that `map` fills."""
        return Lines(len(self.tables))

    def map(self, staged: Staged, document: Any, lines: Lines, *, clean: bool = False) -> bool | Reject:
        """Append the rows of one document.

        Args:
            staged: the row.
            document: its payload, decoded.
            lines: as `begin` makes them.
            clean: of no matter here.

        Returns:
            True: rows were appended. A `Reject`: nothing was.

        Raises:
            Unseen: something in the document has no place; nothing was appended.
        """
        del clean
        broken = self._breaker.rows(document)
        root = self._root_id(staged, broken[0][0])
        if isinstance(root, Reject):
            return root
        known: list[list[str]] = []
        for number, (table, rows) in enumerate(zip(self.tables, broken, strict=True)):
            above = self._parents[number]
            ids: list[str] = []
            for row in rows:
                cells = [copy(value) for copy, value in zip(self._copies[number], row.cells, strict=True)]
                cells.append(_JSONB.copy(row.rest) if row.rest else NULL)
                if above is None:
                    ids.append(root)
                    head = f"{root}\t{staged.row_id}"
                else:
                    parent = known[above][row.parent]
                    ids.append(identity.child_identity(table.name, parent, row.index))
                    head = f"{ids[-1]}\t{staged.row_id}\t{parent}\t{root}\t{row.index}"
                lines[number].append("\t".join([head, *cells]))
            known.append(ids)
        return True

    def _root_id(self, staged: Staged, row: BrokenRow) -> str | Reject:
        table = self.tables[0]
        if not table.key:
            return identity.document_identity(table.name, canonical_document(without_origin(staged.raw)))
        texts = []
        for (place, kind), name in zip(self._key, table.key, strict=True):
            value = row.cells[place]
            if value is None:
                message = f"expected a number or a text for `{name}`, which is in the key of `{table.name}`, got none"
                return Reject(staged.row_id, Stage.MAP, "null_key", message, {"table": table.qualified, "column": name})
            texts.append(canonical_key(column_type(kind).text(value), kind))
        return identity.key_identity(table.name, texts)


def _copy(kind: CellKind, type_name: str) -> Callable[[Any], Any]:
    """Give what writes a cell as a field of a COPY line.

    Texts that have a form are written as they came: PostgreSQL reads them all.
    """
    return column_type("text" if kind is CellKind.TEXT else type_name).copy
