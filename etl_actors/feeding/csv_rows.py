"""Rows of CSV: the header names the cells, and each record is an object of texts."""

import csv
from dataclasses import dataclass

import orjson

from etl_actors.errors import UsageError
from etl_actors.feeding.chunk import Row
from etl_actors.feeding.cut import Cut, is_blank
from etl_actors.feeding.flaw import CUT_OFF, Flaw
from etl_actors.feeding.lines import LINE_BYTES, LongLine
from etl_actors.feeding.records import Record, Records

__all__ = ["Cells", "CsvRows", "unique_names"]


@dataclass(frozen=True, slots=True)
class Cells:
    """How the cells of CSV are written.

    Args:
        delimiter: the one character between them; None for a comma, in .tsv a tab.
        null: the text of a cell that stands for null; None for none.
    """

    delimiter: str | None = None
    null: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None and (
            len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0'
        ):
            msg = f"--delimiter: expected one ASCII character that is no quote and no line break, or tab, got {self.delimiter!r}."
            raise UsageError(msg)


class CsvRows:
    """Makes rows of a text that comes in blocks: of each record after the header that is not blank.

    Args:
        name: of the input.
        delimiter: the character between cells.
        null: the text of a cell that stands for null; None for none.
        cut: whether documents say where they came from.
    """

    last_document = 0

    def __init__(self, name: str, delimiter: str, null: str | None, cut: Cut) -> None:
        self.blank = 0
        self.last_line = 0
        self._name = name
        self._delimiter = delimiter
        self._null = null
        self._cut = cut
        self._records = Records(delimiter.encode())
        self._names: list[str] | None = None
        csv.field_size_limit(LINE_BYTES)  # of the whole process; 128 kB by default

    def add(self, block: bytes) -> list[Row]:
        """Take the next bytes; return the rows of the records that they end.

        Raises:
            UsageError: the header cannot be read.
        """
        return self._rows(self._records.add(block))

    def end(self, *, is_whole: bool = True) -> list[Row]:
        """Return the rows of what is left; the last one is kept raw where the text could be read no further."""
        rows = self._rows(self._records.end())
        if rows and not is_whole and not rows[-1].is_raw:
            rows[-1] = rows[-1].as_raw(CUT_OFF)
        return rows

    def _rows(self, records: list[Record]) -> list[Row]:
        rows = []
        for record in records:
            self.last_line = record.last
            if self._is_blank(record.text):
                self.blank += 1
            elif self._names is None:
                self._names = self._header(record)
            else:
                rows.append(self._row(record, self._names))
        return rows

    def _is_blank(self, text: bytes | LongLine) -> bool:
        return is_blank(text) and isinstance(text, bytes) and self._delimiter.encode() not in text

    def _header(self, record: Record) -> list[str]:
        cells = self._cells(record)
        if isinstance(cells, Flaw):
            msg = f"{self._name}, line {record.first}: the header, which names the cells, cannot be read: {cells.message}."
            raise UsageError(msg)
        return unique_names(cells)

    def _row(self, record: Record, names: list[str]) -> Row:
        row = Row(b"", record.text, self._name, record.first, record.last)
        cells = self._cells(record)
        if not isinstance(cells, Flaw) and len(cells) != len(names):
            cells = Flaw("ragged", f"expected {len(names):,} cells as the header has, got {len(cells):,}")
        if isinstance(cells, Flaw):
            return row.as_raw(cells)
        document: dict[str, str | int | None] = dict(zip(names, cells, strict=True))
        if self._null is not None:
            document = {name: None if cell == self._null else cell for name, cell in document.items()}
        document.update(self._cut.origin_of(self._name, record.first))
        return row._replace(payload=orjson.dumps(document))

    def _cells(self, record: Record) -> list[str] | Flaw:
        text = record.text
        if isinstance(text, LongLine):
            return Flaw("line_too_long", f"expected a record of at most {LINE_BYTES:,} bytes, got {text.length:,}")
        nul = text.find(b"\0")
        if nul >= 0:
            return Flaw("nul_character", "expected text without the NUL character, got a NUL byte", nul)
        try:
            [cells] = csv.reader([text.decode("utf-8")], delimiter=self._delimiter, strict=True)
        except UnicodeDecodeError as error:
            got = " ".join(f"{byte:02x}" for byte in text[error.start : error.end])
            return Flaw("not_utf8", f"expected UTF-8, got the bytes {got}", error.start)
        except (csv.Error, ValueError) as error:
            if record.is_open:
                return Flaw("not_csv", "expected a closing quote behind each opening one, got none that ends a cell")
            return Flaw("not_csv", f"expected cells and quotes as RFC 4180 has them, got: {str(error).partition(' - ')[0]}")
        return cells


def unique_names(header: list[str]) -> list[str]:
    """Return a name for each column: an empty one becomes ``column_3`` by its place, one that was there ``name_2``."""
    names: dict[str, None] = {}
    given_names = set(header)
    for number, given in enumerate(header, 1):
        wanted = given or f"column_{number}"
        name, copy = wanted, 1
        while name in names or (name != given and name in given_names):
            copy += 1
            name = f"{wanted}_{copy}"
        names[name] = None
    return list(names)
