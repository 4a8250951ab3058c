"""A staged row as a worker gets it, and its payload as a value."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

import orjson

__all__ = ["MAX_DEPTH", "Look", "Staged", "Together", "Undecodable", "decode", "exact_integer", "read_together"]

MAX_DEPTH = 512  # orjson stops at 1,024 and CPython's json at its recursion limit: one limit for both, so that outcomes agree
_SURE_INT = 18  # digits of an integer that any decoder keeps

# Digits and dots become 0, so that one substring search finds what may be a long number.
_DIGITS = bytes(ord("0") if byte in b"0123456789." else ord("x") for byte in range(256))
_LONG_RUN = b"0" * 16
_STRIDE = 4
_LONG_STRIDE = b"0000"  # of sixteen characters in a row every fourth; a time stamp as in ISO 8601 has no four such
# What a double can't hold digit for digit: 19 digits and more, a fraction of more than 15 digits in all.
_LONG_NUMBER = re.compile(rb"(?:^|[:\[,\s])-?(?:[0-9]{19}|(?=[0-9.]{17})[0-9]+\.)")
# Zeros that a double would not be written with; of 4.0 it is.
_ZERO_FRACTION = re.compile(rb"\.[0-9]+0\s*(?:[,}\]]|$)")
_TOGETHER = 32  # payloads that are looked over at once: one number that takes exactness costs each of them a look of its own
_TOGETHER_BYTES = 65_536
_BRACKETS = re.compile(rb'"(?>(?:[^"\\]|\\.)*)"|[\[{]|[\]}]', re.DOTALL)


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


class Look(NamedTuple):
    """What is known of a payload before it is decoded; False is always safe.

    Args:
        plain: a double holds each of its numbers digit for digit.
        clean: none of its texts has a backslash, or a character below U+0020: those are written with one.
    """

    plain: bool = False
    clean: bool = False


class Together(NamedTuple):
    """Rows that were looked over at once, which is quicker than to look at each.

    Args:
        rows: some of a batch's, in their order.
        look: what is known of each of their payloads.
        documents: what `decode` makes of each; None where they are to be decoded one by one.
        may_stand: whether one of them may stand for what could not be staged: a key of such has a dollar sign.
    """

    rows: Sequence[Staged]
    look: Look
    documents: Sequence[Any] | None
    may_stand: bool


def read_together(rows: Iterable[Staged]) -> Iterator[Together]:
    """Read the payloads of a batch, some at a time.

    Args:
        rows: whose payloads are JSON.
    """
    rows = iter(rows)
    while together := [*islice(rows, _TOGETHER)]:
        payloads = [row.raw for row in together]
        if sum(map(len, payloads)) <= _TOGETHER_BYTES:
            yield _together(together, payloads)
        else:
            yield from _apart(together)


def _apart(rows: Sequence[Staged]) -> Iterator[Together]:
    """Put rows together that are too much to be looked over all at once; what is too large alone is decoded alone."""
    first, nbytes = 0, 0
    for place, row in enumerate(rows):
        nbytes += len(row.raw)
        if place > first and nbytes > _TOGETHER_BYTES:
            yield _together(rows[first:place], [one.raw for one in rows[first:place]])
            first, nbytes = place, len(row.raw)
    yield _together(rows[first:], [one.raw for one in rows[first:]])


def _together(rows: Sequence[Staged], payloads: Sequence[bytes]) -> Together:
    if len(rows) == 1 and len(payloads[0]) > _TOGETHER_BYTES:
        return Together(rows, Look(), None, may_stand=True)  # it would be in memory twice
    raw = b",".join(payloads)
    look = Look(_plain(raw), b"\\" not in raw)
    documents = None
    if look.plain and all(map(_is_shallow, payloads)):
        with suppress(ValueError):
            documents = orjson.loads(b"[%b]" % raw)
    if documents is not None and len(documents) != len(rows):
        documents = None  # no JSON, each of them
    return Together(rows, look, documents, b"$" in raw and b'"$raw"' in raw)  # one byte is looked for ten times as quickly


def _is_shallow(raw: bytes) -> bool:
    """Tell of what has too few brackets to be too deep, or is too short: each level has two."""
    return len(raw) <= 2 * MAX_DEPTH or raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH


def _plain(raw: bytes) -> bool:
    """Tell whether a double holds each number digit for digit; what looks like one in a text may count too."""
    return (
        _LONG_STRIDE not in raw[::_STRIDE].translate(_DIGITS)
        or _LONG_RUN not in raw.translate(_DIGITS)
        or not _LONG_NUMBER.search(raw)
    ) and not _ZERO_FRACTION.search(raw)


def decode(raw: bytes, *, plain: bool = False) -> Any:
    """Read a payload, every number exact.

    Args:
        raw: jsonb as PostgreSQL writes it (so without exponents).
        plain: its numbers were looked over, and a double holds them all.

    Returns:
        dict, list, str, int, float, Decimal, bool or None. Numbers that a double would change, trailing zeros
        included, are Decimal.

    Raises:
        Undecodable: nested deeper than `MAX_DEPTH`, or no JSON.
    """
    if not _is_shallow(raw):
        _check_depth(raw)
    try:
        if plain or _plain(raw):
            return orjson.loads(raw)
        return _DECODER.decode(raw.decode())
    except RecursionError:
        raise Undecodable("too_deep", f"expected a document at most {MAX_DEPTH} deep, got a deeper one") from None
    except ValueError as error:
        raise Undecodable("not_json", f"expected JSON, got text that is none: {error}") from None


def exact_integer(text: str) -> int | Decimal:
    """Read an integer of any length, as `json` hands it to ``parse_int``."""
    return int(text) if len(text) <= _SURE_INT else Decimal(text)  # int() refuses 4,300 digits and is quadratic


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=exact_integer)


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
