"""The values of grammars that are numbers, days and times: a rule's object of any other shape is cast to none, told before any is."""

from collections.abc import Callable

from etl_actors.combinators.shape import Many, Object, Shape, Text
from etl_actors.slips.casts.column_type import is_type
from etl_actors.slips.casts.written_number import FRACTION, FRACTION_BY_CHARACTER, NUMBER
from etl_actors.slips.casts.written_time import DATE, DATETIME, TIME, TIME_TOO, WEEK
from etl_actors.slips.checking.shape_paths import options
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.expression_type import cast_of
from etl_actors.slips.source.problems import ExpressionError

__all__ = ["check_cast"]

_NUMBERS = frozenset({"smallint", "int", "bigint", "numeric", "real", "double precision"})
_A_NUMBER = "no number; one that is has the children `whole` (a list) and `decimals`, or `whole`, `numerator` and `denominator`"
_A_DAY = "no day; one that is has the children `year`, `month` and `day`"
_A_CLOCK = "no time of day; one that is has the children `hour` and `minute`"
_A_STAMP = "no time stamp; one that is has the children `date` and `time`, as std:datetime has them"


def check_cast(shape: Shape, step: n.Step) -> None:
    """Check that a value which a step casts to a number, a day or a time can be one.

    Args:
        shape: of the value.
        step: the step; one that is no such cast is right.

    Raises:
        ExpressionError: the value is always an object, and none that can be cast so.
    """
    if not is_type(step.name) or step.array:
        return
    fits, otherwise = _kind(cast_of(step).name.partition("(")[0])
    found = options(shape)
    objects = [one for one in found if isinstance(one, Object)]
    if fits and found and len(objects) == len(found) and not any(fits(one) for one in objects):
        rules = " or ".join(f"`{rule}`" for rule in dict.fromkeys(one.rule for one in objects))
        raise ExpressionError(step.at, f"the value is an object of {rules} and {otherwise}")


def _kind(name: str) -> tuple[Callable[[Object], bool] | None, str]:
    match name:
        case "date":
            return _is_day, _A_DAY
        case "time":
            return _is_clock, _A_CLOCK
        case "timestamp" | "timestamptz":
            return _is_stamp, _A_STAMP
        case _:
            return (_is_number, _A_NUMBER) if name in _NUMBERS else (None, "")


def _is_number(shape: Object) -> bool:
    fields, text = shape.fields, Text()
    if fields.keys() == NUMBER:
        return fields["whole"] == Many(text) and fields["decimals"] == text
    return fields.keys() in (FRACTION, FRACTION_BY_CHARACTER) and _all_texts(shape)


def _is_day(shape: Object) -> bool:
    return DATE <= shape.fields.keys() <= DATE | WEEK and _all_texts(shape)


def _is_clock(shape: Object) -> bool:
    return TIME <= shape.fields.keys() <= TIME | TIME_TOO and _all_texts(shape)


def _is_stamp(shape: Object) -> bool:
    if shape.fields.keys() != DATETIME:
        return False
    day, clock = options(shape.fields["date"]), options(shape.fields["time"])
    return any(isinstance(one, Object) and _is_day(one) for one in day) and any(
        isinstance(one, Object) and _is_clock(one) for one in clock
    )


def _all_texts(shape: Object) -> bool:
    return all(one == Text() for one in shape.fields.values())
