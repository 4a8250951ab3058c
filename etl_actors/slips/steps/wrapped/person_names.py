"""`person_name`: the parts of a person's name, by nameparser."""

from collections.abc import Callable
from functools import cache
from typing import Any

from etl_actors.combinators.shape import Object, Text
from etl_actors.slips.steps.wrapped.library import Library, guarded
from etl_actors.slips.values.refused import Refused

__all__ = ["LIBRARY", "SHAPE", "person_name"]

LIBRARY = Library(("nameparser",), "names")

_FIELDS = ("title", "given", "middle", "family", "suffix", "nickname", "maiden")
_REASON, _EXPECTED = "not_a_person_name", "the name of a person"

SHAPE = Object("person_name", dict.fromkeys(_FIELDS, Text()))


@cache
def person_name() -> Callable[[Any], Any]:
    """Make the step.

    Raises:
        StepUnmade: the library is not installed.
    """
    # A parser of our own: the library's `parse` shares one with whatever else runs in the process.
    parse: Any = LIBRARY.loaded("person_name", lambda imported: imported("nameparser").Parser().parse)

    def read(text: str) -> dict[str, str | None]:
        found = parse(text)
        made = {field: getattr(found, field) or None for field in _FIELDS}
        if not any(made.values()):
            raise Refused(_REASON, _EXPECTED, text)
        return made

    return guarded(read, _REASON, _EXPECTED)
