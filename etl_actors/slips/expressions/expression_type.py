"""The type of an expression, which is its column's: that of the cast that comes last."""

from etl_actors.slips.casts.column_type import ColumnType, column_type, is_type
from etl_actors.slips.casts.misfit import Misfit
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.source.problems import ExpressionError

__all__ = ["cast_of", "type_of", "uncast"]


def type_of(node: n.Expression) -> ColumnType | None:
    """Find the type that an expression's value is cast to last; None where it has none.

    Raises:
        ExpressionError: the options of a choice do not agree, or a type is given arguments that it does not take.
    """
    match node:
        case n.Pipe(_, value, parts):
            for part in reversed(parts):
                if isinstance(part, n.Step) and is_type(part.name):
                    return cast_of(part).column
                if isinstance(part, n.Step) and part.name == "ref":
                    return column_type("uuid")
            return type_of(value)
        case n.Choice(at, options):
            return _common(at, options, "choice")
        case n.If(at, _, then, other):
            return _common(at, (then, other), "condition")
        case _:
            return None


def _common(at: int, options: tuple[n.Expression, ...], what: str) -> ColumnType | None:
    types = {found.name: found for option in options if (found := type_of(option))}
    if len(types) > 1:
        raise ExpressionError(at, f"the options of a {what} are of several types: {', '.join(types)}")
    untyped = next((o for o in options if not type_of(o) and not isinstance(o, n.Literal)), None)
    if types and untyped:
        raise ExpressionError(
            untyped.at, f"this option of the {what} has no type; put the {what} in parentheses and the type behind it"
        )
    return next(iter(types.values()), None)


def cast_of(step: n.Step) -> ColumnType:
    """Find the type that a step casts to.

    Raises:
        ExpressionError: it is given arguments that it does not take.
    """
    arguments = [_constant(step, argument) for argument in step.arguments]
    named = tuple((name, _constant(step, argument)) for name, argument in step.named)
    try:
        return column_type(step.name, tuple(arguments), named, array=step.array)
    except Misfit as misfit:
        raise ExpressionError(_place(step, misfit.argument), misfit.sentence) from None


def uncast(node: n.Expression) -> n.Expression:
    """Give an expression without the cast at its end, if there is one."""
    if isinstance(node, n.Pipe) and isinstance(node.steps[-1], n.Step) and is_type(node.steps[-1].name):
        return n.Pipe(node.at, node.value, node.steps[:-1]) if node.steps[1:] else node.value
    return node


def _constant(step: n.Step, argument: n.Expression | n.Predicate | n.Steps) -> int | str:
    if isinstance(argument, n.Literal) and type(argument.value) in {int, str}:
        return argument.value  # type: ignore[return-value]  # as the line above says
    raise ExpressionError(argument.at, f"the type `{step.name}` takes whole numbers and quoted texts here")


def _place(step: n.Step, argument: int | str | None) -> int:
    if argument is None:
        return step.at
    if isinstance(argument, int):
        return step.arguments[argument].at
    return dict(step.named)[argument].at
