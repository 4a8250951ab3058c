"""``etl-actors slips infer``: a slip written from what a source has staged."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl_actors.cli.context import invocation, ready_database
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.folder import folder_for, write_folder
from etl_actors.errors import UsageError
from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.drafting.documents import document_draft, key_candidates
from etl_actors.slips.source.files import MAIN
from etl_actors.slips.values.document import Undecodable, decode
from etl_actors.slips.values.unstaged import is_unstaged

if TYPE_CHECKING:
    from etl_actors.store.database import Connection

__all__ = ["slips_infer"]

_EXAMPLES = 50  # documents whose values are shown
_CANDIDATES = 8  # fields that are asked whether they are a key


@dataclass(slots=True)
class _Look:
    """What was seen of a source.

    Args:
        seen: of all its documents.
        documents: how many there were.
        passed_over: how many rows hold no document that can be read.
        examples: the first of them.
    """

    seen: Seen = field(default_factory=Seen)
    documents: int = 0
    passed_over: int = 0
    examples: list[Any] = field(default_factory=list)

    def add(self, payloads: Iterable[bytes]) -> None:
        """Look at documents, one after the other."""
        for payload in payloads:
            try:
                document = decode(payload)
            except Undecodable:
                self.passed_over += 1
                continue
            if is_unstaged(document):
                self.passed_over += 1
                continue
            self.seen.add(document)
            self.documents += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(document)


def slips_infer(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Whose staged rows are looked at.")],
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the slip and its table; by default SOURCE.")] = None,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="How many of its first rows are looked at.")] = 100_000,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Of slips: write FOLDER/NAME, with samples, instead of printing.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a slip from what a source has staged: a column a field, a table a list, types as all values have them.

    A field that tells all different documents apart becomes the key. Nothing is changed in the database.
    """
    from etl_actors.store.database import connect, translated

    settings = invocation(ctx).settings()
    name = name or source
    folder = folder_for(settings, name, into) if into else None
    with ready_database(settings) as url, connect(url, application_name="etl-actors slips infer") as conn, translated(url):
        look, key = _looked_at(conn, source, rows, plain((name,)))
    text = document_draft(name, source, look.seen, look.examples, key, sure=bool(key))
    if folder is not None:
        written = write_folder(settings, folder, {MAIN: text}, look.examples)
        say(f"Wrote {folder / MAIN} from {plural(look.documents, 'document')}, with {plural(written, 'sample')}.")
    elif as_json:
        show_json({"slip": text, "documents": look.documents, "passed_over": look.passed_over, "key": key})
    else:
        show_lines(text.rstrip("\n").split("\n"))


def _looked_at(conn: "Connection", source: str, rows: int, table: str) -> tuple[_Look, list[str]]:
    from etl_actors.store.staging import payloads_of, unique_fields

    look = _Look()
    with conn.transaction():
        look.add(payloads_of(conn, source, rows))
    if not look.documents:
        raise UsageError(f"SOURCE: expected a source with staged documents, got {source!r}, which has none.")
    candidates = key_candidates(look.seen, table)[:_CANDIDATES]
    unique = unique_fields(conn, source, rows, [field for field, _ in candidates])
    return look, [column for field, column in candidates if field in unique[:1]]
