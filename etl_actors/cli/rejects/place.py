"""The place in a document at which a value was refused: what stands around it, and a caret under it."""

import re
from collections.abc import Sequence
from typing import Any

from etl_actors.scrub import printable
from etl_actors.slips.expressions.paths import location_text
from etl_actors.slips.values.json_text import json_text

__all__ = ["place_lines"]

# Not the grammar of expressions, which takes longer to load than all else that is shown.
_STEP = re.compile(r"\.([A-Za-z_\u0080-\U0010FFFF][A-Za-z0-9_\u0080-\U0010FFFF]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]")
_ESCAPED = re.compile(r"\\(?:u([0-9a-f]{4})|(.))")
_AROUND = 3  # members or elements before the place, and after it
_WIDTH = 72  # characters of a value


def place_lines(document: Any, path: str) -> list[str]:
    """Write what stands around a place of a document.

    Args:
        document: as a value.
        path: of the place, as a reject tells it.

    Returns:
        A line that names the object or array around it, its members or elements next to it, and under the place a caret; where
        nothing stands at the place, the nearest object or array above it, without a caret. Nothing where the path names no
        single place.
    """
    steps = _steps(path)
    if steps is None or not isinstance(document, dict | list):
        return []
    around: Any = document
    value: Any = document
    found = 0
    for step in steps:
        if not _holds(value, step):
            break
        around, value, found = value, value[step], found + 1
    whole = found == len(steps) and found > 0
    if not whole:
        around = value
        if not isinstance(around, dict | list):
            return []
    upto = steps[: found - 1] if whole else steps[:found]
    head = location_text(tuple(upto))
    missing = "" if whole or found == len(steps) else f", which has no {_name(steps[found])}"
    return [f"in {head}{missing}:", *_members(around, steps[found - 1] if whole else None)]


def _steps(path: str) -> list[str | int] | None:
    """Read a path as `location_text` writes it; None where it is of several places, or names are left out of it."""
    if not path.startswith("$"):
        return None
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            return None
        name, number, quoted = found.groups()
        steps.append(int(number) if number else name if name is not None else _ESCAPED.sub(_unescaped, quoted))
        at = found.end()
    return steps


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else escape[2]


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(value, list) and 0 <= step < len(value)
    return isinstance(value, dict) and step in value


def _name(step: str | int) -> str:
    return f"element {step}" if isinstance(step, int) else f'"{step}"'


def _members(around: dict[str, Any] | list[Any], at: str | int | None) -> list[str]:
    several: Sequence[tuple[str | int, Any]] = list(around.items() if isinstance(around, dict) else enumerate(around))
    here = next((number for number, (name, _) in enumerate(several) if at is not None and name == at), None)
    first = 0 if here is None else max(0, here - _AROUND)
    last = min(len(several), (here or 0) + _AROUND + 1)
    lines = ["  …"] if first else []
    for number in range(first, last):
        name, value = several[number]
        head = f"  [{name}] " if isinstance(name, int) else f"  {json_text(name)}: "
        shown = _shown(value)
        lines.append(head + shown)
        if number == here:
            lines.append(" " * len(head) + "^" * len(shown))
    return [*lines, "  …"] if last < len(several) else lines


def _shown(value: Any) -> str:
    text = printable(json_text(value))  # before it is measured: the caret stands under what is seen
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
