"""What the parts of an expression need of whoever writes the whole of it as Python."""

from typing import Any, Protocol

from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.model.vocabulary import Vocabulary

__all__ = ["Writer"]


class Writer(Protocol):
    """The emitter, as steps and predicates see it."""

    vocabulary: Vocabulary

    def value(self, node: n.Expression, scope: Scope) -> str:
        """Write an expression's value."""

    def bound(self, prefix: str, thing: Any) -> str:
        """Give the generated code a thing under a name of its own."""

    def own_step(self, name: str) -> str:
        """Give the Python name of a step of the slip's own: a function of the value and the arguments."""
