"""Cut JSON text into documents as it comes: the elements of its arrays, and what stands outside of arrays.

Only brackets and strings are looked at, so that an element costs little, and one that is broken within is still cut out
whole. Where brackets do not match, or a string does not end, it is not known any more where the element ends: `Layout`
tells where the next one begins, and all before that is one broken element. Memory is that of one element of `LINE_BYTES`.
"""

import re
from typing import NamedTuple

from etl_actors.feeding.boundary import OVERLAP, Layout
from etl_actors.feeding.brackets import BARE, BLANKS, DEEP, FLAT, STRING_REST, WHOLE
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.lines import LINE_BYTES, LongLine, Tail
from etl_actors.feeding.place import characters

__all__ = ["Element", "Elements"]

_BLANK = b" \t\r\n"
_QUOTE, _COMMA, _BACKSLASH = b'",\\'
_OPEN, _CLOSE, _OPEN_ARRAY, _CLOSE_ARRAY = b"{}[]"
_BETWEEN = frozenset(b",]")
_AFTER_STRING = frozenset(b":,}]")
_BEFORE = {_OPEN: frozenset(b":"), _OPEN_ARRAY: frozenset(b",[")}  # what stands before a bracket within an object, an array
_CLOSES = {_CLOSE: _OPEN, _CLOSE_ARRAY: _OPEN_ARRAY}
_DEPTH = 1_000_000  # brackets that are remembered
_LOOK_BACK = 64
_REREAD = 1024 * 1024
_INDENT = 1_000


class Element(NamedTuple):
    """One element of an array, or a document outside of arrays.

    Args:
        text: without white space around it; empty where an element is missing.
        number: in the whole text, from 1.
        first: number of its first line, from 1.
        last: number of its last line.
        column: characters before it in its first line.
        is_broken: whether it is known not to be JSON; otherwise it may be.
        flaw: what is wrong, where its text does not tell.
    """

    text: bytes | LongLine
    number: int
    first: int
    last: int
    column: int
    is_broken: bool
    flaw: Flaw | None = None


