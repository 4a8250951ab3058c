"""`user_agent`: browser, system and device of a User-Agent header, by ua-parser."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from etl_actors.combinators.shape import Object, Text
from etl_actors.slips.steps.wrapped.library import Library, guarded

__all__ = ["LIBRARY", "SHAPE", "user_agent"]

LIBRARY = Library(("ua-parser", "ua-parser-builtins", "ua-parser-rs"), "user-agents")

_VERSIONED = ("family", "version")
_DEVICE = ("family", "brand", "model")
_LONGEST = 4_096  # characters; the engine is linear
_KNOWN = 1_024  # agents whose values are kept: 16 MB at worst

SHAPE = Object(
    "user_agent",
    {
        name: Object(name, dict.fromkeys(fields, Text()))
        for name, fields in (("browser", _VERSIONED), ("os", _VERSIONED), ("device", _DEVICE))
    },
)

_Value = tuple[tuple[str | None, str | None], tuple[str | None, str | None], tuple[str | None, str | None, str | None]]


@cache
def user_agent() -> Callable[[Any], Any]:
    """Make the step.

    Raises:
        StepUnmade: the library is not installed.
    """
    # By name, not `ua_parser.parser`: that takes another engine where this one is missing, 40 times as slow and not linear.
    engine, rules = LIBRARY.loaded(
        "user_agent",
        lambda imported: (imported("ua_parser.regex").Resolver, imported("ua_parser.loaders").load_lazy_builtins),
    )
    everything: Any = LIBRARY.loaded("user_agent", lambda imported: imported("ua_parser").Domain.ALL)
    resolver = cache(lambda: engine(rules()))  # 0.7 s and 30 MB, which only those who map pay

    @lru_cache(_KNOWN)
    def known(text: str) -> _Value:
        found = resolver()(text, everything)
        device = found.device
        return (
            _versioned(found.user_agent),
            _versioned(found.os),
            (device.family, device.brand, device.model) if device else (None, None, None),
        )

    def read(text: str) -> dict[str, Any]:
        browser, system, device = known(text)
        # Made anew for each row: a step of the slip's own may write into what it gets.
        return {
            "browser": dict(zip(_VERSIONED, browser, strict=True)),
            "os": dict(zip(_VERSIONED, system, strict=True)),
            "device": dict(zip(_DEVICE, device, strict=True)),
        }

    return guarded(read, "not_a_user_agent", "a User-Agent", _LONGEST)


def _versioned(found: Any) -> tuple[str | None, str | None]:
    if found is None:
        return None, None
    numbers: list[str] = []
    for number in (found.major, found.minor, found.patch, found.patch_minor):
        if number is None:
            break
        numbers.append(number)
    return found.family, ".".join(numbers) or None
