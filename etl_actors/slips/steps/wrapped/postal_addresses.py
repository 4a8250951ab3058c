"""`postal_address`: the parts of a postal address, by a library for each country: usaddress for those of the United States."""

import re
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

from etl_actors.combinators.shape import Object, Text
from etl_actors.slips.steps.wrapped.library import Library, StepUnmade, guarded
from etl_actors.slips.values.refused import Refused

__all__ = ["LIBRARY", "SHAPE", "postal_address"]

LIBRARY = Library(("usaddress", "python-crfsuite"), "addresses")

_LINES = re.compile(r"\s*[\r\n]\s*")
_REASON = "not_a_postal_address"
_KINDS = {"Street Address": "street", "PO Box": "box", "Intersection": "crossing"}
_PARTS = {
    "Recipient": "recipient",
    "BuildingName": "building",
    "LandmarkName": "building",
    "CornerOf": "street",
    "AddressNumberPrefix": "number",
    "AddressNumber": "number",
    "AddressNumberSuffix": "number",
    "SubaddressType": "unit",
    "SubaddressIdentifier": "unit",
    "OccupancyType": "unit",
    "OccupancyIdentifier": "unit",
    "USPSBoxType": "box",
    "USPSBoxID": "box",
    "USPSBoxGroupType": "box",
    "USPSBoxGroupID": "box",
    "PlaceName": "city",
    "StateName": "state",
    "ZipCode": "postcode",
    "ZipPlus4": "postcode",
    "CountryName": "country",
}
"""What becomes of the library's labels; those of a street's name, of which there are many, apart."""

_FIELDS = ("kind", "recipient", "building", "number", "street", "crossing", "unit", "box", "city", "state", "postcode", "country")

SHAPE = Object("postal_address", dict.fromkeys(_FIELDS, Text()))


def postal_address(country: str) -> Callable[[Any], Any]:
    """Make the step.

    Args:
        country: whose addresses it reads: ``US``.

    Raises:
        StepUnmade: the library is not installed, or there is none for that country.
    """
    if country != "US":
        raise StepUnmade(f"`postal_address` reads the addresses of `US`, not of `{country}`", 0)
    return _american()


@cache
def _american() -> Callable[[Any], Any]:
    tag = LIBRARY.loaded("postal_address", lambda imported: imported("usaddress").tag)
    alone = Lock()  # the library's one tagger holds the text while it reads it
    expected = "a postal address of the United States: a street with a number, two streets or a box, and each part once"

    def read(text: str) -> dict[str, str | None]:
        with alone:
            labelled, kind = tag(_LINES.sub(", ", text.strip()))
        if kind not in _KINDS or "NotAddress" in labelled or " " in labelled.get("ZipCode", ""):
            raise Refused(_REASON, expected, text)
        parts: dict[str, list[str]] = {field: [] for field in _FIELDS}
        parts["kind"].append(_KINDS[kind])
        for label, words in labelled.items():  # as they stand in the text
            field = _field(label)
            if field:
                parts[field].append(words)
        return {field: " ".join(words) or None for field, words in parts.items()}

    return guarded(read, _REASON, expected)


def _field(label: str) -> str:
    if label.startswith("StreetName"):
        return "street"
    if label.startswith("SecondStreetName"):
        return "crossing"
    return _PARTS.get(label, "")
