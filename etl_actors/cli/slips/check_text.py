"""A column's check in the words of a slip."""

from etl_actors.relational.checks import AllOf, AnyOf, Check, Compared, Filled, NoneOf, OneOf, Scalar

__all__ = ["check_text"]

_WORDS = {"=": "==", "<>": "!="}


def check_text(check: Check) -> str:
    """Write a check as a slip has it, such as ``amount >= 0``."""
    match check:
        case Compared(column, operator, other, column_too):
            return f"{column} {_WORDS.get(operator, operator)} {other if column_too else _constant(other)}"
        case OneOf(column, options):
            return f"{column} in [{', '.join(_constant(option) for option in options)}]"
        case Filled(column):
            return f"exists({column})"
        case AllOf(parts):
            return " and ".join(_grouped(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_grouped(part) for part in parts)
        case NoneOf(part):
            return f"not {_grouped(part)}"


def _grouped(check: Check) -> str:
    return f"({check_text(check)})" if isinstance(check, AllOf | AnyOf) else check_text(check)


def _constant(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)
