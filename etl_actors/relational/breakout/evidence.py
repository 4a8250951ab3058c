"""What was seen of documents, as a text that is stored with the version of a slip: the same text for the same tree."""

import json
from typing import Any

from etl_actors.relational.breakout.asked import Asked
from etl_actors.relational.breakout.scalars import Form, Number, Scalars
from etl_actors.relational.breakout.seen import Seen

__all__ = ["read_evidence", "written_evidence"]


def written_evidence(seen: Seen) -> str:
    """Write a tree.

    Args:
        seen: the tree.

    Returns:
        JSON of one line; equal trees have equal texts.
    """
    return json.dumps(_plain(seen), ensure_ascii=False, separators=(",", ":"))


def read_evidence(text: str, asked: Asked | None = None) -> Seen:
    """Read a tree.

    Args:
        text: as `written_evidence` gives it.
        asked: what is said of its places by hand.

    Returns:
        The tree.

    Raises:
        ValueError: it is none that this release has written.
    """
    try:
        known = _seen(json.loads(text))
    except (AttributeError, KeyError, TypeError) as error:
        message = "expected evidence of a break-out, got JSON that is none"
        raise ValueError(message) from error
    if asked is None:
        return known
    made = Seen(asked=asked)
    made.join(known)
    return made


def _plain(seen: Seen) -> dict[str, Any]:
    scalars = seen.scalars
    told: dict[str, Any] = {
        "null": scalars.null,
        "boolean": scalars.boolean,
        "number": scalars.number and scalars.number.value,
        "form": scalars.form and scalars.form.value,
        "objects": seen.objects,
        "arrays": seen.arrays,
        "deep": seen.deep,
        "widest": seen.widest,
        "members": {name: _plain(seen.members[name]) for name in sorted(seen.members)},
        "entries": seen.entries and _plain(seen.entries),
        "items": seen.items and _plain(seen.items),
        "varying": {name: sorted(paths) for name, paths in sorted(seen.varying.items())},
    }
    return {name: value for name, value in told.items() if value}


def _seen(told: dict[str, Any]) -> Seen:
    number, form = told.get("number"), told.get("form")
    scalars = Scalars(told.get("null", False), told.get("boolean", False), number and Number(number), form and Form(form))
    return Seen(
        scalars,
        {name: _seen(inner) for name, inner in told.get("members", {}).items()},
        told.get("widest", 0),
        _seen(told["entries"]) if "entries" in told else None,
        _seen(told["items"]) if "items" in told else None,
        told.get("objects", False),
        told.get("arrays", False),
        told.get("deep", False),
        varying={name: frozenset(tuple(path) for path in paths) for name, paths in told.get("varying", {}).items()},
    )
