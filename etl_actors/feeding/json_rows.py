"""Rows of JSON that is not cut by lines: elements of arrays, and documents one after the other."""

from etl_actors.feeding import syntax
from etl_actors.feeding.chunk import Row
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.document import find_flaw, with_origin
from etl_actors.feeding.elements import Element, Elements
from etl_actors.feeding.flaw import CUT_OFF, Flaw
from etl_actors.feeding.lines import LINE_BYTES, LongLine

__all__ = ["JsonRows", "flaw_of"]


class JsonRows:
    """Makes rows of a text that comes in blocks, the exact text of each element or document.

    Args:
        name: of the input.
        cut: whether documents say where they came from.
    """

    blank = 0

    def __init__(self, name: str, cut: Cut) -> None:
        self.last_line = self.last_document = 0
        self._name = name
        self._cut = cut
        self._elements = Elements()

    def add(self, block: bytes) -> list[Row]:
        """Take the next bytes; return the rows of the elements that they end."""
        return [self._row(element) for element in self._elements.add(block)]

    def end(self, *, is_whole: bool = True) -> list[Row]:
        """Return the rows of what is left; the last one is kept raw where the text could be read no further."""
        return [self._row(element) for element in self._elements.end(is_whole=is_whole)]

    def _row(self, element: Element) -> Row:
        text, number, first, last, column, _, _ = element
        self.last_line, self.last_document = last, number
        flaw = flaw_of(element)
        if flaw is not None or isinstance(text, LongLine):
            return Row(b"", text, self._name, first, last, document=number, column=column).as_raw(flaw or CUT_OFF)
        # Outside of strings a line feed is white space, and within strings `Elements` lets none pass.
        payload = text.replace(b"\n", b" ")
        if self._cut.origin:
            payload = with_origin(payload, self._cut.origin_of(self._name, first))
        return Row(payload, text, self._name, first, last, document=number, column=column)


def flaw_of(element: Element) -> Flaw | None:
    """Return what keeps an element from being staged as `jsonb`, or None."""
    if isinstance(element.text, LongLine):
        return Flaw("line_too_long", f"expected a document of at most {LINE_BYTES:,} bytes, got {element.text.length:,}")
    if element.is_broken:
        return element.flaw or syntax.find_flaw(element.text) or CUT_OFF
    return find_flaw(element.text)
