"""The numbers that grammars take apart, as numbers again: digits between signs of their own, and fractions."""

import re
import unicodedata
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.slips.values.refused import Refused

__all__ = ["FRACTION", "FRACTION_BY_CHARACTER", "NUMBER", "rounded", "written_number"]

NUMBER = frozenset({"whole", "decimals"})
FRACTION = frozenset({"whole", "numerator", "denominator"})
FRACTION_BY_CHARACTER = FRACTION | {"vulgar"}

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)", re.ASCII)
_SOME = "[0-9]{1,1000}"  # digits: more than any fraction has, and few enough to reckon with
_FRACTION = re.compile(rf"([+-]?)(?:({_SOME})(?: (?=.)|$))?(?:({_SOME})/({_SOME}))?", re.ASCII)
_MINUS = {ord("\u2212"): "-"}
_SLASH = {ord("\u2044"): "/"}  # of a character such as ½, as Unicode takes it apart
_EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN)


def written_number(node: Node) -> Decimal | Fraction | None:
    """Give the number that the value of a grammar's rule is, digit for digit.

    Args:
        node: with the keys `NUMBER`, of which `whole` is a list of groups of digits; or with those of a fraction, each a text.

    Returns:
        The number; a `Fraction` where its decimals have no end; None where the value is no number.

    Raises:
        Refused: the denominator is 0.
    """
    keys = node.keys()
    if keys == NUMBER:
        return _number(node["whole"], node["decimals"])
    if keys in (FRACTION, FRACTION_BY_CHARACTER):
        return _fraction(node)
    return None


def rounded(number: Fraction, scale: int) -> Decimal:
    """Round half away from zero.

    Args:
        number: the number.
        scale: digits behind the point, negative for zeros before it.
    """
    shifted = abs(number) * Fraction(10) ** scale
    digits = (2 * shifted.numerator + shifted.denominator) // (2 * shifted.denominator)
    return Decimal(-digits if number < 0 else digits).scaleb(-scale, _EXACT)


def _number(whole: Any, decimals: Any) -> Decimal | None:
    if type(whole) is not list or not all(type(group) is str for group in whole):
        return None
    if decimals is not None and type(decimals) is not str:
        return None
    digits = "".join(whole).translate(_MINUS) + ("" if decimals is None else f".{decimals}")
    return Decimal(digits) if _NUMBER.fullmatch(digits) else None


def _fraction(node: Node) -> Decimal | Fraction | None:
    whole, upper, lower, character = (node.get(key) for key in ("whole", "numerator", "denominator", "vulgar"))
    pieces = [whole, None if upper is lower is None else f"{upper}/{lower}", _apart(character)]
    found = _FRACTION.fullmatch(" ".join(str(piece) for piece in pieces if piece is not None).translate(_MINUS))
    if not found or not any(found.groups()):
        return None
    sign, ones, above, below = found.groups()
    if below and not int(below):
        raise Refused("not_a_number", "a fraction with a denominator other than 0", node.source)
    number = int(ones or 0) + Fraction(int(above or 0), int(below or 1))
    return _ended(-number if sign == "-" else number)


def _apart(character: Any) -> str | None:
    """Write a character such as ½ as a fraction, a minus before it or none."""
    if character is None:
        return None
    text = str(character).translate(_MINUS)
    return unicodedata.normalize("NFKC", text).translate(_SLASH) if len(text.lstrip("+-")) == 1 else "?"


def _ended(number: Fraction) -> Decimal | Fraction:
    """Give a number as a Decimal where its decimals end."""
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return number
    scale = max(twos, fives)
    return Decimal(int(number * 10**scale)).scaleb(-scale, _EXACT)
