"""`docs/wrong_slips.md` shows what people are told of their mistakes: it is written by this file, and held to what is told now.

``python -m tests.unit.test_wrong_slips`` writes it anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_actors.cli.slips.check_command import checked
from etl_actors.cli.slips.rows import reject_lines
from etl_actors.cli.slips.shelf import Found, Problem, problems_in
from etl_actors.cli.slips.traps import warnings_of
from etl_actors.errors import SlipError
from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.route import choose, routed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.trial import RECEIVED_AT, Trier
from etl_actors.slips.values.document import Staged, decode
from tests.support.wrong_slips import CASES, Case

PAGE = Path(__file__).parent.parent.parent / "docs" / "wrong_slips.md"

HEAD = """\
# Wrong slips, and what is told of them

Mistakes as people make them, with the message each gets: of slips, expressions and grammars by `etl-actors slips check` (and by the daemon,
which leaves the last good version in force), of documents by `etl-actors slips try` and in `etl.reject`. This page is written by a test.

"""
_FENCES = {".toml": "toml", ".lark": "lark", ".py": "python"}


def _found(case: Case) -> list[Found]:
    """Read the slips of a case."""
    folders: dict[str, dict[str, str]] = {}
    for name, text in case.files.items():
        folder, _, file = name.rpartition("/")
        folders.setdefault(folder, {})[file] = text
    return [_read(folder, files) for folder, files in folders.items()]


def _read(folder: str, files: dict[str, str]) -> Found:
    try:
        return Found(Path(folder), read_slip(files, "public", origin=folder))
    except SlipError as error:
        return Found(Path(folder), None, problems_in(str(error)))


def told(case: Case) -> list[str]:
    """Return what is told of a case, line by line."""
    found = _found(case)
    if case.document is not None:
        assert not found[0].problems, [problem.text for problem in found[0].problems]
        return reject_lines(_reject(found[0].usable(), case))
    problems = list(checked(found))
    warnings = [Problem(f"warning: {one.text}") for each in found if each.slip for one in warnings_of(each.slip, each.folder)]
    return [line for problem in (*problems, *warnings) for line in problem.text.splitlines()]


def _reject(slip: Slip, case: Case) -> Reject:
    raw = json.dumps(case.document).encode()
    if not slip.takes(case.source):
        made = choose([], decode(raw), Staged(1, raw, case.source, RECEIVED_AT))
    else:
        made = choose([routed(slip)], decode(raw), Staged(1, raw, case.source, RECEIVED_AT))
    if isinstance(made, Reject):
        return made
    (reject,) = Trier(slip, case.source).attempt(raw).rejects
    return reject


def page() -> str:
    """Write the page."""
    return HEAD + "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "| | what is wrong | what is told first |"
    yield "|---|---|---|"
    for number, case in enumerate(CASES, 1):
        first = told(case)[0].replace("|", "\\|").replace("<", "\\<")
        title = case.title.replace("|", "\\|")
        yield f"| {number} | {title} | {first} |"
    yield ""
    kind = ""
    for number, case in enumerate(CASES, 1):
        if case.kind != kind:
            kind = case.kind
            yield f"## {kind}"
            yield ""
        yield f"**{number}. {case.title}**"
        yield ""
        yield from _written(case)
        yield "```text"
        yield from (line.rstrip() for line in told(case))
        yield "```"
        yield ""


def _written(case: Case) -> Iterator[str]:
    if case.document is not None:
        yield f"The document `{json.dumps(case.document)}` of source `{case.source}`, under"
        yield ""
    for name in ("slip.toml", *case.shown) if case.document is not None else case.shown:
        yield f"`{name}`:"
        yield ""
        yield f"```{_FENCES[Path(name).suffix]}"
        yield case.files[name].rstrip()
        yield "```"
        yield ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_is_told_of_a_mistake_says_where_and_what(case: Case) -> None:
    lines = told(case)
    assert lines
    first = lines[0].removeprefix("warning: ")
    assert "Traceback" not in "\n".join(lines)
    if case.document is not None:
        assert "rejected at stage " in first
        assert "expected " in first
    else:
        assert first.split(":")[1].isdigit(), first
        assert first.split(":")[2].isdigit(), first
        assert any(line.strip() == "^" for line in lines)
        assert len(first) < 320
    assert not first.endswith(".")


def test_the_page_shows_what_is_told_now() -> None:
    assert len(CASES) >= 30
    assert PAGE.read_text("utf-8") == page(), "to write it anew: .venv/bin/python -m tests.unit.test_wrong_slips"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