class Elements:
    """Cuts a text that comes in blocks.

    Args:
        limit: bytes of one element; of a longer one only the beginning is kept, as of a long line.
    """

    def __init__(self, limit: int = LINE_BYTES) -> None:
        self._layout = Layout()
        self._found: list[Element] = []
        self._number = 0
        self._data, self._at = b"", 0
        self._line, self._column = 1, 0  # where `_at` stands
        self._indent: bytes | None = b""  # what stands before it in its line, if that is white space alone
        self._in_array = False
        self._follows = False  # in an array: whether "[" or a comma stands before, so that an element may come
        self._after_comma = False
        # The element that is under way; what of it stood in earlier blocks is in `_text`.
        self._is_open = False
        self._text = Tail(limit)
        self._begun: tuple[int, int, bytes | None] = (1, 0, b"")  # its line, column and indent
        self._stack = bytearray()
        self._in_string = self._after_string = False
        self._before = 0  # the last byte in `_text` that is no white space
        # Where its brackets or strings are wrong, only where the next one begins can be looked for.
        self._is_lost = False
        self._boundary: re.Pattern[bytes] | None = None
        self._skip = 0
        self._read = self._reread = 0  # bytes

    def add(self, block: bytes) -> list[Element]:
        """Take the next bytes; return the elements that they end."""
        self._read += len(block)
        self._data, self._at = self._data[self._at :] + block, 0
        return self._go_on()

    def end(self, *, is_whole: bool = True) -> list[Element]:
        """Return what is left at the end.

        Args:
            is_whole: whether the text ends here; otherwise it could be read no further.
        """
        found: list[Element] = []
        told = False
        while self._is_open:
            if not self._is_lost and (self._in_array or self._stack or self._in_string):
                # It may be cut off, or hold others, for want of a bracket or a quote.
                self._lose(self._at)
                found += self._go_on()
                continue
            told = self._is_lost or not is_whole
            self._finish(len(self._data), is_broken=told)
        if self._in_array and not told:
            self._missing(
                "',' or ']'" if not self._follows or self._after_comma else "a JSON value or ']'", "the end of the text"
            )
        return found + self._go_on()

    def _go_on(self) -> list[Element]:
        while self._between() if not self._is_open else self._seek() if self._is_lost else self._within():
            pass
        found, self._found = self._found, []
        return found

    # Each of these goes on by a piece, and returns False where it wants more bytes.

    def _between(self) -> bool:
        blanks = BLANKS.match(self._data, self._at)
        self._pass(blanks.end() if blanks else self._at)
        if self._at == len(self._data):
            return False
        byte = self._data[self._at]
        if self._in_array and byte in _BETWEEN:
            if self._follows and (byte == _COMMA or self._after_comma):
                self._missing("a JSON value", f"'{chr(byte)}'")
            self._in_array = byte == _COMMA
            self._follows = self._after_comma = True
            self._pass(self._at + 1)
        elif not self._in_array and byte == _OPEN_ARRAY:
            self._in_array = self._follows = True
            self._after_comma = False
            self._pass(self._at + 1)
        else:
            self._is_open = True
            self._begun = (self._line, self._column, self._indent)
        return True

    def _within(self) -> bool:
        if self._in_string:
            return self._within_string()
        if self._after_string:
            blanks = BLANKS.match(self._data, self._at)
            self._keep(blanks.end() if blanks else self._at)
            if self._at == len(self._data):
                return False
            if self._data[self._at] not in _AFTER_STRING:
                return self._lose(self._at)
            self._after_string = False
        return self._outside_strings()

    def _within_string(self) -> bool:
        rest = STRING_REST.match(self._data, self._at)
        self._keep(rest.end() if rest else self._at)
        left = len(self._data) - self._at
        if not left or (left == 1 and self._data[self._at] == _BACKSLASH):
            return False
        if self._data[self._at] != _QUOTE:
            return self._lose(self._at)
        self._keep(self._at + 1)
        self._in_string = False
        if self._in_array or self._stack:
            self._after_string = True
            return True
        return self._finish(self._at)

    def _outside_strings(self) -> bool:  # noqa: C901  # one case a kind of byte
        data, at, stack, in_array = self._data, self._at, self._stack, self._in_array
        if self._is_first(at):
            whole = WHOLE.match(data, at)  # most are whole and not deep, and so need no look at each bracket
            if whole is not None:
                at = whole.end()
                if not in_array:
                    return self._finish(at)
        while True:
            run = (DEEP if stack else FLAT if in_array else BARE).match(data, at)
            at = run.end() if run else at
            if at == len(data):
                self._keep(at)
                return False
            byte = data[at]
            if byte in _CLOSES and stack and stack[-1] == _CLOSES[byte]:
                stack.pop()
                at += 1
                if not stack and not in_array:
                    return self._finish(at)
            elif byte in _CLOSES:
                return self._lose(at) if stack or byte == _CLOSE else self._finish(at)
            elif byte == _COMMA or not (stack or in_array or self._is_first(at)):
                return self._finish(at)  # behind an element, or a bare word outside of arrays
            elif byte == _QUOTE:
                self._keep(at + 1)
                self._in_string = True
                return True
            elif self._may_open(at):
                stack.append(byte)
                at += 1
            else:
                return self._lose(at)

    def _seek(self) -> bool:
        if self._boundary is not None:
            begins = self._boundary.search(self._data, self._at + self._skip)
            self._skip = 0
            if begins is not None:
                self._finish(begins.end(), is_broken=True)
                self._follows, self._after_comma = True, False
                return True
        overlap = 0 if self._boundary is None else OVERLAP
        self._keep(max(self._at, len(self._data) - overlap))
        return False

    def _lose(self, at: int) -> bool:
        """Give up on the element, and look for the next one from its own beginning on: it may have taken others in."""
        self._keep(at)
        self._is_lost = True
        # Within a text that is broken everywhere, the time for this is to stay linear in its length.
        text = self._text.take_back() if self._reread <= 2 * self._read + _REREAD else None
        self._boundary = self._layout.boundary(text or b"", self._begun[2], in_array=self._in_array)
        if text is not None:
            self._reread += len(text)
            self._data, self._at = text + self._data[self._at :], 0
            self._line, self._column, self._indent = self._begun
            self._skip = 1
        return True

    def _finish(self, at: int, *, is_broken: bool = False) -> bool:
        self._keep(at)
        text = self._text.take()
        last = self._line
        if isinstance(text, bytes):
            text = text.rstrip(_BLANK)
            last = self._begun[0] + text.count(b"\n")
            if not is_broken:
                self._layout.learn(text)
        self._number += 1
        self._found.append(Element(text, self._number, self._begun[0], last, self._begun[1], is_broken))
        self._is_open = self._follows = self._in_string = self._after_string = self._is_lost = False
        self._stack.clear()
        self._before = 0
        return True

    def _missing(self, expected: str, got: str) -> None:
        self._number += 1
        flaw = Flaw("not_json", f"expected {expected}, got {got}", 0)
        self._found.append(Element(b"", self._number, self._line, self._line, self._column, is_broken=True, flaw=flaw))

    def _is_first(self, at: int) -> bool:
        return not self._text.length and at == self._at

    def _may_open(self, at: int) -> bool:
        return not self._stack or (self._byte_before(at) in _BEFORE[self._stack[-1]] and len(self._stack) < _DEPTH)

    def _byte_before(self, at: int) -> int:
        """Return the last byte of the element before a place that is no white space; 0 where there is none."""
        near = self._data[max(self._at, at - _LOOK_BACK) : at].rstrip(_BLANK)
        near = near or self._data[self._at : at].rstrip(_BLANK)
        return near[-1] if near else self._before

    def _keep(self, at: int) -> None:
        """Go on to a place within the element."""
        part = self._data[self._at : at]
        if part:
            self._text.add(part)
            shown = part[-_LOOK_BACK:].rstrip(_BLANK) or part.rstrip(_BLANK)
            self._before = shown[-1] if shown else self._before
            self._pass(at)

    def _pass(self, at: int) -> None:
        """Go on to a place, counting lines and characters."""
        part = self._data[self._at : at]
        if not part:
            return
        self._at = at
        newline = part.rfind(b"\n")
        if newline >= 0:
            self._line += part.count(b"\n")
            self._column, self._indent = 0, b""
            part = part[newline + 1 :]
        self._column += characters(part)
        if self._indent is not None:
            is_blank = not part.strip(_BLANK) and len(self._indent) + len(part) < _INDENT
            self._indent = self._indent + part if is_blank else None
