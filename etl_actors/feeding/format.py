"""The formats of files that can be fed, and which one a file has."""

from enum import StrEnum
from pathlib import PurePath
from typing import Self

from etl_actors.errors import UsageError
from etl_actors.slips.model.slip import InputForm

__all__ = ["STDIN", "Format", "format_of"]

STDIN = "-"


class Format(StrEnum):
    """How a file holds documents."""

    JSONL = "jsonl"  # a JSON document a line
    JSON = "json"  # an array of documents, one document, or several one after the other
    CSV = "csv"  # a header and records
    TSV = "tsv"  # the same with tabs
    LINES = "lines"  # a line of text a document: {"message": …}

    @classmethod
    def of_slip(cls, form: InputForm | None) -> Self | None:
        """Return the format that an ``[input]`` names; None where there is none, or it leaves that to the extension."""
        return cls(form.format) if form is not None and form.format else None


_BY_EXTENSION = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".log": Format.LINES,
    ".txt": Format.LINES,
}
_PACKED = frozenset({".gz", ".zst"})
_FORMATS = "jsonl (.jsonl, .ndjson), json (.json), csv (.csv, .tsv) and lines (.log, .txt), each also with .gz or .zst"


def format_of(name: str, given: Format | None) -> Format:
    """Return the format of a file: the one given, else by the extension; standard input is jsonl.

    Args:
        name: of the file, or ``-``.
        given: what ``--format`` or the slip says, None where neither does.

    Raises:
        UsageError: the extension does not tell it.
    """
    if given is not None:
        return given
    if name == STDIN:
        return Format.JSONL
    path = PurePath(name)
    extension = (path.with_suffix("") if path.suffix.lower() in _PACKED else path).suffix.lower()
    known = _BY_EXTENSION.get(extension)
    if known is None:
        msg = f"{name}: expected one of the formats {_FORMATS}, got the extension {extension!r}; --format overrides it."
        raise UsageError(msg)
    return known
