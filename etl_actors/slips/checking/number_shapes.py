"""The values of grammars that are numbers: a rule's object of any other shape is cast to none, which is told before any does."""

from etl_actors.combinators.shape import Many, Object, Shape, Text
from etl_actors.slips.casts.column_type import is_type
from etl_actors.slips.casts.written_number import FRACTION, FRACTION_BY_CHARACTER, NUMBER
from etl_actors.slips.checking.shape_paths import options
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.expression_type import cast_of
from etl_actors.slips.source.problems import ExpressionError

__all__ = ["check_number"]

_TYPES = frozenset({"smallint", "int", "bigint", "numeric", "real", "double precision"})


def check_number(shape: Shape, step: n.Step) -> None:
    """Check that a value which a step casts to a number can be one.

    Args:
        shape: of the value.
        step: the step; one that is no cast to a number is right.

    Raises:
        ExpressionError: the value is always an object, and none that is a number.
    """
    if not is_type(step.name) or cast_of(step).name.partition("(")[0] not in _TYPES:
        return
    found = options(shape)
    objects = [one for one in found if isinstance(one, Object)]
    if found and len(objects) == len(found) and not any(_is_number(one) for one in objects):
        rules = " or ".join(f"`{rule}`" for rule in dict.fromkeys(one.rule for one in objects))
        raise ExpressionError(
            step.at,
            f"the value is an object of {rules} and no number; one that is has the children `whole` (a list) and `decimals`, "
            "or `whole`, `numerator` and `denominator`",
        )


def _is_number(shape: Object) -> bool:
    fields, text = shape.fields, Text()
    if fields.keys() == NUMBER:
        return fields["whole"] == Many(text) and fields["decimals"] == text
    return fields.keys() in (FRACTION, FRACTION_BY_CHARACTER) and all(one == text for one in fields.values())
