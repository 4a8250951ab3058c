"""The names that the language of expressions has taken: steps, types, functions and predicates."""

from etl_actors.slips.casts.column_type import type_names
from etl_actors.slips.steps.known import STEPS

__all__ = ["language_names"]

_FUNCTIONS = frozenset({"exists", "if", "matches", "type"})


def language_names() -> frozenset[str]:
    """List them; a step of a slip's own has another name."""
    return _FUNCTIONS.union(STEPS, type_names())
