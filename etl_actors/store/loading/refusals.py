"""What the database says when it refuses rows, told without any of it: its own message and DETAIL may quote the row."""

import re
from collections.abc import Sequence

import psycopg
from psycopg import errors as pg

from etl_actors.errors import DatabaseUnsuitable, DataRefused
from etl_actors.relational.tables import Table
from etl_actors.store.tables.constraints import check_name, check_text, index_name
from etl_actors.store.tables.temps import temp_of

__all__ = ["failure_of"]

# Errors of PL/pgSQL's own RAISE and ASSERT: a customer's trigger, with whatever text and code it likes.
_RAISED = frozenset({"exec_stmt_raise", "exec_stmt_assert"})
_DATA = (
    psycopg.DataError,
    psycopg.IntegrityError,
    pg.ProgramLimitExceeded,
    pg.RaiseException,
    pg.WithCheckOptionViolation,
)
# Of an index whose row is too long, whose text is of numbers and names alone.
_INDEXING = frozenset({"index_form_tuple_context", "_bt_check_third_page"})
_COPYING = re.compile(r"COPY (\w+), line \d+(?:, column )?")
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def failure_of(
    error: psycopg.Error, tables: Sequence[Table], filling: Table | None = None
) -> DataRefused | DatabaseUnsuitable | None:
    """Translate an error of a load; None for one that neither a row nor a missing right has caused.

    Args:
        error: whose text is not to be seen.
        tables: of the batch.
        filling: the one of them whose rows were being inserted; None before the first was.
    """
    if isinstance(error, pg.ProgramLimitExceeded) and error.diag.source_function in _INDEXING:
        return _too_long_for_index(error, filling)
    if isinstance(error, _DATA) or error.diag.source_function in _RAISED:
        return _refused(error, tables)
    return _closed(error) if isinstance(error, pg.InsufficientPrivilege) else None


def _refused(error: psycopg.Error, tables: Sequence[Table]) -> DataRefused:
    """Name the error and its place, and no value."""
    reason = _code(error)
    detail = _place(error) or _copied(error, tables)
    where = ", ".join(f"{kind} {detail[kind]}" for kind in ("table", "column", "constraint") if kind in detail)
    for table in tables:
        for column in table.columns:
            if column.check is not None and check_name(table, column) == detail.get("constraint"):
                detail |= {"table": table.qualified, "column": column.name, "check": check_text(column.check)}
                message = (
                    f"expected {table.qualified}.{column.name} to fulfil its check `{detail['check']}`, but a value does not"
                )
                return DataRefused(message, reason, detail)
    said = reason.replace("_", " ") + (f" ({where})" if where else "")
    return DataRefused(f"expected values that the database takes, but it answered {said}", reason, detail)


def _too_long_for_index(error: psycopg.Error, filling: Table | None) -> DataRefused:
    """Name table and index; where the server names neither, the table that was being filled and what its slip has indexed."""
    detail = _place(error)
    if not detail and filling is not None and not error.diag.context:  # with a context it was a trigger, in any table
        detail = {"table": filling.qualified}
        if filling.indexes:
            detail["indexes"] = ", ".join(index_name(filling, columns) for columns in filling.indexes)
    where = ", ".join(f"{kind} {name}" for kind, name in detail.items())
    said = f"{error.diag.message_primary}" + (f" ({where})" if where else "")
    return DataRefused(f"expected a value that its index takes, but the database answered {said}", _code(error), detail)


def _closed(error: pg.InsufficientPrivilege) -> DatabaseUnsuitable:
    """Say that a right is missing; the server's sentence only where it is the server's own, of names and no data."""
    own = (error.diag.source_function or "").startswith("aclcheck")
    said = error.diag.message_primary if own else "the database answered insufficient privilege (42501)"
    return DatabaseUnsuitable(f"The rights in the database do not suffice: {said}.")


def _code(error: psycopg.Error) -> str:
    return _WORD.sub("_", type(error).__name__).lower()


def _place(error: psycopg.Error) -> dict[str, str]:
    diag = error.diag
    if diag.source_function in _RAISED:
        return {}  # RAISE … USING TABLE, COLUMN, CONSTRAINT: a customer's trigger may put a value there
    table = f"{diag.schema_name}.{diag.table_name}" if diag.schema_name and diag.table_name else diag.table_name
    found = {"table": table, "column": diag.column_name, "constraint": diag.constraint_name}
    return {kind: name for kind, name in found.items() if name}


def _copied(error: psycopg.Error, tables: Sequence[Table]) -> dict[str, str]:
    """Read table and column off the context of a COPY, whose text goes on with the value."""
    context = error.diag.context or ""
    copying = _COPYING.match(context)
    for table in tables:
        if copying is not None and copying[1] == temp_of(table):
            # The longest name: another may begin as it does.
            columns = [c.name for c in table.columns if context.startswith(f"{c.name}: ", copying.end())]
            return {"table": table.qualified} | ({"column": max(columns, key=len)} if columns else {})
    return {}
