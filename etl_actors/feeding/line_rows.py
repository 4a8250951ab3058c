"""Rows of text cut at line endings: a JSON document a line, or lines of text as messages."""

from dataclasses import replace

from etl_actors.feeding.chunk import Row
from etl_actors.feeding.cut import Cut, Gathering, Piece
from etl_actors.feeding.document import find_flaw, with_origin, wrap_line
from etl_actors.feeding.flaw import CUT_OFF, Flaw
from etl_actors.feeding.format import Format
from etl_actors.feeding.lines import LINE_BYTES, Lines, LongLine

__all__ = ["LineRows"]


class LineRows:
    """Makes rows of a text that comes in blocks: of each line that is not blank, or of each event of several.

    Args:
        name: of the input.
        form: jsonl or lines.
        cut: how lines become events; a JSON document is a line of its own, whatever the cut says of text.
    """

    last_document = 0

    def __init__(self, name: str, form: Format, cut: Cut) -> None:
        self._name = name
        self._form = form
        self._cut = cut
        self._lines = Lines()
        self._number = 0
        self._gathering = Gathering(cut if form is Format.LINES else replace(cut, begins=None))

    @property
    def blank(self) -> int:
        """Lines that held nothing."""
        return self._gathering.blank

    @property
    def last_line(self) -> int:
        """Number of the last line before what is still open."""
        return self._gathering.done

    def add(self, block: bytes) -> list[Row]:
        """Take the next bytes; return the rows of what they end."""
        rows = []
        name, judged = self._name, self._form is Format.JSONL and not self._cut.origin
        for line in self._lines.add(block):
            self._number = number = self._number + 1
            if judged and line and isinstance(line, bytes) and find_flaw(line) is None:
                rows.append(Row(line, line, name, number, number))  # nearly every line of nearly every file
                self._gathering.skip(number)
                continue
            for piece in self._gathering.add(line, number):
                rows.append(self._row(piece))  # noqa: PERF401  # two loops read better than one of two
        return rows

    def end(self, *, is_whole: bool = True) -> list[Row]:
        """Return the rows of what is left; the last one is kept raw where the text could be read no further."""
        pieces = []
        rest = self._lines.end()
        for line in rest:
            self._number += 1
            pieces += self._gathering.add(line, self._number)
        pieces += self._gathering.end()
        rows = [self._row(piece) for piece in pieces]
        if rows and not is_whole and not rows[-1].is_raw:
            rows[-1] = rows[-1].as_raw(CUT_OFF)
        return rows

    def _row(self, piece: Piece) -> Row:
        text, first, last = piece
        payload, flaw = self._judged(text, first)
        row = Row(payload, text, self._name, first, last)
        return row if flaw is None else row.as_raw(flaw)

    def _judged(self, text: bytes | LongLine, first: int) -> tuple[bytes, Flaw | None]:
        if isinstance(text, LongLine):
            return b"", Flaw("line_too_long", f"expected a line of at most {LINE_BYTES:,} bytes, got {text.length:,}")
        origin = self._cut.origin_of(self._name, first)
        if self._form is Format.JSONL:
            flaw = find_flaw(text)
            return with_origin(text, origin) if origin and flaw is None else text, flaw
        wrapped = wrap_line(text, origin)
        return (b"", wrapped) if isinstance(wrapped, Flaw) else (wrapped, None)
