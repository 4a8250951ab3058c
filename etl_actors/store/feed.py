"""Stage documents of files: one COPY and one commit a chunk."""

from collections.abc import Sequence
from unicodedata import category

import psycopg
from psycopg import errors as pg

from etl_actors.errors import DatabaseUnsuitable, DataRefused, UsageError
from etl_actors.store.database import Connection, connect, describe, translated
from etl_actors.store.queries import queries

__all__ = ["FeedConnection", "copy_lines"]

_SQL = queries("feed")
_MAX_SOURCE_BYTES = 255
_BREAKS = frozenset({"Cc", "Zl", "Zp"})  # categories of Unicode: control characters, line and paragraph separators
_NOT_FOR_JSONB = ("22", "54", "XX")  # classes: data exception, program limit exceeded, and "invalid memory alloc request size"


class FeedConnection:
    """A connection that stages documents of one source, as an operator where the login may, else as the login itself.

    Args:
        url: libpq's URL of the database.
        source: of every document; 1 to 255 bytes, without line breaks and control characters.
        slip: the slip that every document names, None to let it be chosen.
        partition_rows: rows a partition of staging, for those that are added ahead of the feed.

    Raises:
        UsageError: the source or the slip cannot be a name.
        DatabaseUnavailable: nobody answers at the URL.
        DatabaseUnsuitable: the schema is not there.
    """

    def __init__(self, url: str, source: str, slip: str | None = None, partition_rows: int = 1_000_000) -> None:
        for what, name in (("source", source), ("slip", slip)):
            if name is not None and not _is_name(name):
                expected = f"a {what} of 1 to {_MAX_SOURCE_BYTES} bytes without line breaks and control characters"
                msg = f"Expected {expected}, got {name[:80]!r}."
                raise UsageError(msg)
        self._url = url
        self._source = source
        self._slip = slip
        self._partition_rows = partition_rows
        self._rows_until_partition = 0
        self._conn: Connection = connect(url, role=None, application_name="etl-actors feed")
        try:
            self._is_operator = self._take_role()
        except BaseException:
            self._conn.close()
            raise

    def put(self, payloads: Sequence[bytes]) -> None:
        """Stage documents, in order, in one COPY and one commit.

        Args:
            payloads: JSON texts in UTF-8 without line feeds.

        Raises:
            DataRefused: one of them is not for `jsonb`; nothing was staged.
            DatabaseUnavailable: the connection is gone; it is not known whether the rows were staged.
            DatabaseUnsuitable: the login may not stage, or staging has no room.
        """
        self._rows_until_partition -= len(payloads)
        if self._rows_until_partition <= 0:
            self._add_partitions()
        with translated(self._url):
            try:
                self._copy(copy_lines(self._source, payloads, self._slip))
            except pg.CheckViolation as exc:
                msg = "etl.staging has no partition for more rows: start the daemon, which adds them, and feed again."
                raise DatabaseUnsuitable(msg) from exc
            except psycopg.DatabaseError as exc:
                if not (exc.sqlstate or "").startswith(_NOT_FOR_JSONB):
                    raise
                raise DataRefused(exc.diag.message_primary or type(exc).__name__, exc.sqlstate or "") from exc

    def has_slip(self) -> bool | None:
        """Tell whether the slip that every row names is in force in the database; None where the login may not know, or none is named.

        Raises:
            DatabaseUnavailable: the connection is gone.
        """
        if self._slip is None or not self._is_operator:
            return None
        with translated(self._url):
            row = self._conn.execute(_SQL["slip_in_force"], {"slip": self._slip}).fetchone()
        return row is not None and bool(row[0])

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def _copy(self, lines: bytes) -> None:
        statement = _SQL["copy"] if self._slip is None else _SQL["copy_with_slip"]
        with self._conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(lines)

    def _take_role(self) -> bool:
        with translated(self._url):
            row = self._conn.execute(_SQL["standing"]).fetchone()
            is_there, may_operate = row if row is not None else (False, False)
            if not is_there:
                msg = f"{describe(self._url)} has no etl.staging: run `etl-actors migrate` first."
                raise DatabaseUnsuitable(msg)
            if may_operate:
                self._conn.execute(_SQL["act_as_operator"])
            return bool(may_operate)

    def _add_partitions(self) -> None:
        """Keep staging ahead of the feed even where no daemon runs; a mere producer leaves that to the daemon."""
        self._rows_until_partition = self._partition_rows
        if self._is_operator:
            with translated(self._url):
                self._conn.execute(_SQL["add_partitions"], {"partition_rows": self._partition_rows})


def copy_lines(source: str, payloads: Sequence[bytes], slip: str | None) -> bytes:
    r"""Return the lines of a COPY in text format.

    The payloads are joined, escaped all at once, and only then given their other fields, so no line costs a call of its own.

    Args:
        source: of every line.
        payloads: without line feeds.
        slip: of every line; None leaves the field out.
    """
    before = _escaped(source.encode()) + b"\t"
    after = b"" if slip is None else b"\t" + _escaped(slip.encode())
    body = _escaped(b"\n".join(payloads), keep_newline=True)
    return before + body.replace(b"\n", after + b"\n" + before) + after + b"\n"


def _escaped(text: bytes, *, keep_newline: bool = False) -> bytes:
    text = text.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\r", b"\\r")
    return text if keep_newline else text.replace(b"\n", b"\\n")


def _is_name(name: str) -> bool:
    fits = 0 < len(name.encode("utf-8", "replace")) <= _MAX_SOURCE_BYTES
    return fits and not any(category(character) in _BREAKS for character in name)
