"""The type of an expression, which is its column's: that of the cast that comes last."""

from etl_actors.slips import nodes as n
from etl_actors.slips.problems import ExpressionError
from etl_actors.slips.types import ColumnType, column_type, is_type

__all__ = ["cast_of", "type_of"]


def type_of(node: n.Expression) -> ColumnType | None:
    """Find the type that an expression's value is cast to last; None where it has none.

    Raises:
        ExpressionError: the options of a choice do not agree, or a type is given arguments that it does not take.
    """
    match node:
        case n.Pipe(_, value, parts):
            for part in reversed(parts):
                if isinstance(part, n.Step) and is_type(part.name):
                    return cast_of(part)
            return type_of(value)
        case n.Choice(at, options):
            types = {found.name: found for option in options if (found := type_of(option))}
            if len(types) > 1:
                raise ExpressionError(at, f"the options of a choice are of several types: {', '.join(types)}")
            untyped = next((o for o in options if not type_of(o) and not isinstance(o, n.Literal)), None)
            if types and untyped:
                raise ExpressionError(
                    untyped.at, "this option of the choice has no type; put the choice in parentheses and the type behind it"
                )
            return next(iter(types.values()), None)
        case _:
            return None


def cast_of(step: n.Step) -> ColumnType:
    """Find the type that a step casts to.

    Raises:
        ExpressionError: it is given arguments that it does not take.
    """
    arguments = []
    for argument in step.arguments:
        if not isinstance(argument, n.Literal) or type(argument.value) is not int:
            at = getattr(argument, "at", step.at)
            raise ExpressionError(at, f"this argument of the type `{step.name}` is not supported by this release")
        arguments.append(argument.value)
    try:
        return column_type(step.name, tuple(arguments))
    except ValueError as error:
        raise ExpressionError(step.at, str(error)) from None
