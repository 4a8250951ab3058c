"""What the expressions of a slip can name beside fields: its grammars, its maps, its own steps, its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from etl_actors.combinators.grammar import Grammar
from etl_actors.slips.casts.column_type import ColumnType
from etl_actors.slips.source.problems import ExpressionError, did_you_mean
from etl_actors.slips.steps.own_steps import OwnStep

__all__ = ["Vocabulary"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the expressions of a slip can name.

    Args:
        grammars: by the name that ``[grammars]`` gives them.
        maps: of ``[maps.NAME]``: what `lookup` puts in the place of a text.
        steps: of ``steps.py``.
        keys: of each table of the slip with a key: the key columns' types, in the key's order; what `ref` casts to.
    """

    grammars: Mapping[str, Grammar] = field(default_factory=dict)
    maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps: Mapping[str, OwnStep] = field(default_factory=dict)
    keys: Mapping[str, tuple[ColumnType, ...]] = field(default_factory=dict)

    def grammar(self, name: str, at: int) -> Grammar:
        """Find a grammar by its name.

        Args:
            name: that an expression gives.
            at: where it does.

        Raises:
            ExpressionError: the slip has none of that name.
        """
        return _named(self.grammars, name, at, "grammar", "[grammars]")

    def map(self, name: str, at: int) -> Mapping[str, Any]:
        """Find a map, as `grammar` finds a grammar."""
        return _named(self.maps, name, at, "map", "[maps.NAME]")


def _named(known: Mapping[str, T], name: str, at: int, what: str, where: str) -> T:
    if name not in known:
        hint = did_you_mean(name, list(known)) or f"; `{where}` declares them"
        raise ExpressionError(at, f"there is no {what} `{name}`{hint}")
    return known[name]
