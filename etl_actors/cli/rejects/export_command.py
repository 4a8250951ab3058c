"""``etl-actors rejects export``: dead letters with their documents, to be mended."""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TextIO

import orjson
import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.rejects.detail import shown_detail
from etl_actors.cli.rejects.filter import Ids, Reason, Since, Slip, Source, StageOf, Until, chosen
from etl_actors.cli.render import console, plural
from etl_actors.errors import EtlError

if TYPE_CHECKING:
    from etl_actors.store.private_slips import PrivateSlips
    from etl_actors.store.rejects import DeadLetter

__all__ = ["rejects_export"]

_STDOUT = "-"
_FIELDS = (
    "reject_id",
    "row_id",
    "source",
    "batch_id",
    "slip",
    "digest",
    "stage",
    "reason",
    "message",
    "status",
    "item",
    "created_at",
)


class _Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


class _Status(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    ALL = "all"


class _Read(NamedTuple):
    """A dead letter with its document.

    Args:
        letter: itself.
        payload: the document's JSON text; None where it is left out, or retention has removed it.
        hidden: whether it is left out as private.
        too_large: whether it is left out since no text can hold it.
    """

    letter: "DeadLetter"
    payload: str | None
    hidden: bool
    too_large: bool


def rejects_export(
    ctx: typer.Context,
    ids: Ids = None,
    *,
    source: Source = None,
    slip: Slip = None,
    stage: StageOf = None,
    reason: Reason = None,
    status: Annotated[_Status, typer.Option(help="How they stand.")] = _Status.OPEN,
    since: Since = None,
    until: Until = None,
    form: Annotated[_Format, typer.Option("--format", help="One JSON object a line, or CSV with a head.")] = _Format.JSONL,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.", show_default=False)
    ] = Path(_STDOUT),
    show_private: Annotated[
        bool, typer.Option("--show-private", help="Write the documents of slips with private columns too.")
    ] = False,
) -> None:
    """Write dead letters in the order of their ids, each with the staged document as `payload`, every number digit for digit.

    What is mended there can be fed again: jq -c .payload, then feed, makes the same documents. Documents of slips with private
    columns are left out, `payload` is null and `payload_hidden` true; so are those that retention has removed, and those that have
    1 GB or more as text: then `payload_too_large` is true.
    """
    from etl_actors.store.database import connect
    from etl_actors.store.private_slips import private_slips
    from etl_actors.store.reject_filter import RejectStatus
    from etl_actors.store.rejects import stream_rejects

    standing = None if status is _Status.ALL or ids else RejectStatus(status.value)
    wanted = chosen(ids, source=source, slip=slip, stage=stage, reason=reason, since=since, until=until, status=standing)
    settings = invocation(ctx).settings()
    with (
        accepted_database(settings) as url,
        connect(url, role=None, application_name="etl-actors rejects") as conn,
        _opened(output) as sink,
        closing(stream_rejects(conn, wanted)) as letters,
    ):
        private = None if show_private else private_slips(conn, settings.target_schema)
        counted = _Counted(_read(letters, private))
        _WRITERS[form](sink, counted)
    hidden = f", {plural(counted.hidden, 'document')} left out as private (--show-private)" if counted.hidden else ""
    large = (
        f", {plural(counted.too_large, 'document')} left out that {_have(counted.too_large)} 1 GB or more as text"
        if counted.too_large
        else ""
    )
    console(error=True).print(f"{plural(counted.rejects, 'reject')} written{hidden}{large}.", soft_wrap=True)


class _Counted:
    """Dead letters on their way out, and how many they were."""

    def __init__(self, letters: Iterable[_Read]) -> None:
        self._letters = letters
        self.rejects = 0
        self.hidden = 0
        self.too_large = 0

    def __iter__(self) -> Iterator[_Read]:
        for each in self._letters:
            yield each
            self.rejects += 1
            self.hidden += each.hidden
            self.too_large += each.too_large


def _have(documents: int) -> str:
    return "has" if documents == 1 else "have"


def _read(letters: Iterable[tuple["DeadLetter", str | None, bool]], private: "PrivateSlips | None") -> Iterator[_Read]:
    for letter, payload, too_large in letters:
        hidden = private is not None and private.hide(letter.source, letter.slip)
        yield _Read(letter, None if hidden else payload, hidden, too_large and not hidden)


def _as_jsonl(sink: TextIO, letters: Iterable[_Read]) -> None:
    for letter, payload, hidden, too_large in letters:
        made = {name: getattr(letter, name) for name in _FIELDS} | {"detail": shown_detail(letter, hidden=hidden)}
        if hidden:
            made["payload_hidden"] = True
        if too_large:
            made["payload_too_large"] = True
        # As jsonb wrote it: a number that went through Python's would come out changed.
        made["payload"] = None if payload is None else orjson.Fragment(payload)
        sink.write(orjson.dumps(made, default=str).decode())
        sink.write("\n")


def _as_csv(sink: TextIO, letters: Iterable[_Read]) -> None:
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow((*_FIELDS, "detail", "payload"))
    for letter, payload, hidden, _ in letters:
        cells = [getattr(letter, name) for name in _FIELDS[:-1]]
        detail = orjson.dumps(shown_detail(letter, hidden=hidden), default=str).decode()
        writer.writerow((*cells, letter.created_at.isoformat(), detail, payload or ""))


_WRITERS: dict[_Format, Callable[[TextIO, Iterable[_Read]], None]] = {_Format.JSONL: _as_jsonl, _Format.CSV: _as_csv}


@contextmanager
def _opened(output: Path) -> Iterator[TextIO]:
    if str(output) == _STDOUT:
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        sink = output.open("w", encoding="utf-8", newline="")
    except OSError as exc:
        msg = f"{output} cannot be written: {exc.strerror}"
        raise EtlError(msg) from exc
    with sink:
        yield sink
