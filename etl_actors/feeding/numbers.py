"""Which JSON numbers PostgreSQL's `numeric`, and so `jsonb`, can hold."""

import re

__all__ = ["FRACTION_DIGITS", "INTEGER_DIGITS", "fits_numeric", "may_overflow"]

INTEGER_DIGITS = 131_072
FRACTION_DIGITS = 16_383
_EXPONENT_LIMIT = 0x3FFF_FFFF  # the server refuses even zero with a larger one
_PARTS = re.compile(rb"-?(\d+)(?:\.(\d*))?(?:[eE]([+-]?)0*(\d*))?")
_STRING = re.compile(rb'"[^"\\]*+(?>(?:\\.[^"\\]*+)*)"')
_LARGE_EXPONENT = re.compile(rb"\d[eE][+-]?\d{4}")
_LONG_RUN = re.compile(rb"\d{100,}+")
_SAFE_DIGITS = 10_000  # with fewer digits, and an exponent of at most three, nothing overflows


def fits_numeric(token: bytes) -> bool:
    """Tell whether the server takes this JSON number.

    Source: the limits of `numeric` in PostgreSQL's documentation, table 8.2; digits are counted as written, so that
    ``0e-16384`` is refused although it is zero.

    Args:
        token: a number of JSON's syntax.
    """
    parts = _PARTS.fullmatch(token)
    if parts is None:
        return False
    whole, fraction, sign, digits = parts[1], parts[2] or b"", parts[3], parts[4] or b"0"
    if len(digits) > len(str(_EXPONENT_LIMIT)):
        return False
    exponent = -int(digits) if sign == b"-" else int(digits)
    if abs(exponent) >= _EXPONENT_LIMIT or len(fraction) - exponent > FRACTION_DIGITS:
        return False
    written = whole + fraction
    significant = written.lstrip(b"0")
    leading_zeros = len(written) - len(significant)
    return not significant or len(whole) - leading_zeros + exponent <= INTEGER_DIGITS


def may_overflow(document: bytes) -> bool:
    """Tell whether a document may hold a number that is too large; False is certain, True is not.

    Args:
        document: valid JSON.
    """
    if _LARGE_EXPONENT.search(document) is None and not _has_long_run(document):
        return False
    # Hexadecimal digests are full of "3e1234": look again at what is outside strings.
    bare = _STRING.sub(b"", document)
    return _LARGE_EXPONENT.search(bare) is not None or _has_long_run(bare)


def _has_long_run(document: bytes) -> bool:
    if len(document) < _SAFE_DIGITS:
        return False
    return any(run.end() - run.start() >= _SAFE_DIGITS for run in _LONG_RUN.finditer(document))
