"""The `check` of a column: a predicate over the columns of its table, as the tree that the database's CHECK is made of."""

from collections.abc import Mapping
from decimal import Decimal

from etl_actors.relational.checks import AllOf, AnyOf, Check, Compared, Filled, NoneOf, OneOf
from etl_actors.slips.casts.column_type import ColumnType
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.source.problems import ExpressionError, did_you_mean
from etl_actors.slips.values.refused import Refused, shown

__all__ = ["check_tree"]

Types = Mapping[str, ColumnType | None]
Scalar = str | int | Decimal | bool

_OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NUMBERS = ("smallint", "int", "bigint", "numeric", "real", "double precision")
_TIMES = ("date", "timestamp", "timestamptz")


def check_tree(node: n.Predicate, types: Types) -> Check:
    """Make a CHECK of a predicate.

    Args:
        node: the predicate; its names are columns.
        types: of the table's columns by name; None where it is not known.

    Raises:
        ExpressionError: it looks at more than the columns, or compares what can't be compared.
    """
    match node:
        case n.All(_, parts):
            return AllOf(tuple(check_tree(part, types) for part in parts))
        case n.Any_(_, parts):
            return AnyOf(tuple(check_tree(part, types) for part in parts))
        case n.Not(_, part):
            return NoneOf(check_tree(part, types))
        case n.Exists(_, value):
            return Filled(_column(value, types))
        case n.Member(at, left, options):
            column = _column(left, types)
            if not options:
                raise ExpressionError(at, "expected at least one value behind `in`")
            return OneOf(column, tuple(_constant(option, column, types) for option in options))
        case n.Compare():
            return _compared(node, types)
        case _:
            raise ExpressionError(node.at, "a check compares columns with one another or with constants; it knows no grammars")


def _compared(node: n.Compare, types: Types) -> Check:
    operator, left, right = _OPERATORS[node.operator], node.left, node.right
    if isinstance(left, n.Literal):
        operator, left, right = _TURNED[operator], right, left
    column = _column(left, types)
    if not isinstance(right, n.Literal):
        other = _column(right, types)
        if not _comparable(types[column], types[other]):
            raise ExpressionError(right.at, f"`{column}` is {_named(types[column])} and `{other}` {_named(types[other])}")
        return Compared(column, operator, other, column_too=True)
    if right.value is None and operator in {"=", "<>"}:
        return NoneOf(Filled(column)) if operator == "=" else Filled(column)
    return Compared(column, operator, _constant(right, column, types))


def _column(node: n.Expression, types: Types) -> str:
    if isinstance(node, n.Literal):
        raise ExpressionError(node.at, "expected a column, got a constant")
    if not isinstance(node, n.Path) or node.root == "$" or len(node.segments) != 1 or not isinstance(node.segments[0], n.Field):
        raise ExpressionError(node.at, "a check sees the columns of its table, by their names, and constants; nothing else")
    name = node.segments[0].name
    if name not in types:
        raise ExpressionError(node.at, f"there is no column `{name}`{did_you_mean(name, list(types))}")
    return name


def _constant(node: n.Expression, column: str, types: Types) -> Scalar:
    if not isinstance(node, n.Literal):
        raise ExpressionError(node.at, "expected a constant")
    kind, value = types[column], node.value
    if value is None:
        raise ExpressionError(node.at, f"nothing compares with null; `exists({column})` asks for a value")
    if kind is None:
        return value
    if kind.name.endswith("[]") or kind.name == "jsonb":
        raise ExpressionError(node.at, f"`{column}` is {kind.name}, which a check can't compare; it can ask `exists({column})`")
    wanted = _scalar(kind)
    if _kind(value) != wanted:
        raise ExpressionError(node.at, f"`{column}` is {kind.name}: expected a {wanted} to compare it with, got {shown(value)}")
    try:
        return value if wanted == "number" else kind.text(value) if wanted == "string" else value
    except Refused as refused:
        raise ExpressionError(node.at, f"`{column}` is {kind.name}: {refused.sentence}") from None


def _scalar(kind: ColumnType) -> str:
    if _base(kind) in _NUMBERS:
        return "number"
    return "boolean" if kind.name == "boolean" else "string"


def _kind(value: Scalar) -> str:
    return "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"


def _base(kind: ColumnType) -> str:
    return kind.name.partition("(")[0]


def _comparable(one: ColumnType | None, other: ColumnType | None) -> bool:
    if one is None or other is None:
        return True
    kinds = {_base(one), _base(other)}
    return len(kinds) == 1 or kinds <= set(_NUMBERS) or kinds <= set(_TIMES)


def _named(kind: ColumnType | None) -> str:
    return kind.name if kind else "of no type"
