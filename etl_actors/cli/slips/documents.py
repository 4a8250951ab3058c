"""The documents of a file, cut as `feed` cuts them, and staged nowhere."""

from dataclasses import dataclass
from itertools import chain, islice

from etl_actors.feeding.chunk import Row
from etl_actors.feeding.csv_rows import Cells
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.file_rows import FileRows
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.stop import Stop
from etl_actors.slips.model.slip import InputForm
from etl_actors.slips.trying.trial import as_stored

__all__ = ["Document", "documents"]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Args:
        place: such as ``books.jsonl:3``, or ``books.json, document 3``.
        payload: as PostgreSQL would give it back.
    """

    place: str
    payload: bytes


def documents(name: str, form: Format | None, limit: int, cut: InputForm | None = None) -> list[Document]:
    """Read the first documents of a file.

    Args:
        name: of the file, ``-`` for standard input.
        form: what ``--format`` says; None to go by the slip, or the extension.
        limit: how many, at most.
        cut: how the slip says that files are cut; None where it does not.

    Raises:
        UsageError: the file is not there, or of no format of ours.
        EtlError: it can be read no further, and holds fewer documents.
    """
    source = Input(name, form or Format.of_slip(cut))
    with FileRows(source, Cut.of(cut), Cells()) as read:
        rows = list(islice(chain.from_iterable(read.rows(Stop())), limit))
    return [Document(_place(row), _stored(row.payload)) for row in rows]


def _place(row: Row) -> str:
    return f"{row.name}, document {row.document}" if row.document else f"{row.name}:{row.first}"


def _stored(payload: bytes) -> bytes:
    try:
        return as_stored(payload)
    except ValueError:
        return payload  # nested too deeply, say: whoever decodes it rejects it, and says why
