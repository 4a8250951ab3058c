"""Documents broken out to COPY lines: what a slip's compiled function does, for a slip whose tables come from its documents."""

from dataclasses import replace
from typing import Any

from etl_actors.relational import identity
from etl_actors.relational.breakout.asked import Asked
from etl_actors.relational.breakout.fitting import NOTHING, Contract, Fitting, Misfit
from etl_actors.relational.breakout.keys import key_text, without_key
from etl_actors.relational.breakout.rows import Breaker, BrokenRow, Unseen
from etl_actors.relational.breakout.seen import Seen, seen_in
from etl_actors.relational.canonical import canonical_key
from etl_actors.relational.packed import NO_FIELD, PACKERS, may_be_packed, root_head, row_head
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Table
from etl_actors.slips.casts.column_type import NULL, column_type
from etl_actors.slips.mapping.broken_rows import copier, packer, take_back
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.mapping.quick import Left, Quick, compile_quick
from etl_actors.slips.mapping.root_rows import RootRows
from etl_actors.slips.model.breakout import Breakout
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.json_text import json_text

__all__ = ["BreakoutMapper", "News"]

_JSONB = column_type("jsonb")
_SHOWN = 60  # characters of a value
_LISTED = 20  # places of values


class News(Exception):
    """The tables have no place for something of a document: they are to be laid out anew.

    Args:
        body: what of the document decides on the tables.
        asked: what is said by hand of places.
    """

    def __init__(self, body: Any, asked: Asked | None) -> None:
        super().__init__()
        self.body = body
        self._asked = asked

    @property
    def seen(self) -> Seen:
        """What is seen in the document."""
        return seen_in(self.body, self._asked)


