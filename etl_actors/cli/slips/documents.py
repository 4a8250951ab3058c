"""The documents of a file, cut as `feed` cuts them, and staged nowhere."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl_actors.errors import UsageError
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.feeder import Fed, Feeder
from etl_actors.feeding.format import STDIN, Format
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.stop import Stop
from etl_actors.slips.model.slip import InputForm
from etl_actors.slips.trying.trial import as_stored, value_of

__all__ = ["FORMATS", "Document", "documents"]

FORMATS = "jsonl|json|lines"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Args:
        place: such as ``books.jsonl:3``.
        payload: as PostgreSQL would give it back.
    """

    place: str
    payload: bytes


def documents(name: str, form: str | None, limit: int, cut: InputForm | None = None) -> list[Document]:
    """Read the first documents of a file.

    Args:
        name: of the file, ``-`` for standard input.
        form: what ``--format`` says; None to go by the extension.
        limit: how many, at most.
        cut: how the slip says that files are cut; None where it does not.

    Raises:
        UsageError: the file is not there, or holds what cannot be fed.
    """
    if form is None and cut is not None and cut.format:
        form = cut.format
    if form == "json" or (form is None and name.endswith(".json")):
        return list(_of_json(name))[:limit]
    return _fed(name, form, limit, cut)


def _of_json(name: str) -> Iterator[Document]:
    """Read one document, or the elements of an array."""
    import sys

    try:
        text = sys.stdin.read() if name == STDIN else Path(name).read_text("utf-8-sig")
        content = json.loads(text, parse_float=Decimal)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"{name}: expected JSON, got text that is none: {error}.") from None
    if not isinstance(content, list):
        yield Document(name, as_stored(text.encode()))
        return
    for number, one in enumerate(content):
        yield Document(f"{name}[{number}]", as_stored(_exact(one)))


def _exact(value: Any) -> bytes:
    from etl_actors.slips.values.json_text import json_text

    return json_text(value).encode()


def _fed(name: str, form: str | None, limit: int, cut: InputForm | None) -> list[Document]:
    source = Input(name, form)
    payloads: list[bytes] = []
    lines: list[int] = []
    stop = Stop()

    def put(rows: Sequence[bytes]) -> None:
        payloads.extend(rows)

    def report(fed: Fed) -> None:
        lines.append(fed.last_line)
        stop.requested = len(payloads) >= limit

    Feeder(put, stop, report, chunk_rows=1, cut=Cut.of(cut)).feed([source])
    made = zip(lines, map(as_stored, payloads[:limit]), strict=False)  # of the lines beyond the limit nothing is shown
    of_text = source.format is Format.LINES
    return [Document(f"{source.name}:{last - (_lines_within(one) if of_text else 0)}", one) for last, one in made]


def _lines_within(payload: bytes) -> int:
    """Count the lines behind the first one of an event of several."""
    document = value_of(payload)
    message = document.get("message") if isinstance(document, dict) else None
    return message.count("\n") if isinstance(message, str) else 0
