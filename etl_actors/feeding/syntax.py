"""JSON's syntax as `jsonb` takes it, checked to the last byte: the slow and exact judge.

A stack of its own instead of recursion: neither depth nor size of a document can end the process. It allows exactly what
the server allows, which JSON does not define: no NUL, no lone surrogates, numbers within `numeric`, a bounded depth.
"""

import re
from enum import Enum

from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.numbers import FRACTION_DIGITS, INTEGER_DIGITS, fits_numeric

__all__ = ["MAX_DEPTH", "find_flaw"]

MAX_DEPTH = 6_000  # the server's stack (max_stack_depth, 2 MB by default) takes somewhat more than this

_TOKEN = re.compile(
    rb"""[ \t\r\n]*+(?:
      (?P<punctuation>[{}\[\]:,])
    | (?P<string>"[^"\\\x00-\x1f]*+(?>(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*)")
    | (?P<number>-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?)
    | (?P<word>true|false|null)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_STRING_BODY = re.compile(rb'"[^"\\\x00-\x1f]*+(?>(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*)')
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_HIGH = range(0xD800, 0xDC00)
_LOW = range(0xDC00, 0xE000)
_SCALARS = frozenset({"string", "number", "word"})
_EXCERPT = 24


class _Expect(Enum):
    """What may come next; the value is its name in a sentence."""

    VALUE = "a JSON value"
    FIRST_ITEM = "a JSON value or ']'"
    KEY = "a key in double quotes"
    FIRST_KEY = "a key in double quotes or '}'"
    COLON = "':'"
    NEXT_MEMBER = "',' or '}'"
    NEXT_ITEM = "',' or ']'"
    END = "the end of the document"


_ALLOWED = {
    _Expect.VALUE: _SCALARS | {"{", "["},
    _Expect.FIRST_ITEM: _SCALARS | {"{", "[", "]"},
    _Expect.KEY: frozenset({"string"}),
    _Expect.FIRST_KEY: frozenset({"string", "}"}),
    _Expect.COLON: frozenset({":"}),
    _Expect.NEXT_MEMBER: frozenset({",", "}"}),
    _Expect.NEXT_ITEM: frozenset({",", "]"}),
    _Expect.END: frozenset({"end"}),
}
_AFTER = {"{": _Expect.FIRST_KEY, "[": _Expect.FIRST_ITEM, ":": _Expect.VALUE}
_KEYS = frozenset({_Expect.KEY, _Expect.FIRST_KEY})


def find_flaw(text: bytes) -> Flaw | None:
    """Return the first thing in the text that keeps it from being `jsonb`, or None.

    Args:
        text: one document, of any size and depth; time is linear in its length.
    """
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        got = " ".join(f"{byte:02x}" for byte in text[error.start : error.end])
        return Flaw("not_utf8", f"expected UTF-8, got the bytes {got}", error.start)
    return _walk(text)


def _walk(text: bytes) -> Flaw | None:
    stack: list[str] = []
    expect = _Expect.VALUE
    position = 0
    while True:
        token = _TOKEN.match(text, position)
        kind = _kind(token)
        if token is None or kind not in _ALLOWED[expect]:
            return _unexpected(text, position, expect)
        position = token.end()
        if kind == "end":
            return None
        if kind in _SCALARS:
            flaw = _scalar_flaw(kind, token[kind], token.start(kind))
            if flaw is not None:
                return flaw
        elif kind in "{[":
            stack.append(kind)
            if len(stack) > MAX_DEPTH:
                return Flaw("too_deep", f"expected at most {MAX_DEPTH:,} levels, got more", position - 1)
        elif kind in "}]":
            stack.pop()
        expect = _next(expect, kind, stack)


def _kind(token: re.Match[bytes] | None) -> str:
    if token is None or token.lastgroup is None:
        return ""
    return token["punctuation"].decode() if token.lastgroup == "punctuation" else token.lastgroup


def _next(expect: _Expect, kind: str, stack: list[str]) -> _Expect:
    inside_object = bool(stack) and stack[-1] == "{"
    if kind == ",":
        return _Expect.KEY if inside_object else _Expect.VALUE
    if kind in _AFTER:
        return _AFTER[kind]
    if kind == "string" and expect in _KEYS:
        return _Expect.COLON
    if not stack:
        return _Expect.END
    return _Expect.NEXT_MEMBER if inside_object else _Expect.NEXT_ITEM


def _scalar_flaw(kind: str, token: bytes, position: int) -> Flaw | None:
    if kind == "string":
        return _escape_flaw(token, position) if b"\\u" in token else None
    if kind == "number" and not fits_numeric(token):
        limits = f"at most {INTEGER_DIGITS:,} digits before and {FRACTION_DIGITS:,} after the decimal point"
        return Flaw("number_out_of_range", f"expected a number of {limits}, got {_shown(token)}", position)
    return None


def _escape_flaw(token: bytes, position: int) -> Flaw | None:
    high_ends = -1  # where a high surrogate ended that still wants its other half
    for escape in _ESCAPE.finditer(token):
        code = int(escape[1], 16) if escape[1] else 0x20
        is_low = code in _LOW
        if is_low != (high_ends == escape.start()) or (high_ends >= 0 and not is_low):
            return _lone_surrogate(token, position, escape.start() if high_ends < 0 or is_low else high_ends - 6)
        if code == 0:
            return Flaw("nul_character", r"expected text without the NUL character, got \u0000", position + escape.start())
        high_ends = escape.end() if code in _HIGH else -1
    return None if high_ends < 0 else _lone_surrogate(token, position, high_ends - 6)


def _lone_surrogate(token: bytes, position: int, at: int) -> Flaw:
    return Flaw(
        "lone_surrogate", f"expected both halves of a surrogate pair, got {_shown(token[at : at + 6])} alone", position + at
    )


def _unexpected(text: bytes, position: int, expect: _Expect) -> Flaw:
    blanks = _BLANKS.match(text, position)
    at = blanks.end() if blanks else position
    if text[at : at + 1] == b'"' and "string" in _ALLOWED[expect]:
        return _bad_string(text, at)
    if at == len(text):
        return Flaw("cut_short", f"expected {expect.value}, got the end of the text", at)
    if text[at] == 0:
        return Flaw("nul_character", f"expected {expect.value}, got a NUL byte", at)
    return Flaw("not_json", f"expected {expect.value}, got {_shown(text[at:])}", at)


def _bad_string(text: bytes, start: int) -> Flaw:
    body = _STRING_BODY.match(text, start)
    at = body.end() if body else start
    if at == len(text):
        return Flaw("cut_short", "expected the string's closing quote, got the end of the text", at)
    if text[at] == 0:
        return Flaw("nul_character", "expected text without the NUL character, got a NUL byte", at)
    if text[at] < ord(" "):
        return Flaw("not_json", f"expected control characters in strings as escapes, got the byte {text[at]:02x}", at)
    return Flaw("not_json", rf"""expected one of \" \\ \/ \b \f \n \r \t \uXXXX, got {_shown(text[at : at + 6])}""", at)


def _shown(text: bytes) -> str:
    excerpt = text[: _EXCERPT * 4].decode("utf-8", "replace")
    return repr(excerpt if len(excerpt) <= _EXCERPT else excerpt[:_EXCERPT] + "…").replace("\\\\", "\\")
