"""Names and texts in statements that are built for a table: quoted, and safe beside parameters."""

from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import ParamSpec, cast

from psycopg import sql
from psycopg.abc import AdaptContext

from etl_actors.relational.tables import Table

__all__ = ["Quoted", "QuotedText", "identifier", "listed", "names", "written_once"]

P = ParamSpec("P")


class Quoted(sql.Identifier):
    """An identifier in a statement that has parameters: the driver would take a percent sign in it for one more."""

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the quoted name, its percent signs doubled."""
        return super().as_bytes(context).replace(b"%", b"%%")


class QuotedText(sql.Literal):
    """A literal in a statement that has parameters."""

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the quoted text, its percent signs doubled."""
        return super().as_bytes(context).replace(b"%", b"%%")


def identifier(table: Table) -> sql.Identifier:
    """Return the table's qualified name, quoted."""
    return sql.Identifier(table.schema, table.name)


def names(columns: Iterable[str]) -> sql.Composed:
    """Return a quoted, comma-separated column list, for a statement that has parameters."""
    return listed(Quoted(c) for c in columns)


def listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Return parts with commas between them."""
    return sql.SQL(", ").join(parts)


def written_once(write: Callable[P, sql.Composable]) -> Callable[P, bytes]:
    """Make a function that writes a statement give its text, and remember it: to write one takes longer than to send it.

    Args:
        write: writes it by its arguments alone, which are hashable.
    """

    @wraps(write)
    def written(*args: P.args, **kwargs: P.kwargs) -> bytes:
        return write(*args, **kwargs).as_bytes(None)

    return cast("Callable[P, bytes]", lru_cache(maxsize=1_000)(written))
