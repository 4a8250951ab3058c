"""`phone`: a telephone number in its standard form, by phonenumbers."""

from collections.abc import Callable
from functools import cache
from typing import Any

from etl_actors.combinators.shape import Object, Text
from etl_actors.slips.source.problems import did_you_mean
from etl_actors.slips.steps.wrapped.library import Library, StepUnmade, guarded
from etl_actors.slips.values.refused import Refused

__all__ = ["LIBRARY", "SHAPE", "phone"]

LIBRARY = Library(("phonenumberslite", "phonenumbers"), "phones")

_FIELDS = ("e164", "country_code", "region", "national", "international", "extension", "type")
_REASON = "not_a_phone_number"

SHAPE = Object("phone", dict.fromkeys(_FIELDS, Text()))


@cache
def phone(region: str | None = None) -> Callable[[Any], Any]:
    """Make the step.

    Args:
        region: where numbers without a country code are dialled, as in ``DE``; None: such numbers are refused.

    Raises:
        StepUnmade: the library is not installed, or knows no such region.
    """
    numbers: Any = LIBRARY.loaded("phone", lambda imported: imported("phonenumbers"))
    if region is not None and region not in numbers.SUPPORTED_REGIONS:
        capitals = region.upper()
        hint = f"; did you mean `{capitals}`?" if capitals in numbers.SUPPORTED_REGIONS else ""
        hint = hint or did_you_mean(capitals, sorted(numbers.SUPPORTED_REGIONS))
        raise StepUnmade(f"there is no region `{region}` of phone numbers{hint or '; one is two capitals, as in `DE`'}", 0)
    forms, types = numbers.PhoneNumberFormat, numbers.PhoneNumberType
    expected = "a phone number with its country code, as in +49 30 901820"
    if region is not None:
        expected = f"a phone number of region {region}, or one with its country code"

    def read(text: str) -> dict[str, str | None]:
        found = numbers.parse(text, region)
        if not numbers.is_valid_number(found) or _several(text, region, numbers):
            raise Refused(_REASON, expected, text)
        values = (
            numbers.format_number(found, forms.E164),
            str(found.country_code),
            # of numbers that belong to no country, as +800, the library has the region 001
            None if (place := numbers.region_code_for_number(found)) == "001" else place,
            _without_extension(found, numbers, forms.NATIONAL),
            _without_extension(found, numbers, forms.INTERNATIONAL),
            found.extension or None,
            types.to_string(numbers.number_type(found)).lower(),
        )
        return dict(zip(_FIELDS, values, strict=True))

    return guarded(read, _REASON, expected)


def _several(text: str, region: str | None, numbers: Any) -> bool:
    """Tell whether there are two numbers or more in a text: the library makes one of them that is nobody's."""
    matches = iter(numbers.PhoneNumberMatcher(text, region, leniency=numbers.Leniency.POSSIBLE))
    return next(matches, None) is not None and next(matches, None) is not None


def _without_extension(found: Any, numbers: Any, form: int) -> str:
    plain = numbers.PhoneNumber()
    plain.merge_from(found)
    plain.extension = None
    return str(numbers.format_number(plain, form))
