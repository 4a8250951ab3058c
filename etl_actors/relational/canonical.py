"""One text for each value, however it is written: what identities are made of."""

import re
import struct
from collections.abc import Callable
from functools import partial
from ipaddress import ip_interface

__all__ = ["canonical_document", "canonical_key", "canonical_number", "key_canonicaliser", "without_origin"]

_TRAILING = re.compile(rb"\.[0-9]*0\s*(?:[,}\]]|$)")
_TOKEN = re.compile(rb'("(?>(?:[^"\\]|\\.)*)")|(\.[0-9]+)', re.DOTALL)
_JSON_TOKEN = re.compile(r'("(?>(?:[^"\\]|\\.)*)")|(-?[0-9][0-9.eE+-]*)|(\s+)', re.DOTALL)
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
_ORIGIN = (b'"_file": ', b'"_line": ')
_NAMES_ORIGIN = re.compile(rb'_(?:file|line)": ')  # it begins with one byte: that is looked for ten times as quickly as two
_MARK = re.compile(rb'"(?>(?:[^"\\]|\\.)*)"|[\[\]{},]', re.DOTALL)
_TRUE = frozenset(["t", "true"])


def canonical_document(raw: bytes) -> bytes:
    """Make one text of documents that differ only in how numbers are written (1, 1.0, 1.00).

    Args:
        raw: jsonb as PostgreSQL writes it: keys sorted, no exponents.

    Returns:
        The same, trailing zeros of fractions cut off, outside strings.
    """
    if b"." not in raw or not _TRAILING.search(raw):
        return raw
    return _TOKEN.sub(_shortened, raw)


def _shortened(token: re.Match[bytes]) -> bytes:
    text: bytes = token[1]
    if text is not None:
        return text
    digits: bytes = token[2].rstrip(b"0")
    return b"" if digits == b"." else digits


def canonical_number(text: str) -> str:
    """Write a number as its digits and a power of ten, so that equal numbers are equal texts.

    Args:
        text: a decimal number, with or without fraction and exponent.

    Returns:
        ``-12e3``: sign, digits without leading or trailing zeros, exponent; ``0`` for every zero. What is no number
        (``NaN``, ``Infinity``) as it is. Never longer than the text by more than the exponent's digits.
    """
    found = _NUMBER.fullmatch(text)
    if not found:
        return text
    sign, whole, fraction, exponent = found.groups("")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    short = digits.rstrip("0")
    power = int(exponent or 0) - len(fraction) + len(digits) - len(short)
    return f"{'-' if sign == '-' else ''}{short}e{power}"


def canonical_key(text: str, type_name: str) -> str:
    """Write a key's value so that equal values are equal texts, and values of different kinds never are.

    Args:
        text: the value as PostgreSQL writes it (TimeZone UTC, DateStyle ISO, extra_float_digits 1).
        type_name: of its column, such as ``numeric(12,2)``.

    Returns:
        A letter for the kind (n number, b boolean, j JSON, s all else) and the text.
    """
    return key_canonicaliser(type_name)(text)


def _other(text: str) -> str:
    return "s" + text


def _exact(text: str) -> str:
    return "n" + canonical_number(text)


def _double(text: str) -> str:
    return "n" + canonical_number(repr(float(text)) if text[-1:].isdigit() else text)


def _real(text: str) -> str:
    if not text[-1:].isdigit():
        return "n" + text
    return "n" + canonical_number(real_text(float(text)))


def real_text(value: float) -> str:
    """Write the 4-byte float nearest to a value in as few digits as tell it from its neighbours.

    Raises:
        OverflowError: it is beyond a 4-byte float.
    """
    packed = struct.pack("<f", value)
    (near,) = struct.unpack("<f", packed)
    for digits in range(6, 9):
        text = f"{near:.{digits}g}"
        try:
            if struct.pack("<f", float(text)) == packed:
                return text
        except OverflowError:  # rounded up beyond the largest 4-byte float
            continue
    return f"{near:.9g}"


def _boolean(text: str) -> str:
    return "bt" if text in _TRUE else "bf"


def _address(text: str, *, always: bool) -> str:
    interface = ip_interface(text)
    if not always and interface.network.prefixlen == interface.max_prefixlen:
        return f"s{interface.ip.packed.hex()}"
    return f"s{interface.ip.packed.hex()}/{interface.network.prefixlen}"


def _json(text: str) -> str:
    return "j" + _JSON_TOKEN.sub(lambda m: m[1] or (canonical_number(m[2]) if m[2] else ""), text)


_KINDS: dict[str, Callable[[str], str]] = {
    "smallint": _exact,
    "int": _exact,
    "bigint": _exact,
    "numeric": _exact,
    "double precision": _double,
    "real": _real,
    "boolean": _boolean,
    "inet": partial(_address, always=False),
    "cidr": partial(_address, always=True),
    "jsonb": _json,
}


def key_canonicaliser(type_name: str) -> Callable[[str], str]:
    """Find the function that `canonical_key` applies to texts of a type.

    Args:
        type_name: of a column, such as ``numeric(12,2)``.

    Returns:
        A function of the text.
    """
    return _KINDS.get(type_name.partition("(")[0], _other)


def without_origin(raw: bytes) -> bytes:
    """Leave `_file` and `_line` out of a document: what `feed` adds to say where in a file it stood.

    Args:
        raw: jsonb as PostgreSQL writes it.

    Returns:
        The same as PostgreSQL would write it without the two members.
    """
    if not _NAMES_ORIGIN.search(raw) or not raw.startswith(b"{") or not any(key in raw for key in _ORIGIN):
        return raw
    kept, start, depth, left = [], 1, 0, len(_ORIGIN)
    for token in _MARK.finditer(raw):
        match raw[token.start()]:
            case 0x5B | 0x7B:  # [ {
                depth += 1
            case 0x5D | 0x7D:  # ] }
                depth -= 1
            case 0x2C if depth == 1:  # ,
                kept.append(raw[start : token.start()])
                start = token.end() + 1
                left -= kept[-1].startswith(_ORIGIN)
                if not left:
                    break
            case _:
                pass
    kept.append(raw[start:-1])
    return b"{" + b", ".join(member for member in kept if not member.startswith(_ORIGIN)) + b"}"
