"""The rows of a file, block by block, whatever its format."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from etl_actors.errors import EtlError
from etl_actors.feeding.chunk import Row
from etl_actors.feeding.csv_rows import Cells, CsvRows
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Blocks
from etl_actors.feeding.json_rows import JsonRows
from etl_actors.feeding.line_rows import LineRows
from etl_actors.feeding.stop import Stop

__all__ = ["FileRows", "RowSource"]


class RowSource(Protocol):
    """What rows come from.

    Args:
        name: for messages.
        position: how much of it was read, for the progress.
        emptied: whether nothing more is there just now, and what was read is better staged at once.
        blank: how many lines, or whatever it consists of, held nothing.
        blanks: what one of these is called.
        last_line: number of the last line that the rows given so far are of, or that was blank; 0 where it has no lines.
        last_document: number of the last document; 0 where lines are counted alone.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def position(self) -> int: ...  # noqa: D102
    @property
    def emptied(self) -> bool: ...  # noqa: D102
    @property
    def blank(self) -> int: ...  # noqa: D102
    @property
    def blanks(self) -> str: ...  # noqa: D102
    @property
    def last_line(self) -> int: ...  # noqa: D102
    @property
    def last_document(self) -> int: ...  # noqa: D102

    def __enter__(self) -> object: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...

    def rows(self, stop: Stop) -> Iterator[list[Row]]:
        """Yield the rows, several at a time; raise `Interrupted` where the user asked to stop."""
        ...


class _Maker(Protocol):
    """Makes rows of bytes."""

    @property
    def blank(self) -> int: ...
    @property
    def last_line(self) -> int: ...
    @property
    def last_document(self) -> int: ...

    def add(self, block: bytes) -> list[Row]: ...
    def end(self, *, is_whole: bool = True) -> list[Row]: ...


class FileRows(AbstractContextManager["FileRows"]):
    """The rows of one input.

    Args:
        blocks: its bytes.
        cut: how text is cut, and whether documents say where they came from.
        cells: how the cells of CSV are written.
    """

    blanks = "blank line"

    def __init__(self, blocks: Blocks, cut: Cut, cells: Cells) -> None:
        self._blocks = blocks
        self._maker = _maker(blocks, cut, cells)

    @property
    def name(self) -> str:
        """Of the input."""
        return self._blocks.name

    @property
    def position(self) -> int:
        """Bytes that were read."""
        return self._blocks.position

    @property
    def emptied(self) -> bool:
        """Whether nothing more is there just now."""
        return self._blocks.emptied

    @property
    def blank(self) -> int:
        """Blank lines so far."""
        return self._maker.blank

    @property
    def last_line(self) -> int:
        """Number of the last line before what is still open."""
        return self._maker.last_line

    @property
    def last_document(self) -> int:
        """Number of the last document."""
        return self._maker.last_document

    def __enter__(self) -> Self:
        """Open the input."""
        self._blocks.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self._blocks.__exit__(kind, value, trace)

    def rows(self, stop: Stop) -> Iterator[list[Row]]:
        """Yield the rows of each block.

        Raises:
            Interrupted: the user asked to stop.
            EtlError: the input can be read no further; the rows of all that was read have been yielded, what is half as it came.
        """
        try:
            while block := self._blocks.read(stop):
                yield self._maker.add(block)
        except EtlError:
            yield self._maker.end(is_whole=False)
            raise
        yield self._maker.end()


def _maker(blocks: Blocks, cut: Cut, cells: Cells) -> _Maker:
    match blocks.format:
        case Format.JSON:
            return JsonRows(blocks.name, cut)
        case Format.CSV | Format.TSV:
            delimiter = "," if blocks.format is Format.CSV else "\t"
            return CsvRows(blocks.name, cells.delimiter or delimiter, cells.null, cut)
        case Format.JSONL | Format.LINES:
            return LineRows(blocks.name, blocks.format, cut)
