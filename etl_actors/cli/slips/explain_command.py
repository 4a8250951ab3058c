"""``etl-actors slips explain``: which slip takes a document, and why no other does."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.documents import Document, documents
from etl_actors.cli.slips.rows import UNSHOWN, shown_document
from etl_actors.cli.slips.shelf import asked
from etl_actors.errors import SlipError, UsageError
from etl_actors.feeding.form import input_form
from etl_actors.feeding.format import Format
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.trying.explained import explain
from etl_actors.slips.trying.trial import RECEIVED_AT
from etl_actors.slips.values.document import Staged, Undecodable, decode
from etl_actors.slips.values.unstaged import is_unstaged

__all__ = ["slips_explain"]


class _Verdict(StrEnum):
    """How a slip stands to a document."""

    TAKES = "takes it"
    OTHER_SOURCE = "other source"
    FALSE = "false"
    OUTRANKED = "outranked"


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a slip and a document.

    Args:
        slip: that it is said of.
        verdict: in a word.
        parts: of its `when`, each with whether it holds.
    """

    slip: Slip
    verdict: _Verdict
    parts: Sequence[tuple[str, bool]] = ()


def slips_explain(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Plain, or packed by gzip or zstd; - is standard input.")],
    *,
    source: Annotated[str | None, typer.Option(metavar="S", help="What the documents are of.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many documents, at most.")] = 10,
    form: Annotated[
        Format | None, typer.Option("--format", show_default=False, help="By default the slips or the extension tell.")
    ] = None,
    show_private: Annotated[
        bool, typer.Option("--show-private", help="Show the documents of slips with private columns too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say of each of a file's first documents which slip takes it, and of every other slip why it does not.

    The exit status is 1 if none takes a document (it is broken out then, or rejected, as the setting `unmatched` says), or several do at
    equal priority: it would be rejected at stage `route`.
    """
    settings = invocation(ctx).settings()
    found = asked(settings, ())
    broken = [each.name for each in found if each.slip is None]
    slips = sorted((each.slip for each in found if each.slip), key=lambda slip: (-slip.priority, slip.name))
    source = source or _only_source(slips)
    cut = input_form(settings.parser_folders, source, lenient=True)
    told = [(each, *_judged(slips, each.payload, source)) for each in documents(file, form, limit, cut)]
    quiet = not show_private and any(slip.has_private for slip in slips if slip.takes(source))
    rest = settings.unmatched == "breakout" and (not settings.unmatched_names or source in settings.unmatched_names)
    if as_json:
        show_json(
            {
                "source": source,
                "documents": [_json(each, document, said, rest=rest) for each, document, said in told],
                "broken": broken,
            }
        )
    else:
        for each, document, said in told:
            _show(each, document, said, quiet=quiet, rest=rest)
        taken = sum(len(_takers(said)) == 1 for _, _, said in told)
        left = sum(rest and not _takers(said) and not is_unstaged(document) for _, document, said in told)
        broken_out = f"{left} broken out, " if left else ""
        rejected = len(told) - taken - left
        say(f"{plural(len(told), 'document')} of source {source}: {taken} taken by one slip, {broken_out}{rejected} rejected.")
        if broken:
            say(f"Left out, since broken: {', '.join(broken)}; what is wrong: etl-actors slips check")
    if any(len(_takers(said)) != 1 for _, _, said in told):
        raise typer.Exit(1)


def _only_source(slips: Sequence[Slip]) -> str:
    sources = sorted({source for slip in slips for source in slip.sources or ()})
    if len(sources) == 1:
        return sources[0]
    raise UsageError(f"What are the documents of? Name it with --source; the slips take {', '.join(sources) or 'any'}.")


def _judged(slips: Sequence[Slip], payload: bytes, source: str) -> tuple[Any, list[_Said]]:
    try:
        document = decode(payload)
    except Undecodable as error:
        raise SlipError(str(error)) from None
    staged = Staged(1, payload, source, RECEIVED_AT)
    said: list[_Said] = []
    best: int | None = None
    for slip in [] if is_unstaged(document) else slips:
        parts = explain(slip, document, staged) if slip.takes(source) else ()
        if not slip.takes(source):
            verdict = _Verdict.OTHER_SOURCE
        elif not all(holds for _, holds in parts):
            verdict = _Verdict.FALSE
        elif best is not None and slip.priority < best:
            verdict = _Verdict.OUTRANKED
        else:
            verdict, best = _Verdict.TAKES, slip.priority
        said.append(_Said(slip, verdict, parts))
    return document, said


def _takers(said: Sequence[_Said]) -> list[Slip]:
    return [each.slip for each in said if each.verdict is _Verdict.TAKES]


def _show(each: Document, document: Any, said: Sequence[_Said], *, quiet: bool, rest: bool) -> None:
    takers = _takers(said)
    names = ", ".join(slip.name for slip in takers)
    if len(takers) == 1:
        head = f"taken by {names}"
    elif is_unstaged(document):
        head = f"rejected at stage stage: {document.get('$error')}"
    elif takers:
        head = f"rejected, ambiguous_route: {names} take it at equal priority {takers[0].priority}"
    elif rest:
        head = "taken by none: broken out to tables of its source's own, as the setting unmatched says"
    else:
        head = "rejected, no_slip: none takes it"
    show_lines([f"{each.place}  {head}"], "bold" if len(takers) == 1 else "bold red")
    show_lines([f"  {line}" for line in ([UNSHOWN] if quiet else shown_document(document))], "dim")
    near = [one for one in said if one.verdict is not _Verdict.OTHER_SOURCE]
    width = max((len(one.slip.name) for one in near), default=0)
    show_lines([f"  {one.slip.name:<{width}}  {_reason(one, takers)}" for one in near])
    far = [f"{one.slip.name} ({', '.join(one.slip.sources or ())})" for one in said if one.verdict is _Verdict.OTHER_SOURCE]
    show_lines([f"  of other sources: {', '.join(far)}"] if far else [])
    say("")


def _reason(said: _Said, takers: Sequence[Slip]) -> str:
    match said.verdict:
        case _Verdict.FALSE:
            wrong = [f"`{part}`" for part, holds in said.parts if not holds]
            return f"no: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} false"
        case _Verdict.OUTRANKED:
            return f"no: priority {said.slip.priority}, and {takers[0].name} has {takers[0].priority}"
        case _:
            held = f": {said.slip.when_text}" if said.slip.when_text else ", having no `when`"
            return f"yes{held}"


def _json(each: Document, document: Any, said: Sequence[_Said], *, rest: bool) -> dict[str, Any]:
    takers = _takers(said)
    return {
        "place": each.place,
        "taken_by": takers[0].name if len(takers) == 1 else None,
        "reason": _reason_code(document, takers, rest=rest),
        "broken_out": rest and not takers and not is_unstaged(document),
        "slips": [
            {
                "name": one.slip.name,
                "verdict": one.verdict.value,
                "priority": one.slip.priority,
                "when": [{"part": part, "holds": holds} for part, holds in one.parts],
            }
            for one in said
        ],
    }


def _reason_code(document: Any, takers: Sequence[Slip], *, rest: bool) -> str | None:
    if is_unstaged(document):
        return str(document.get("$reason"))
    if takers:
        return None if len(takers) == 1 else "ambiguous_route"
    return None if rest else "no_slip"
