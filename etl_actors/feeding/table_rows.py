"""Rows of the documents of a table."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from etl_actors.errors import EtlError
from etl_actors.feeding import syntax
from etl_actors.feeding.chunk import Row
from etl_actors.feeding.document import JUDGED_BYTES, find_flaw, with_fields
from etl_actors.feeding.elements import Elements
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.json_rows import flaw_of
from etl_actors.feeding.lines import LongLine
from etl_actors.feeding.stop import Interrupted, Stop

__all__ = ["Reader", "TableRows"]

_ROWS = 500
_BYTES = 1024 * 1024


class Reader(Protocol):
    """What reads a table."""

    @property
    def name(self) -> str: ...  # noqa: D102

    def documents(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        """Yield the document's text, None for null, and the fields to add as a JSON object, None for none."""
        ...

    def close(self) -> None: ...  # noqa: D102


class TableRows(AbstractContextManager["TableRows"]):
    """The rows of one table.

    Args:
        reader: closed at the end.
        split: whether the elements of an array are documents of their own.
    """

    blanks = "row without a document"
    emptied = False
    last_line = 0

    def __init__(self, reader: Reader, *, split: bool = False) -> None:
        self.name = reader.name
        self.blank = 0
        self.last_document = 0
        self._reader = reader
        self._split = split

    @property
    def position(self) -> int:
        """Rows of the table that were read."""
        return self.last_document

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Read no further."""
        self._reader.close()

    def rows(self, stop: Stop) -> Iterator[list[Row]]:
        """Yield the rows, several at a time.

        Raises:
            Interrupted: the user asked to stop.
            EtlError: the table can be read no further; what was read has been yielded.
        """
        documents = self._reader.documents()
        rows: list[Row] = []
        size = 0
        try:
            while (read := stop.reading(lambda: next(documents, None))) is not None:
                self.last_document += 1
                made = self._made(*read)
                self.blank += not made
                rows += made
                size += len(read[0] or b"")
                if len(rows) >= _ROWS or size >= _BYTES:
                    yield rows
                    rows, size = [], 0
        except (EtlError, Interrupted):
            yield rows
            raise
        yield rows

    def _made(self, text: bytes | None, fields: bytes | None) -> list[Row]:
        if text is None:
            return []
        if not self._split:
            flaw = find_flaw(text)
            if flaw is None and len(text) > JUDGED_BYTES and b"\n" in text:
                flaw = syntax.find_flaw(text)  # in a string a line feed is wrong, and would be made right below
            return [self._row(text, fields, flaw)]
        elements = Elements()
        return [self._row(each.text, fields, flaw_of(each)) for each in [*elements.add(text), *elements.end()]]

    def _row(self, text: bytes | LongLine, fields: bytes | None, flaw: Flaw | None) -> Row:
        row = Row(b"", text, self.name, 0, 0, document=self.last_document, fields=fields)
        if isinstance(text, bytes) and flaw is None:
            document = text.replace(b"\n", b" ")
            if fields is None:
                return row._replace(payload=document)
            # What is cut off or followed by something does not get here unless the server is its judge, which sees it then.
            if document.lstrip(b" \t\r").startswith(b"{"):
                payload = with_fields(document, fields.replace(b"\n", b" "))
                flaw = find_flaw(payload)
                if flaw is None:
                    return row._replace(payload=payload)
            flaw = flaw or Flaw("no_object", "expected an object to add the columns to, got another value")
        return row.as_raw(flaw or Flaw("not_json", "expected JSON"))
