"""Steps as Python source: the casts, the steps of the language, and those of a slip's own."""

from typing import TYPE_CHECKING, Any, Protocol

from etl_actors.slips import nodes as n
from etl_actors.slips import steps
from etl_actors.slips.expression_type import cast_of
from etl_actors.slips.problems import ExpressionError, did_you_mean
from etl_actors.slips.types import is_type, type_names

if TYPE_CHECKING:
    from etl_actors.slips.emit import Scope
    from etl_actors.slips.vocabulary import Vocabulary

__all__ = ["Writer", "emit_step"]


class Writer(Protocol):
    """What a step needs of the emitter."""

    vocabulary: "Vocabulary"

    def value(self, node: n.Expression, scope: "Scope") -> str:
        """Write an expression's value."""

    def predicate(self, node: n.Predicate, scope: "Scope") -> str:
        """Write a predicate as a Python condition."""

    def bound(self, prefix: str, thing: Any) -> str:
        """Give the generated code a thing under a name of its own."""

    def own_step(self, name: str) -> str:
        """Give the Python name of a step of the slip's own: a function of the value and the arguments."""


def emit_step(writer: Writer, step: n.Step, written: str, scope: "Scope") -> str:
    """Write the Python of one step behind a value.

    Args:
        writer: the emitter.
        step: to apply.
        written: the Python of the value.
        scope: the variables in sight, for arguments.

    Raises:
        ExpressionError: there is no such step, or its arguments are not what it takes.
    """
    if is_type(step.name):
        return f"{writer.bound('cast', cast_of(step).value)}({written})"
    kind = steps.STEPS.get(step.name)
    if kind is None:
        if step.name in steps.UNSUPPORTED:
            raise ExpressionError(step.at, f"the step `{step.name}` is not supported by this release")
        raise ExpressionError(step.at, f"there is no step `{step.name}`{did_you_mean(step.name, [*steps.STEPS, *type_names()])}")
    if len(step.arguments) != len(kind.takes):
        raise ExpressionError(
            step.at,
            f"the step `{step.name}` takes {len(kind.takes) or 'no'} argument{'s' * (len(kind.takes) != 1)}, got {len(step.arguments)}",
        )
    arguments = [_argument(writer, one, wanted, step, scope) for one, wanted in zip(step.arguments, kind.takes, strict=True)]
    if step.name == "default":
        return f"(t if (t := {written}) is not None else {arguments[0]})"
    return f"{writer.bound(step.name, kind.call)}({', '.join([written, *arguments])})"


def _argument(writer: Writer, node: n.Expression | n.Predicate, wanted: str, step: n.Step, scope: "Scope") -> str:
    if isinstance(node, n.Predicate):
        raise ExpressionError(node.at, f"the step `{step.name}` takes a value here, not a predicate")
    if wanted != "value" and not (isinstance(node, n.Literal) and type(node.value) is str and (node.value or wanted == "text")):
        raise ExpressionError(
            node.at, f"the step `{step.name}` takes a quoted string here{' that is not empty' * (wanted == 'word')}"
        )
    return writer.value(node, scope)
