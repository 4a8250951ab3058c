"""What a slip makes of one document, as values to look at: no database, and nothing is written."""

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Table
from etl_actors.slips.casts.column_type import NULL
from etl_actors.slips.mapping.broken import News
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.mapping.route import Routed, routed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown
from etl_actors.slips.values.document import MAX_DEPTH, Staged, Undecodable, decode, exact_integer
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.refused import Refused
from etl_actors.slips.values.unstaged import is_unstaged, unstaged_reject

__all__ = ["RECEIVED_AT", "Outcome", "Row", "Trial", "Trier", "as_stored", "takes", "value_of"]

RECEIVED_AT = "2026-01-01 00:00:00+00"
"""What `@received_at` is of a document that was never staged."""

Row = Mapping[str, str | None]
"""The columns of a slip, as PostgreSQL's text; None for null."""

_UNESCAPED = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


class Outcome(Enum):
    """What became of a document."""

    ROWS = "rows"  # there is a root row
    SKIPPED = "skipped"  # the root's `when` is false
    NOT_TAKEN = "not_taken"  # the slip's own `when` is false
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a document.

    Args:
        outcome: in a word.
        rows: by table, in the order of the slip's tables; empty where there is no root row.
        rejects: the whole document's, or those of single items.
        document: the payload as a value; None where it is none.
    """

    outcome: Outcome
    rows: Mapping[str, list[Row]] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
    document: Any = None


class Trier:
    """Tries documents on one slip.

    Args:
        slip: to try.
        source: that the documents are of; None for the slip's first, or its name where it takes any.
        show_private: whether what a bug in a step says is shown although the slip has private columns.
    """

    def __init__(self, slip: Slip, source: str | None = None, *, show_private: bool = False) -> None:
        self.slip = slip
        self.source = source or (slip.sources or (slip.name,))[0]
        self._routed = _routed(slip)
        self._mapper = mapper_of(slip)
        self._quiet = slip.has_private and not show_private

    def attempt(self, raw: bytes, row_id: int = 1) -> Trial:
        """Map one document.

        Args:
            raw: the payload, as `as_stored` gives it.
            row_id: of the row that it stands for.
        """
        staged = Staged(row_id, raw, self.source, RECEIVED_AT)
        stage, document = Stage.PARSE, None
        try:
            document = decode(raw)
            if is_unstaged(document):
                return _rejected(unstaged_reject(row_id, document), document)
            stage = Stage.ROUTE
            if not self._routed.takes(staged, document):
                return Trial(Outcome.NOT_TAKEN, document=document)
            stage = Stage.MAP
            return self._map(staged, document)
        except Undecodable as error:
            return _rejected(Reject(row_id, Stage.PARSE, error.reason, str(error)), None)
        except Exception as error:  # noqa: BLE001  (as in production: a bug that one document wakes costs that document)
            return _rejected(_bug(row_id, stage, error, quiet=self._quiet), document)

    def _map(self, staged: Staged, document: Any) -> Trial:
        lines = self._mapper.begin()
        try:
            made = self._mapper.map(staged, document, lines)
        except News as news:  # the tables grow here as they would grow in the database
            self._mapper = mapper_of(grown(self._mapper.slip, news.seen))
            return self._map(staged, document)
        if isinstance(made, Reject):
            return _rejected(made, document)
        if not made:
            return Trial(Outcome.SKIPPED, document=document)
        tables = zip(self._mapper.tables, lines, strict=True)
        rows = {table.name: [_row(table, line) for line in written] for table, written in tables}
        return Trial(Outcome.ROWS, rows, tuple(lines.rejects), document)


def takes(slip: Slip, source: str, raw: bytes) -> bool:
    """Tell whether a slip takes a payload of a source: its `when` holds, or it has none."""
    try:
        return slip.takes(source) and _routed(slip).takes(Staged(1, raw, source, RECEIVED_AT), decode(raw))
    except (Undecodable, SlipError):
        return False


@lru_cache(maxsize=256)
def _routed(slip: Slip) -> Routed:
    return routed(slip)


def as_stored(text: bytes) -> bytes:
    """Write JSON as PostgreSQL's jsonb gives it back: the last of duplicate keys, numbers without exponents.

    Raises:
        ValueError: it is no JSON.
    """
    value = value_of(text)
    try:
        return json_text(value).encode()
    except Refused as refused:
        raise ValueError(refused.sentence) from None


def value_of(payload: bytes) -> Any:
    """Read a payload, its numbers digit for digit.

    Raises:
        ValueError: it is no JSON, or it is nested deeper than can be read.
    """
    try:
        return json.loads(payload, parse_float=Decimal, parse_int=exact_integer)
    except RecursionError:
        message = f"expected a document at most {MAX_DEPTH} deep, got a deeper one"
        raise ValueError(message) from None


def _row(table: Table, line: str) -> Row:
    fields = dict(zip([name for name, _ in table.copied], line.split("\t"), strict=True))
    return {column.name: _field(fields[column.name]) for column in table.columns}


def _field(written: str) -> str | None:
    """Read a field of a COPY line as PostgreSQL does."""
    if written == NULL:
        return None
    if "\\" not in written:
        return written
    parts = iter(written)
    return "".join(_UNESCAPED[next(parts)] if part == "\\" else part for part in parts)


def _rejected(reject: Reject, document: Any) -> Trial:
    return Trial(Outcome.REJECTED, {}, (reject,), document)


def _bug(row_id: int, stage: Stage, error: Exception, *, quiet: bool) -> Reject:
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][-8:]
    said = "" if quiet else f": {error}"  # which may hold values of the document
    message = f"expected the slip to map the document, but it raised {type(error).__name__}{said}"
    return Reject(row_id, stage, "bug", message, {"frames": frames})
