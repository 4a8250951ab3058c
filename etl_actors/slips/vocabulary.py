"""What the expressions of a slip can name beside fields: its grammars, its maps, its own steps, its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from etl_actors.combinators.grammar import Grammar
from etl_actors.slips.own_steps import OwnStep
from etl_actors.slips.types import ColumnType

__all__ = ["Vocabulary"]


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
