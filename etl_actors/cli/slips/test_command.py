"""``etl-actors slips test``: the samples of slips as snapshots."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.documents import documents
from etl_actors.cli.slips.shelf import Found, asked
from etl_actors.errors import SlipError
from etl_actors.slips.trying.samples import Sample, difference, expected_of, payload_of, read_samples, samples_text
from etl_actors.slips.trying.trial import Trial, Trier, value_of

__all__ = ["slips_test"]

_TEXTS = (".log", ".txt")
_ALL = 1_000_000  # documents of a text sample: whoever tests more means `try`


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one sample, or of a file of them.

    Args:
        file: of the sample.
        name: of the sample.
        state: ``passed``, ``failed``, ``new`` (nothing was expected yet), ``written``.
        told: the difference, or the sentence on what is wrong.
    """

    file: Path
    name: str
    state: str
    told: str = ""


def slips_test(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="SLIP", help="Names or paths; all by default.")] = None,
    *,
    update: Annotated[bool, typer.Option("--update", help="Write into the samples what the slips make of them now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare what slips make of the documents in their `samples` with what is written there.

    samples/NAME.json is {"document": ..., "rows": {TABLE: [...]}}, or with "reject", "skipped" or "not_taken" instead of "rows",
    or a list of such. Beside samples/NAME.log or NAME.txt, whose lines are cut as `feed` does, NAME.json is the list of what each
    gives. --update writes all that is expected, so a new sample needs its document only. The exit status is 1 if one fails.
    """
    told = [(each, list(_run(each, update=update))) for each in asked(invocation(ctx).settings(), names or ())]
    if as_json:
        show_json({"slips": [{"name": each.name, "samples": [_json(one) for one in results]} for each, results in told]})
    else:
        for each, results in told:
            _show(each, results)
        say(_summary(told))
    if any(one.state in {"failed", "new"} for _, results in told for one in results):
        raise typer.Exit(1)


def _run(found: Found, *, update: bool) -> Iterator[_Result]:
    folder = found.folder / "samples"
    if found.slip is None:
        yield _Result(found.folder, "", "failed", found.problems[0].text)
        return
    try:
        trier = Trier(found.slip)
    except SlipError as error:
        yield _Result(found.folder, "", "failed", str(error))
        return
    texts = sorted(path for path in folder.glob("*") if path.suffix in _TEXTS)
    for path in sorted({*folder.glob("*.json"), *(text.with_suffix(".json") for text in texts)}):
        try:
            text = next((text for text in texts if text.stem == path.stem), None)
            samples = _of_text(text, path, found) if text else read_samples(path)
            yield from _run_file(
                path, samples, trier, update=update, several=bool(text) or any(one.name != path.stem for one in samples)
            )
        except SlipError as error:
            yield _Result(path, path.stem, "failed", str(error))


def _of_text(text: Path, path: Path, found: Found) -> list[Sample]:
    """Pair the documents of a text with what is expected of each; one too many is expected to give nothing."""
    cut = found.usable().input
    made = [value_of(each.payload) for each in documents(str(text), None, _ALL, cut)]
    written = read_samples(path) if path.exists() else []
    if len(written) > len(made):
        raise SlipError(f"{path}: expected of {text.name} {plural(len(written), 'document')}, got {len(made)}")
    return [
        Sample(f"{text.name}#{number}", document, written[number - 1].expected if number <= len(written) else {})
        for number, document in enumerate(made, 1)
    ]


def _run_file(path: Path, samples: list[Sample], trier: Trier, *, update: bool, several: bool) -> Iterator[_Result]:
    trials = [trier.attempt(payload_of(sample)) for sample in samples]
    differing = [not sample.expected or bool(difference(sample, trial)) for sample, trial in zip(samples, trials, strict=True)]
    if update and any(differing):
        made = [_updated(*each) for each in zip(samples, trials, differing, strict=True)]
        path.write_text(samples_text(made, several=several), "utf-8")
    for sample, trial, differs in zip(samples, trials, differing, strict=True):
        if differs and update:
            yield _Result(path, sample.name, "written")
        elif not sample.expected:
            yield _Result(path, sample.name, "new", "nothing is expected of it yet; --update writes what it gives now")
        else:
            yield _Result(path, sample.name, "failed" if differs else "passed", _told(sample, trial))


def _updated(sample: Sample, trial: Trial, differs: bool) -> Sample:  # noqa: FBT001  # zipped together
    return replace(sample, expected=expected_of(trial)) if differs else sample


def _told(sample: Sample, trial: Trial) -> str:
    differing = difference(sample, trial)
    if differing and trial.rejects and "reject" not in sample.expected:
        return f"{trial.rejects[0].message}\n{differing}"
    return differing


def _show(found: Found, results: list[_Result]) -> None:
    if not results:
        say(f"{found.name}: no samples. To begin: write documents to {found.folder / 'samples'} and test with --update")
    for one in results:
        if one.state == "passed":
            continue
        show_lines([f"{found.name}/{one.name}: {one.state}" if one.name else f"{found.name}: {one.state}"], "bold")
        for line in one.told.splitlines():
            show_lines([f"  {line}"], {"+": "green", "-": "red"}.get(line[:1], ""))


def _summary(told: list[tuple[Found, list[_Result]]]) -> str:
    results = [one for _, each in told for one in each]
    counts = {state: sum(one.state == state for one in results) for state in ("passed", "failed", "new", "written")}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"
    return f"{plural(len(results), 'sample')} of {plural(len(told), 'slip')}: {said}."


def _json(one: _Result) -> dict[str, object]:
    return {"file": str(one.file), "name": one.name, "state": one.state, "told": one.told or None}
