"""Where the keys and values of a TOML text stand, which `tomllib` does not tell.

The text is known to be valid TOML (tomllib has read it), so this reads it loosely and never fails on it.
"""

import re
from dataclasses import dataclass, field

__all__ = ["Keys", "Places", "find_places"]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(
    r'''(?P<d3>""")(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|(?P<s3>\'{3})(?:[^']|'{1,2}(?!'))*'{3,5}|(?P<d>")(?:[^"\\\n]|\\.)*"|(?P<s>')[^'\n]*\'''',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[ \t]*\r?\n[ \t\r\n]*|.)", re.DOTALL)
_SCALAR = re.compile(r"[^,\]\}\r\n#]*")

Keys = tuple[str | int, ...]


@dataclass(slots=True)
class Places:
    """Offsets of keys and values in the text.

    Args:
        text: the whole of it.
        keys: offset of each key, by its path.
        values: offset of each value, by its path.
    """

    text: str
    keys: dict[Keys, int] = field(default_factory=dict)
    values: dict[Keys, int] = field(default_factory=dict)

    def key(self, keys: Keys) -> int:
        """Find a key, else the nearest that is above it."""
        while keys and keys not in self.keys and keys not in self.values:
            keys = keys[:-1]
        return self.keys.get(keys, self.values.get(keys, 0))

    def value(self, keys: Keys, at: int | None = None) -> int:
        """Find a value, or within a string the character `at` of what it says."""
        start = self.values.get(keys)
        if start is None:
            return self.key(keys)
        found = _STRING.match(self.text, start)
        if not found or at is None:
            return start
        multi = bool(found["d3"] or found["s3"])
        offset = start + (3 if multi else 1)
        if multi and self.text.startswith(("\n", "\r\n"), offset):  # TOML drops a newline behind the opening quotes
            offset = self.text.index("\n", offset) + 1
        if found["s"] or found["s3"]:
            return min(offset + at, found.end() - 1)
        while at > 0 and offset < found.end() - 1:
            escape = _ESCAPE.match(self.text, offset)
            if escape and escape[0][-1] in "\n \t" and "\n" in escape[0]:
                offset = escape.end()  # a folded line says nothing
                continue
            offset = escape.end() if escape else offset + 1
            at -= 1
        return min(offset, found.end() - 1)


def find_places(text: str) -> Places:
    """Find the keys and values of a TOML text.

    Args:
        text: valid TOML.

    Returns:
        Their places.
    """
    reader = _Reader(Places(text))
    reader.read()
    return reader.places


class _Reader:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.text = places.text
        self.at = 0
        self.counts: dict[Keys, int] = {}

    def read(self) -> None:
        prefix: Keys = ()
        while self._skip_blank() < len(self.text):
            if self.text.startswith("[[", self.at):
                prefix = self._header(2)
            elif self.text[self.at] == "[":
                prefix = self._header(1)
            else:
                self._pair(prefix)

    def _skip_blank(self) -> int:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _header(self, brackets: int) -> Keys:
        self.at += brackets
        keys: Keys = self._keys(())
        if brackets == 2:  # noqa: PLR2004  ([[a.b]])
            keys = keys[:-1] if isinstance(keys[-1], int) else keys  # a further element: `_keys` gave the one before
            self.counts[keys] = self.counts.get(keys, -1) + 1
            keys = (*keys, self.counts[keys])
        self.at += brackets
        return keys

    def _keys(self, prefix: Keys) -> Keys:
        """Read a dotted key, and note where each of its parts stands."""
        while True:
            found = _KEY.match(self.text, self.at)
            if not found:  # cannot be, in valid TOML
                self.at = len(self.text)
                return prefix
            name = found[3] or found[2] or _ESCAPE.sub(_unescaped, found[1] or "")
            prefix = (*prefix, name)
            if prefix in self.counts:
                prefix = (*prefix, self.counts[prefix])
            self.places.keys.setdefault(prefix, found.start() + len(found[0]) - len(found[0].lstrip(" \t")))
            self.at = found.end()
            if not self.text.startswith(".", self.at):
                return prefix
            self.at += 1

    def _pair(self, prefix: Keys) -> None:
        keys = self._keys(prefix)
        self.at += 1  # the equals sign
        self._value(keys)

    def _value(self, keys: Keys) -> None:
        self._skip_blank()
        self.places.values[keys] = self.at
        string = _STRING.match(self.text, self.at)
        if string:
            self.at = string.end()
        elif self.text.startswith("[", self.at):
            self._inner(keys, "]")
        elif self.text.startswith("{", self.at):
            self._inner(keys, "}")
        else:
            scalar = _SCALAR.match(self.text, self.at)
            self.at = scalar.end() if scalar else len(self.text)

    def _inner(self, keys: Keys, end: str) -> None:
        self.at += 1
        number = 0
        while self._skip_blank() < len(self.text) and self.text[self.at] != end:
            if end == "]":
                self._value((*keys, number))
                number += 1
            else:
                self._pair(keys)
            self._skip_blank()
            if self.text.startswith(",", self.at):
                self.at += 1
        self.at += 1


def _unescaped(found: re.Match[str]) -> str:
    code = found[0][1:]
    if code[0] in "uUx":
        return chr(int(code[1:], 16))
    return {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}.get(code, code)
