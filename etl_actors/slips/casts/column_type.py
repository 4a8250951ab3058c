"""The column types that a slip can ask for: how a JSON value becomes one, and its COPY text."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from etl_actors.slips.casts import arrays as cast_arrays
from etl_actors.slips.casts import bytea as cast_bytes
from etl_actors.slips.casts import formats as cast_formats
from etl_actors.slips.casts import interval as cast_interval
from etl_actors.slips.casts import net as cast_net
from etl_actors.slips.casts import numeric as cast_numbers
from etl_actors.slips.casts import plain as cast_text
from etl_actors.slips.casts import times as cast_times
from etl_actors.slips.casts.misfit import Misfit

__all__ = ["NULL", "ColumnType", "column_type", "copy_escaped", "is_type", "type_names"]

NULL = "\\N"  # null in a COPY line
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SURE_DIGITS = 15  # a double holds them all, and `repr` writes them as they came
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
        inline_clean: the same for values of a document whose texts hold nothing that COPY escapes, which ``clean`` tells; empty
            where it is no quicker.
        keyable: whether equal values have equal texts in the end, so that it can be in a key.
        unformatted: the same type without a format of its own; None where it has none.
    """

    name: str
    value: Cast
    text: Cast
    plain: bool = True
    inline: str = ""
    inline_clean: str = ""
    keyable: bool = True
    unformatted: "ColumnType | None" = None

    @property
    def column(self) -> "ColumnType":
        """The type of a column: it takes what this one's cast gives."""
        return self.unformatted or self

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


# Of a long text that is all ASCII, looking for each character that COPY escapes or text cannot hold is quicker.
_CLEAN = 'v.isascii() and "\\t" not in v and "\\n" not in v and "\\r" not in v and "\\0" not in v'
_TEXT = f'v if type(v := {{}}) is str and "\\\\" not in v and (v.isprintable() if len(v) < 64 else {_CLEAN}) else'
_TEXT_CLEAN = "v if type(v := {}) is str and clean else"
_BOOLEAN = '"t" if (v := {}) is True else "f" if v is False else'


_TYPES = {
    "text": ColumnType("text", cast_text.text_text, cast_text.text_text, plain=False, inline=_TEXT, inline_clean=_TEXT_CLEAN),
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
    "interval": ColumnType("interval", cast_interval.interval_text, cast_interval.interval_text, keyable=False),
    "uuid": _same("uuid", cast_text.uuid_text),
    "inet": _same("inet", cast_net.inet_text),
    "cidr": _same("cidr", cast_net.cidr_text),
    "macaddr": _same("macaddr", cast_net.macaddr_text),
    "jsonb": ColumnType("jsonb", cast_text.jsonb_value, cast_text.jsonb_text, plain=False),
    "bytea": ColumnType("bytea", cast_bytes.bytea(None), cast_bytes.bytea(None), plain=False),
}
# Of these the text of an array tells equal arrays from unequal ones.
_PLAIN_ELEMENTS = frozenset(
    ("text", "smallint", "int", "bigint", "boolean", "date", "time", "timestamp", "timestamptz", "uuid", "macaddr", "bytea")
)
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


@cache  # so that the same type is the same object, which generated code binds once
def column_type(
    name: str, arguments: tuple[int | str, ...] = (), named: tuple[tuple[str, int | str], ...] = (), *, array: bool = False
) -> ColumnType:
    """Find a type by its name in a slip.

    Args:
        name: one for which `is_type` holds.
        arguments: precision and scale of numeric; the format of a date or time, or of bytea.
        named: ``tz`` and ``year`` of dates and times.
        array: whether it is an array of these.

    Returns:
        The type.

    Raises:
        Misfit: arguments that the type does not take.
    """
    if array:
        return _array(column_type(name, arguments, named))
    known = _TYPES[_ALIASES.get(name, name)]
    if not arguments and not named:
        return known
    if known.name in cast_formats.TIMES:
        return _time(known, arguments, dict(named))
    if named:
        message = f"the type {name} takes no argument `{named[0][0]}=`"
        raise Misfit(message, named[0][0])
    if known.name == "numeric":
        return _numeric(arguments)
    if known.name == "bytea":
        return _bytea(known, arguments)
    message = f"the type {name} takes no arguments"
    raise Misfit(message, 0)


def _numeric(arguments: tuple[int | str, ...]) -> ColumnType:
    numbers = [one for one in arguments if type(one) is int]
    precision, scale = (*numbers, 0, 0)[:2]
    if not len(arguments) == len(numbers) <= 2 or not 1 <= precision <= _MAX_PRECISION or abs(scale) > _MAX_PRECISION:  # noqa: PLR2004  (precision, scale)
        message = "numeric takes a precision of 1 to 1000 and a scale of -1000 to 1000"
        raise Misfit(message)
    inline = _as_written(precision, scale) if 0 < scale < precision <= _SURE_DIGITS else ""
    return ColumnType(f"numeric({precision},{scale})", *cast_numbers.numeric_with(precision, scale), inline=inline)


def _as_written(precision: int, scale: int) -> str:
    """Take a float that is written with as many digits behind the point as are wanted, or one fewer, as it is written."""
    limit = float(10 ** (precision - scale))
    fits = f"type(v := {{}}) is float and v and {-limit} < v < {limit}"
    exact = f's if {fits} and (s := repr(v))[{-scale - 1}:{-scale}] == "."'
    if scale == 1:
        return f"{exact} else"
    return f'{exact} else s + "0" if type(v) is float and v and {-limit} < v < {limit} and s[{-scale}:{1 - scale}] == "." else'


def _bytea(known: ColumnType, arguments: tuple[int | str, ...]) -> ColumnType:
    if len(arguments) != 1 or arguments[0] not in cast_bytes.FORMS:
        message = "bytea takes one of 'hex' and 'base64'"
        raise Misfit(message)
    cast = cast_bytes.bytea(str(arguments[0]))
    return ColumnType(known.name, cast, cast, plain=False, unformatted=known)


def _time(known: ColumnType, arguments: tuple[int | str, ...], named: dict[str, int | str]) -> ColumnType:
    if len(arguments) > 1 or (arguments and type(arguments[0]) is not str):
        message = f"the type {known.name} takes one format, in quotes, and `tz=` and `year=`"
        raise Misfit(message, 1 if len(arguments) > 1 else 0)
    zone, year = named.pop("tz", None), named.pop("year", None)
    if named:
        message = f"the type {known.name} takes no argument `{next(iter(named))}=`, only `tz=` and `year=`"
        raise Misfit(message, next(iter(named)))
    if zone is not None and type(zone) is not str:
        message = '`tz=` takes a time zone in quotes, as in tz="Europe/Berlin"'
        raise Misfit(message, "tz")
    if year is not None and type(year) is not int:
        message = "`year=` takes a year, without quotes"
        raise Misfit(message, "year")
    cast = cast_formats.time_cast(known.name, str(arguments[0]) if arguments else None, zone, year)
    return ColumnType(known.name, cast, cast, unformatted=known)


def _array(element: ColumnType) -> ColumnType:
    casts = cast_arrays.array_casts((element.value, element.text), nested=element.name == "jsonb")
    return ColumnType(
        f"{element.name}[]",
        *casts,
        plain=element.plain,
        keyable=element.name in _PLAIN_ELEMENTS,
        unformatted=_array(element.unformatted) if element.unformatted else None,
    )
