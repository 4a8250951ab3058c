"""Read the documents of an existing table, on a connection of its own that can change nothing."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from etl_actors.errors import EtlError, UsageError
from etl_actors.store.database import connect, translated
from etl_actors.store.queries import queries

__all__ = ["TableReader", "Wanted"]

_SQL = queries("feed")
_NAME = re.compile(r'(?:"((?:[^"]|"")+)"|([^".]+))(?:\.(?:"((?:[^"]|"")+)"|([^".]+)))?')
_TEXTS = frozenset({"json", "jsonb", "text", "character varying", "character"})
_ARRAYS = frozenset({"json[]", "jsonb[]"})
_MOST_COLUMNS = 50  # PostgreSQL passes a function 100 arguments


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of which table.

    Args:
        table: ``name`` or ``schema.name``, as it is written in the catalogue; a part with a dot stands in double quotes.
        column: which holds the documents.
        fields: columns that become fields of the documents, by the name of the field.
        condition: SQL that holds for the rows that are read; None for all.
        split: whether the elements of an array are documents of their own.
    """

    table: str
    column: str
    fields: Mapping[str, str] = field(default_factory=dict)
    condition: str | None = None
    split: bool = False


class TableReader:
    """Reads documents in a transaction that is read only, one row at a time, in whatever order they come.

    Args:
        url: libpq's URL of the database.
        wanted: what to read; with the rights of the login, not of a role of ours.

    Raises:
        UsageError: there is no such table or column, or the condition is none.
        DatabaseUnavailable: nobody answers at the URL.
        DatabaseUnsuitable: the login may not read the table.
    """

    def __init__(self, url: str, wanted: Wanted) -> None:
        self._url = url
        self._conn = connect(url, role=None, application_name="etl-actors feed (reading)")
        try:
            self._conn.autocommit = False
            self._conn.read_only = True
            with translated(url):
                oid, schema, table = self._table(wanted.table)
                self.name = f"{schema}.{table}"
                self._select = self._selected(wanted, oid, sql.Identifier(schema, table))
                self.rows_expected = self._expected()
        except BaseException:
            self._conn.close()
            raise

    def documents(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        """Yield, for each row, the document's text, None for null, and the other columns as the text of a JSON object.

        Raises:
            EtlError: the rest cannot be read.
        """
        try:
            with translated(self._url), self._conn.cursor() as cursor:
                # Extended protocol, and so one statement, whatever the condition holds; one row in memory at a time.
                for document, fields in cursor.stream(self._select):
                    yield _bytes(document), _bytes(fields)
        except psycopg.Error as error:
            raise EtlError(f"{self.name} can be read no further: {_said(error)}.") from error

    def close(self) -> None:
        """Close the connection; what is still being read is given up."""
        self._conn.close()

    def _table(self, given: str) -> tuple[int, str, str]:
        parts = _NAME.fullmatch(given)
        if parts is None or "\0" in given:
            raise UsageError(f"--from-table: expected a table as NAME or SCHEMA.NAME, got {given!r}.")
        names = [quoted.replace('""', '"') if quoted else plain for quoted, plain in (parts.group(1, 2), parts.group(3, 4))]
        name = sql.Identifier(*filter(None, names)).as_string(self._conn)
        found = self._conn.execute(_SQL["table"], {"name": name}).fetchone()
        if found is None:
            raise UsageError(f"--from-table: expected a table or view of the database in use, got {given!r}, which is none.")
        oid, schema, table = found
        return int(oid), str(schema), str(table)

    def _selected(self, wanted: Wanted, oid: int, table: sql.Identifier) -> sql.Composed:
        types = dict(self._conn.execute(_SQL["columns"], {"table": oid}).fetchall())
        for option, names in (("--json", [wanted.column]), ("--with", wanted.fields.values())):
            for name in names:
                if name not in types:
                    raise UsageError(f"{option}: expected a column of {self.name} ({', '.join(types)}), got {name!r}.")
        kind = types[wanted.column]
        takes = _TEXTS | _ARRAYS if wanted.split else _TEXTS
        if kind not in takes:
            more = " (with --split also json[] and jsonb[])" if kind in _ARRAYS else ""
            raise UsageError(f"--json: expected a column of type json, jsonb or text{more}, got {wanted.column} of type {kind}.")
        if len(wanted.fields) > _MOST_COLUMNS:
            raise UsageError(f"--with: expected at most {_MOST_COLUMNS} columns, got {len(wanted.fields)}.")
        column = sql.Identifier(wanted.column)
        document = sql.SQL("to_json({})::text" if kind in _ARRAYS else "{}::text").format(column)
        pairs = [part for name, other in wanted.fields.items() for part in (sql.Literal(name), sql.Identifier(other))]
        fields = sql.SQL("json_build_object({})::text").format(sql.SQL(", ").join(pairs)) if pairs else sql.SQL("NULL")
        select = sql.SQL("SELECT {}, {} FROM {}").format(document, fields, table)
        if wanted.condition is None:
            return select
        # The operator's own SQL; the line feeds keep a comment in it from taking the bracket. A bracket that it closes and has
        # not opened would be ours: it is refused where we open none.
        condition = sql.SQL(wanted.condition)
        self._explained(select + sql.SQL(" WHERE ") + condition)
        return select + sql.SQL(" WHERE (\n") + condition + sql.SQL("\n)")

    def _expected(self) -> int | None:
        """Return how many rows the planner expects, from `reltuples`."""
        row = self._explained(self._select)
        return None if row is None else int(row[0][0]["Plan"]["Plan Rows"])

    def _explained(self, select: sql.Composed) -> tuple[Any, ...] | None:
        """Return the plan of a statement; the planner refuses a condition that is none."""
        try:
            with _one_statement(self._conn) as cursor:
                return cursor.execute(sql.SQL("EXPLAIN (FORMAT JSON) ") + select).fetchone()
        except (psycopg.errors.InsufficientPrivilege, psycopg.OperationalError):
            raise
        except (psycopg.Error, ValueError) as error:
            raise UsageError(f"--where: the database refuses the condition: {_said(error)}.") from error


@contextmanager
def _one_statement(conn: psycopg.Connection) -> Iterator[psycopg.Cursor]:
    """Open a cursor of the extended protocol, in which the server takes one statement and no more."""
    with conn.cursor(binary=True) as cursor:
        yield cursor


def _bytes(text: str | bytes | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text


def _said(error: Exception) -> str:
    said = (error.diag.message_primary if isinstance(error, psycopg.Error) else None) or str(error) or type(error).__name__
    return said.splitlines()[0].rstrip(".")
