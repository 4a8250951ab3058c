"""A staged row as a worker gets it, and its payload as a value."""

import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

__all__ = ["MAX_DEPTH", "Staged", "Undecodable", "decode"]

MAX_DEPTH = 512  # orjson stops at 1,024 and CPython's json at its recursion limit: one limit for both, so that outcomes agree
_SURE_INT = 18  # digits of an integer that any decoder keeps

# Digits and dots become 0, so that one substring search finds what may be a long number.
_DIGITS = bytes(ord("0") if byte in b"0123456789." else ord("x") for byte in range(256))
_LONG_RUN = b"0" * 16
_STRIDE = 5
_LONG_STRIDE = b"000"  # of every fifth character, at least so many are within sixteen in a row
# What a double can't hold digit for digit: 19 digits and more, a fraction of more than 15 digits in all.
_LONG_NUMBER = re.compile(rb"(?:^|[:\[,\s])-?(?:[0-9]{19}|(?=[0-9.]{17})[0-9]+\.)")
# Zeros that a double would not be written with; of 4.0 it is.
_ZERO_FRACTION = re.compile(rb"\.[0-9]+0\s*(?:[,}\]]|$)")
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class Staged(NamedTuple):
    """A row of staging.

    Args:
        row_id: its identifier.
        raw: its payload as PostgreSQL writes jsonb, UTF-8.
        source: where it came from.
        received_at: when it was staged, as PostgreSQL writes a timestamptz in UTC.
    """

    row_id: int
    raw: bytes
    source: str
    received_at: str


class Undecodable(ValueError):
    """A payload that this release can't take; `reason` is a short code, the text one sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def decode(raw: bytes) -> Any:
    """Read a payload, every number exact.

    Args:
        raw: jsonb as PostgreSQL writes it (so without exponents).

    Returns:
        dict, list, str, int, float, Decimal, bool or None. Numbers that a double would change, trailing zeros
        included, are Decimal.

    Raises:
        Undecodable: nested deeper than `MAX_DEPTH`, or no JSON.
    """
    if len(raw) > 2 * MAX_DEPTH and raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:  # each level has two brackets
        _check_depth(raw)
    try:
        plain = (
            _LONG_STRIDE not in raw[::_STRIDE].translate(_DIGITS)
            or _LONG_RUN not in raw.translate(_DIGITS)
            or not _LONG_NUMBER.search(raw)
        )
        if plain and not _ZERO_FRACTION.search(raw):
            return orjson.loads(raw)
        return _DECODER.decode(raw.decode())
    except RecursionError:
        raise Undecodable("too_deep", f"expected a document at most {MAX_DEPTH} deep, got a deeper one") from None
    except ValueError as error:
        raise Undecodable("not_json", f"expected JSON, got text that is none: {error}") from None


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _SURE_INT else Decimal(text)  # int() refuses 4,300 digits and is quadratic


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=_integer)


def _check_depth(raw: bytes) -> None:
    depth = 0
    for token in _BRACKETS.finditer(raw):
        first = raw[token.start() : token.start() + 1]
        if first in {b"[", b"{"}:
            depth += 1
            if depth > MAX_DEPTH:
                raise Undecodable("too_deep", f"expected a document at most {MAX_DEPTH} deep, got a deeper one")
        elif first != b'"':
            depth -= 1
