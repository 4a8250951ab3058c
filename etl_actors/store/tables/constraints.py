"""CHECK constraints as SQL: from trees, with quoted names and literals, under names by which ours are known again."""

from hashlib import blake2b

from psycopg import sql

from etl_actors.relational.checks import AllOf, AnyOf, Check, Compared, Filled, NoneOf, OneOf, Scalar
from etl_actors.relational.tables import Column, Policy, Table
from etl_actors.store.tables.quoting import listed

__all__ = ["check_constraint", "check_name", "check_text", "checked", "index_name", "is_ours"]

_BYTES = 63
_CHECK = "etl_check_"
_INDEX = "etl_index_"


def check_name(table: Table, column: Column) -> str:
    """Return the name of a column's CHECK constraint: another where the check is another."""
    return _named(_CHECK, (table.qualified, column.name, column.check, column.null), table.name, column.name)


def index_name(table: Table, columns: tuple[str, ...]) -> str:
    """Return the name of an index that a slip asks for."""
    return _named(_INDEX, (table.qualified, columns), table.name, *columns)


def is_ours(name: str) -> bool:
    """Tell whether a CHECK constraint is one that a slip asked for."""
    return name.startswith(_CHECK)


def _named(prefix: str, made_of: object, *words: str) -> str:
    digest = blake2b(repr(made_of).encode(), digest_size=4).hexdigest()
    return f"{prefix}{digest}_{'_'.join(words)}".encode()[:_BYTES].decode(errors="ignore")


def checked(table: Table) -> list[Column]:
    """Return the columns whose checks a target has.

    Of a table that many documents fill, one that speaks of another column is for each document's own row alone: whether two
    of them agree would else decide which of them is refused, by who comes first.
    """
    with_checks = [column for column in table.columns if column.check is not None]
    if table.policy is not Policy.FILL:
        return with_checks
    return [column for column in with_checks if column.check is not None and _columns(column.check) <= {column.name}]


def _columns(check: Check) -> set[str]:
    match check:
        case Compared(column, _, other, column_too):
            return {column, str(other)} if column_too else {column}
        case OneOf(column, _) | Filled(column):
            return {column}
        case AllOf(parts) | AnyOf(parts):
            return set().union(*map(_columns, parts))
        case NoneOf(part):
            return _columns(part)


def check_constraint(table: Table, column: Column) -> sql.Composed:
    """Write ``CONSTRAINT name CHECK (…)`` for a column that has a check.

    Raises:
        ValueError: it has none.
    """
    if column.check is None:
        msg = f"{table.qualified}.{column.name} has no check"
        raise ValueError(msg)
    holds = _rendered(column.check)
    if column.null and not _passes_null(column.check, column.name):
        holds = sql.SQL("{} IS NULL OR ({})").format(sql.Identifier(column.name), holds)
    return sql.SQL("CONSTRAINT {} CHECK ({})").format(sql.Identifier(check_name(table, column)), holds)


def _rendered(check: Check) -> sql.Composed:
    match check:
        case Compared(column, operator, other, column_too):
            right: sql.Composable = sql.Identifier(str(other)) if column_too else sql.Literal(other)
            return sql.SQL("{} {} {}").format(sql.Identifier(column), _OPERATORS[operator], right)
        case OneOf(column, options):
            given = listed(sql.Literal(option) for option in options)
            return sql.SQL("{} IN ({})").format(sql.Identifier(column), given)
        case Filled(column):
            return sql.SQL("{} IS NOT NULL").format(sql.Identifier(column))
        case AllOf(parts):
            return sql.SQL(" AND ").join(sql.SQL("({})").format(_rendered(part)) for part in parts)
        case AnyOf(parts):
            return sql.SQL(" OR ").join(sql.SQL("({})").format(_rendered(part)) for part in parts)
        case NoneOf(part):
            return sql.SQL("NOT ({})").format(_rendered(part))


_OPERATORS = {sign: sql.SQL(sign) for sign in ("=", "<>", "<", "<=", ">", ">=")}


def _passes_null(check: Check, column: str) -> bool:
    """Tell whether a null of the column makes the check unknown, which PostgreSQL lets pass, whatever else the row holds."""
    match check:
        case Compared(name, _, other, column_too):
            return name == column or (column_too and other == column)
        case OneOf(name, options):
            return name == column and bool(options)
        case AllOf(parts) | AnyOf(parts):
            return all(_passes_null(part, column) for part in parts)
        case NoneOf(part):
            return _passes_null(part, column)
        case Filled():
            return False


def check_text(check: Check) -> str:
    """Write a check as people read it: ``amount >= 0``."""
    match check:
        case Compared(column, operator, other, column_too):
            return f"{column} {operator} {other if column_too else _shown(other)}"
        case OneOf(column, options):
            return f"{column} in ({', '.join(map(_shown, options))})"
        case Filled(column):
            return f"exists({column})"
        case AllOf(parts):
            return " and ".join(map(_inner, parts))
        case AnyOf(parts):
            return " or ".join(map(_inner, parts))
        case NoneOf(part):
            return f"not {_inner(part)}"


def _inner(check: Check) -> str:
    text = check_text(check)
    return f"({text})" if isinstance(check, AllOf | AnyOf) else text


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)
