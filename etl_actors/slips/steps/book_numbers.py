"""The step that reckons with the numbers of books."""

import re
from typing import Any

from etl_actors.slips.values.asked import string_of
from etl_actors.slips.values.refused import Refused

__all__ = ["isbn13"]

_WRITTEN = re.compile(
    r"(?:ISBN(?:-1[03])?(?::? ?))?([0-9](?:[ -]?[0-9]){8}[ -]?[0-9X]|97(?:8|9(?![ -]?0))(?:[ -]?[0-9]){10})", re.IGNORECASE
)


def isbn13(value: Any) -> str | None:
    """Give the thirteen digits of an International Standard Book Number, also of one that is written with ten.

    Source: ISO 2108:2017, annex C: weights 1 and 3 by turns, modulo 10; of ten digits the weights 10 to 1, modulo 11.

    Raises:
        Refused: it is none, or its check digit is wrong.
    """
    if value is None:
        return None
    found = _WRITTEN.fullmatch(string_of(value).strip())
    if found is None:
        raise Refused("not_an_isbn", "an ISBN of ten or thirteen digits", value)
    digits = found[1].replace("-", "").replace(" ", "").upper()
    ten = len(digits) == 10  # noqa: PLR2004 - the older form
    right = _check_of_ten(digits) if ten else _check_of_thirteen(digits)
    if digits[-1] != right:
        raise Refused("wrong_check_digit", f"an ISBN whose last digit is {right}, as the others have it", value)
    return f"978{digits[:-1]}{_check_of_thirteen('978' + digits)}" if ten else digits


def _check_of_ten(digits: str) -> str:
    rest = -sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    return "X" if rest == 10 else str(rest)  # noqa: PLR2004 - the digit ten


def _check_of_thirteen(digits: str) -> str:
    return str(-sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits[:12])) % 10)
