"""The column types that a slip can ask for: how a JSON value becomes one, and its COPY text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from etl_actors.slips import cast_net, cast_numbers, cast_text, cast_times

__all__ = ["NULL", "ColumnType", "column_type", "copy_escaped", "is_type", "type_names"]

NULL = "\\N"  # null in a COPY line
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_MAX_PRECISION = 1000  # PostgreSQL's for numeric, and for its scale either way

Cast = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A PostgreSQL type.

    Args:
        name: PostgreSQL's name of it, such as ``numeric(12,2)``.
        value: casts any JSON value to the one that later steps see; null stays null.
        text: casts to PostgreSQL's text, or None for null.
        plain: its text never holds a character that COPY escapes.
        inline: Python that gives the COPY field of the commonest values without a call: ``{}`` is the value, kept as ``v``,
            and it ends in ``else``.
    """

    name: str
    value: Cast
    text: Cast
    plain: bool = True
    inline: str = ""

    @property
    def copy(self) -> Cast:
        """The cast to a field of a COPY line, null included."""
        return _plain_copy(self.text) if self.plain else _escaped_copy(self.text)


def copy_escaped(text: str) -> str:
    """Escape a text for a COPY line."""
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)


def _plain_copy(text: Cast) -> Cast:
    def copy(value: Any) -> Any:
        return NULL if value is None else text(value)

    return copy


def _escaped_copy(text: Cast) -> Cast:
    def copy(value: Any) -> str:
        return NULL if value is None else copy_escaped(text(value))

    return copy


def _same(name: str, cast: Cast) -> ColumnType:
    return ColumnType(name, cast, cast)


def _integer(name: str, bits: int) -> ColumnType:
    high = 2 ** (bits - 1)
    return ColumnType(
        name, *cast_numbers.integer(name, bits), inline=f"v if type(v := {{}}) is int and {-high} <= v < {high} else"
    )


_TEXT = 'v if type(v := {}) is str and v.isprintable() and "\\\\" not in v else'
_BOOLEAN = '"t" if (v := {}) is True else "f" if v is False else'


_TYPES = {
    "text": ColumnType("text", cast_text.text_text, cast_text.text_text, plain=False, inline=_TEXT),
    "smallint": _integer("smallint", 16),
    "int": _integer("int", 32),
    "bigint": _integer("bigint", 64),
    "double": ColumnType("double precision", cast_numbers.to_double, cast_numbers.double_text),
    "real": ColumnType("real", cast_numbers.to_real, cast_numbers.real_text_of),
    "numeric": ColumnType("numeric", cast_numbers.to_numeric, cast_numbers.numeric_text),
    "boolean": ColumnType("boolean", cast_text.to_boolean, cast_text.boolean_text, inline=_BOOLEAN),
    "date": _same("date", cast_times.date_text),
    "time": _same("time", cast_times.time_text),
    "timestamp": _same("timestamp", cast_times.timestamp_text),
    "timestamptz": _same("timestamptz", cast_times.timestamptz_text),
    "uuid": _same("uuid", cast_text.uuid_text),
    "inet": _same("inet", cast_net.inet_text),
    "cidr": _same("cidr", cast_net.cidr_text),
    "macaddr": _same("macaddr", cast_net.macaddr_text),
    "jsonb": ColumnType("jsonb", cast_text.jsonb_value, cast_text.jsonb_text, plain=False),
}
_ALIASES = {
    "integer": "int",
    "float": "double",
    "bool": "boolean",
    "decimal": "numeric",
    "float8": "double",
    "float4": "real",
    "int2": "smallint",
    "int4": "int",
    "int8": "bigint",
}


def is_type(name: str) -> bool:
    """Tell whether a step's name is a type's."""
    return name in _TYPES or name in _ALIASES


def type_names() -> list[str]:
    """List the names of all types, aliases included."""
    return [*_TYPES, *_ALIASES]


def column_type(name: str, arguments: tuple[int, ...] = ()) -> ColumnType:
    """Find a type by its name in a slip.

    Args:
        name: one for which `is_type` holds.
        arguments: precision and scale, of numeric only.

    Returns:
        The type.

    Raises:
        ValueError: arguments that the type does not take, as a sentence.
    """
    known = _TYPES[_ALIASES.get(name, name)]
    if not arguments:
        return known
    if known.name != "numeric":
        message = f"the type {name} takes no arguments in this release"
        raise ValueError(message)
    precision, scale = (*arguments, 0)[:2]
    if len(arguments) > 2 or not 1 <= precision <= _MAX_PRECISION or abs(scale) > _MAX_PRECISION:  # noqa: PLR2004  (precision, scale)
        message = "numeric takes a precision of 1 to 1000 and a scale of -1000 to 1000"
        raise ValueError(message)
    return ColumnType(f"numeric({precision},{scale})", *cast_numbers.numeric_with(precision, scale))
