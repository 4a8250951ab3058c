"""A bad row as a value: what was expected, what came, and where."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Reject", "Stage"]


class Stage(StrEnum):
    """The step of a row's way at which it was refused."""

    STAGE = "stage"
    ROUTE = "route"
    PARSE = "parse"
    MAP = "map"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused row, or one refused item of it.

    Args:
        row_id: of the staged row.
        stage: where on its way it was refused.
        reason: a short code such as ``not_a_date``, fit to group by.
        message: one sentence: expected and got.
        detail: place: ``path``, ``table``, ``column``, and for text ``line``, ``position``, ``excerpt``. JSON values.
        item: whether only an item was refused (``on_error = "item"``), and the rest of the document goes on.
    """

    row_id: int
    stage: Stage
    reason: str
    message: str
    detail: dict[str, Any] = field(default_factory=dict)
    item: bool = False
