"""Where the next element of a broken JSON text may begin, told from how its elements look, never guessed within a document."""

import re

__all__ = ["OVERLAP", "Layout"]

OVERLAP = 4 * 1024  # bytes; no boundary is longer
_KEY = re.compile(rb'\{[ \t\r\n]{0,64}("[^"\\\n]{0,1000}")[ \t\r\n]{0,64}:')
_BEGINNING = rb"[^ \t\r\n}\],:]"
_INDENT = 1_000


class Layout:
    """How elements begin: each on a line of its own, equally indented, or behind a comma with the same first key.

    A boundary that also occurs within a good element is none: a piece of a document would be staged as a document.
    """

    def __init__(self) -> None:
        self._good = b""  # an element that ended well

    def learn(self, element: bytes) -> None:
        """Take an element that ended where it should as what the others look like."""
        self._good = element

    def boundary(self, element: bytes, indent: bytes | None, *, in_array: bool) -> re.Pattern[bytes] | None:
        """Return what stands before the next element, None where nothing tells.

        Args:
            element: the broken one, as far as it is known.
            indent: what stands before it in its line, None where that is not white space alone.
            in_array: whether elements have commas between them.
        """
        if indent is not None and len(indent) < _INDENT:
            line = rb"\n" + re.escape(indent)
            if self._is_outside(re.compile(line + rb"(?=" + _BEGINNING + rb")"), element):
                # Where a text has line breaks in a string, words at their beginning are no elements.
                return re.compile(line + rb"(?=" + (rb"[{\[]" if element[:1] in {b"{", b"["} else _BEGINNING) + rb")")
        first = _KEY.match(self._good)
        if not in_array or first is None:
            return None
        begins = rb"\{[ \t\r\n]{0,64}" + re.escape(first[1]) + rb"[ \t\r\n]{0,64}:"
        if re.compile(begins).search(self._good, 1) is not None:
            return None
        return re.compile(rb",[ \t\r\n]{0,64}(?=" + begins + rb")")

    def _is_outside(self, lines: re.Pattern[bytes], element: bytes) -> bool:
        if self._good:
            return lines.search(self._good) is None
        # Nothing to compare with but the element itself, which is not to have lines that stand as far out as it does.
        inner = lines.search(element)
        return inner is None or element[inner.end() : inner.end() + 1] == element[:1]