class BreakoutMapper:
    """Maps documents by one layout.

    Args:
        slip: whose documents they are.
        breakout: of the slip.
        packed: whether rows may be packed instead of being lines: those of keyless children, and of a root that is known by whole documents.

    Attributes:
        packed: numbers of the tables whose rows are.
    """

    source = ""  # nothing is generated

    def __init__(self, slip: Slip, breakout: Breakout, *, packed: bool = False) -> None:
        self.layout = layout = breakout.layout
        self._seen = breakout.seen
        self._asked = breakout.asked
        self._key = breakout.key
        self._roots = RootRows(slip, self._key)
        self._whole = self._roots.whole
        self.slip = slip
        self.tables: tuple[Table, ...] = slip.targets
        self._breaker = Breaker(layout)
        self._fitting = Fitting(self._breaker, breakout.contracts, breakout.contract)
        self._parents = [table.parent for table in layout.tables]
        may = packed and not layout.entities
        self.packed = frozenset(
            number
            for number, table in enumerate(self.tables)
            if may and may_be_packed(table) and (number or self._whole is not None)
        )
        self._copies = [
            [packer(cell) if number in self.packed else copier(cell) for cell in cells]
            for number, cells in enumerate(layout.cells)
        ]
        self._quick: Quick | None = compile_quick(layout, self._seen, self._key, self.packed)
        self._links: list[dict[int, int]] = [{} for _ in layout.tables]  # of each table: entities by number of a column
        for link in layout.links:
            self._links[link.table][link.column] = link.entity
        self._entities = layout.entities
        self._children = [identity.child_identifier(table.name) for table in self.tables]

    @property
    def follows(self) -> bool:
        """Whether all tables follow the documents."""
        return self._fitting.follows

    def begin(self) -> Lines:
        """Make the empty lists that `map` fills."""
        return Lines(len(self.tables))

    def map(self, staged: Staged, document: Any, lines: Lines, *, clean: bool = False) -> bool | Reject:
        """Append the rows of one document.

        Args:
            staged: the row.
            document: its payload, decoded.
            lines: as `begin` makes them.
            clean: whether no text of the document has a character that COPY escapes, as `looked_over` tells.

        Returns:
            True: rows were appended. False: the contract or the root's `when` says that the document is skipped. A `Reject`: nothing was appended.

        Raises:
            News: something in the document has no place; nothing was appended.
        """
        clean = clean or b"\\" not in staged.raw
        if self._whole is not None and self._quick is not None:
            root = self._whole(staged.raw)
            if self._quickly(self._quick, staged, document, root, [], lines, clean=clean):
                return True
            return self._broken_out(staged, document, root, [], lines)
        made = self._roots.of(staged, document, clean=clean)
        if isinstance(made, bool | Reject):
            return made
        if isinstance(made, str):
            lines[-1].append(made)
            return True
        if self._quick is not None and self._quickly(self._quick, staged, document, *made, lines, clean=clean):
            return True
        return self._broken_out(staged, document, *made, lines)

    def _broken_out(self, staged: Staged, document: Any, root: str, given: list[str], lines: Lines) -> bool | Reject:
        """Append the rows of any document that is no marker."""
        body = without_key(document, self._key)
        if self._fitting.follows:
            self._require_known(body)
        else:
            fitted = self._fitted(staged, document, body, lines)
            if isinstance(fitted, bool | Reject):
                return fitted
            (document,) = fitted
        try:
            broken = self._breaker.rows(document)
        except Unseen as news:
            raise News(body, self._asked) from news
        known: list[list[str]] = []
        for number, rows in enumerate(broken):
            above = self._parents[number]
            ids: list[str] = []
            for row in rows:
                for column, occurrence in row.entities.items():
                    row.cells[column] = self._occurrence(self._links[number][column], occurrence, staged, lines)
                cells = self._fields(number, row)
                if above is not None and number in self.packed:
                    parent = known[above][row.parent]
                    ids.append(self._children[number](parent, row.index))
                    lines[number].append(row_head((ids[-1], parent, root), staged.row_id, row.index) + b"".join(cells))
                    continue
                if above is None and number in self.packed:
                    ids.append(root)
                    lines[number].append(root_head(root, staged.row_id) + b"".join(cells))
                    continue
                if above is None:
                    cells[: len(given)] = given
                    ids.append(root)
                    head = f"{root}\t{staged.row_id}"
                else:
                    parent = known[above][row.parent]
                    ids.append(self._children[number](parent, row.index))
                    head = f"{ids[-1]}\t{staged.row_id}\t{parent}\t{root}\t{row.index}"
                lines[number].append("\t".join([head, *cells]))
            known.append(ids)
        return True

    def _quickly(
        self, quick: Quick, staged: Staged, document: Any, root: str, given: list[str], lines: Lines, *, clean: bool = False
    ) -> bool:
        """Append the rows of a document as most are; of another nothing is appended."""
        took = False
        try:
            quick(document, root, staged.row_id, given, lines, clean)
            took = True
        except Left:
            pass
        finally:
            if not took:
                take_back(lines, staged.row_id)
        return took

    def _occurrence(self, entity: int, occurrence: BrokenRow, staged: Staged, lines: Lines) -> str:
        """Append the row of an entity; return its identity."""
        number = len(self._parents) + entity
        width = len(self._entities[entity].key)
        texts = [canonical_key(key_text(value), "text") for value in occurrence.cells[:width]]
        made = identity.key_identity(self.tables[number].name, texts)
        head = f"{made}\t{staged.row_id}\t{len(lines[number])}"
        lines[number].append("\t".join([head, *self._fields(number, occurrence)]))
        return made

    def _fields(self, number: int, row: BrokenRow) -> list[Any]:
        fields = [copy(value) for copy, value in zip(self._copies[number], row.cells, strict=True)]
        if number in self.packed:
            fields.append(PACKERS["jsonb"](_JSONB.text(row.rest)) if row.rest else NO_FIELD)
        else:
            fields.append(_JSONB.copy(row.rest) if row.rest else NULL)
        return fields

    def _require_known(self, body: Any) -> None:
        if not self._seen.holds(body):
            raise News(body, self._asked)

    def _fitted(self, staged: Staged, document: Any, body: Any, lines: Lines) -> tuple[Any] | bool | Reject:
        """Give a document without what its tables do not follow; or what becomes of it instead."""
        judged = self._fitting.judged(body)
        for misfit in judged.misfits:
            if self._fitting.contracts[misfit.table] is Contract.FREEZE:
                return self._refused(staged, misfit, "frozen")
        if any(self._fitting.contracts[misfit.table] is Contract.DISCARD_ROW for misfit in judged.misfits):
            return False
        if judged.news is not NOTHING:
            self._require_known(judged.news)
        if not judged.misfits:
            return (document,)
        first, *others = judged.misfits
        reject = self._refused(staged, first, "discarded_value")
        paths = [misfit.path for misfit in judged.misfits[:_LISTED]]
        more = f", and {len(others)} more" if others else ""
        lines.rejects.append(replace(reject, message=reject.message + more, detail=reject.detail | {"paths": paths}, item=True))
        keyed = {name: document[name] for name in self._key}
        return (judged.kept | keyed if keyed else judged.kept,)

    def _refused(self, staged: Staged, misfit: Misfit, reason: str) -> Reject:
        table = self.tables[misfit.table]
        contract = self._fitting.contracts[misfit.table].value
        text = json_text(misfit.value)
        got = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        message = f"expected a document that has a place in the tables as they are (contract = {contract}), got {got} at {misfit.place or '/'}"
        below = "" if table.parent is None else f" of an item of `{table.name}`"
        detail = {"table": table.qualified, "path": misfit.path}
        return Reject(staged.row_id, Stage.MAP, reason, message + below, detail)

    def deletes(self, staged: Staged, document: Any) -> bool:
        """Tell whether a document deletes the row of its key: then it has no part in what the tables are."""
        return isinstance(self._roots.of(staged, document, clean=False), str)
