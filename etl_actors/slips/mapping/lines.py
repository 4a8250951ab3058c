"""What a mapper fills: COPY lines by table, and the items that were rejected alone."""

from typing import Any

from etl_actors.relational.reject import Reject

__all__ = ["Lines"]


class Lines(list[list[Any]]):
    """COPY lines without newline, or packed rows, one list a table in the order of a mapper's tables.

    Attributes:
        rejects: the items that were rejected alone, of the documents whose other rows are in the lists.
    """

    def __init__(self, tables: int) -> None:
        super().__init__([] for _ in range(tables))
        self.rejects: list[Reject] = []
