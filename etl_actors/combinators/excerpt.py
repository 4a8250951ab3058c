"""A place in a text, as a person looks for it: line, column, and the line itself with a caret below."""

import re

__all__ = ["excerpt", "standing"]

_WIDE = 80  # characters of a line that are shown
_BEFORE = 50  # of them before the place, in a line that is longer
_BLANKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # a tab would move the caret, others the terminal's cursor
_WORD = re.compile(r"\w{1,24}")


def excerpt(text: str, at: int) -> tuple[int, int, str]:
    r"""Show a place in a text.

    Args:
        text: maybe of many lines; a line ends with ``\n`` only, as in editors.
        at: offset, from 0 to the length of the text.

    Returns:
        Line and column from 1, and two lines: at most 80 characters around the place, and a caret.
    """
    at = max(0, min(at, len(text)))
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[begin : len(text) if end < 0 else end].removesuffix("\r")
    column = at - begin
    left = max(0, min(column - _BEFORE, len(line) - _WIDE)) if len(line) > _WIDE else 0
    shown = line[left : left + _WIDE]
    caret = column - left
    if left:
        shown = "…" + shown[1:]
    if left + _WIDE < len(line):
        shown = shown[:-1] + "…"
    return text.count("\n", 0, at) + 1, column + 1, f"{_BLANKS.sub(' ', shown)}\n{' ' * caret}^"


def standing(text: str, at: int) -> str:
    """Tell what stands at a place.

    Args:
        text: any.
        at: offset.

    Returns:
        A word or a character in quotes, or ``the end``.
    """
    if at >= len(text):
        return "the end"
    word = _WORD.match(text, at)
    return repr(word[0] if word else text[at])
