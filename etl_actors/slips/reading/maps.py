"""Reading ``[maps.NAME]``: what `lookup` puts in the place of a text."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from etl_actors.slips.source.problems import Problems
from etl_actors.slips.source.section import is_name

__all__ = ["read_maps"]


def read_maps(given: Any, problems: Problems) -> dict[str, Mapping[str, Any]]:
    """Read ``[maps]``.

    Args:
        given: its content.
        problems: where to note what is wrong.

    Returns:
        The maps by name; what is wrong with one is left out of it.
    """
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        problems.at_key(("maps",), "expected maps as [maps.NAME], each with texts and what stands for them")
        return {}
    for name in given:
        if not is_name(name):
            problems.at_key(("maps", name), "expected a name that expressions can use: letters, digits and `_`")
        if not given[name]:
            problems.at_key(
                ("maps", name), "this map is empty, so that `lookup` would refuse every text: expected texts and values"
            )
    return {name: _read_map(("maps", name), entries, problems) for name, entries in given.items()}


def _read_map(keys: tuple[str, str], entries: dict[str, Any], problems: Problems) -> Mapping[str, Any]:
    found = {}
    for text, value in entries.items():
        if isinstance(value, str | bool | int) or (isinstance(value, Decimal) and math.isfinite(value)):
            found[text] = value
        else:
            problems.at_value((*keys, text), "expected a text, a number, true or false")
    return found
