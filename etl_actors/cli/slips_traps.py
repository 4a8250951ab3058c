"""The traps in a slip's grammars, as warnings at their places."""

from collections.abc import Iterator
from pathlib import Path

from etl_actors.cli.slips_shelf import Problem, problems_in
from etl_actors.combinators.traps.found import Trap, traps_of
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.source.files import LIBRARY, MAIN
from etl_actors.slips.source.problems import Problems
from etl_actors.slips.source.toml_places import find_places

__all__ = ["warnings_of"]


def warnings_of(slip: Slip, folder: Path) -> Iterator[Problem]:
    """Find what is likely to be a mistake in a slip, but need not be one.

    Args:
        slip: that can be used.
        folder: of the slip, for the places.
    """
    text = slip.files[MAIN].replace("\r\n", "\n")
    problems = Problems(_within(folder, MAIN), text, find_places(text))
    for name, grammar in slip.vocabulary.grammars.items():
        for trap in traps_of(grammar):
            if trap.file in slip.files and not trap.file.startswith(LIBRARY):
                problems.elsewhere(_within(folder, trap.file), slip.files[trap.file], trap.line, trap.column, trap.sentence)
            elif trap.file == name:
                problems.at_value(("grammars", name, "text"), trap.sentence, _offset(grammar.reached.main, trap))
    yield from problems_in(str(problems))


def _within(folder: Path, file: str) -> str:
    return str(folder / file) if str(folder) != "." else file


def _offset(text: str, trap: Trap) -> int:
    """Find the character of a grammar's text at which a trap stands."""
    lines = text.split("\n")
    return min(sum(len(line) + 1 for line in lines[: trap.line - 1]) + trap.column - 1, len(text))
