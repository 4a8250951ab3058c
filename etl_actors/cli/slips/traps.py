"""The traps in a slip, above all in its grammars, as warnings at their places."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl_actors.cli.slips.shelf import Problem, problems_in
from etl_actors.combinators.traps.found import traps_of
from etl_actors.combinators.traps.slow import slow
from etl_actors.combinators.traps.telling import Trap
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.model.names import parts
from etl_actors.slips.model.slip import Slip, SlipTable
from etl_actors.slips.source.files import LIBRARY, MAIN
from etl_actors.slips.source.problems import Problems
from etl_actors.slips.source.toml_places import find_places

__all__ = ["warnings_of"]

_ANYTHING = (
    "`{}` passes over a text or number without a row or a reject, and makes a row of each member of an object; where an array "
    "is meant, write `{}`, which refuses a text or number"
)
_CALLED = "this regular expression"


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
    for keys, node in _expressions(slip):
        several = (one for one in parts(node) if isinstance(one, n.Step) and one.name == "match" and one.arguments)
        for step in several:
            pattern = step.arguments[0]
            if isinstance(pattern, n.Literal) and (found := slow(str(pattern.value))):
                problems.at_value(keys, found.sentence(_CALLED), pattern.at)
    for made in slip.tables:
        _warn_of_each(slip, made, problems)
    if slip.input is not None and slip.input.begins and (found := slow(slip.input.begins)):
        problems.at_value(("input", "begins"), found.sentence(_CALLED))
    yield from problems_in(str(problems))


def _warn_of_each(slip: Slip, made: SlipTable, problems: Problems) -> None:
    if (each := _takes_anything(slip, made)) is not None:
        problems.at_value(("tables", made.table.name, "each"), _ANYTHING.format(each, each.removesuffix("[*]")), 0)


def _takes_anything(slip: Slip, made: SlipTable) -> str | None:
    """Give the `each` of a table if it takes every member of one place in the documents, whatever that is, and nothing asks which it is."""
    match made.each:
        case n.Path(_, root, (*above, n.Wild())) if above and all(isinstance(one, n.Field | n.Index) for one in above):
            named = {let.name for let in slip.lets}
        case _:
            return None
    if (
        not made.each_text.endswith("[*]")
        or made.when is not None
        or (not root and isinstance(above[0], n.Field) and above[0].name in named)
    ):
        return None
    asked = parts((made.columns, made.lets, made.recurse))
    return None if any(isinstance(one, n.Special) and one.name == "key" for one in asked) else made.each_text


def _expressions(slip: Slip) -> Iterator[tuple[tuple[str, ...], Any]]:
    """List the expressions of a slip with the keys that they stand at."""
    yield from ((("let", let.name), let.node) for let in slip.lets)
    content = tomllib.loads(slip.files[MAIN])
    yield ("when",), slip.when
    for made in slip.tables:
        keys = ("tables", made.table.name)
        for part, node in (("each", made.each), ("when", made.when), ("recurse", made.recurse)):
            yield (*keys, part), node
        yield from (((*keys, "let", let.name), let.node) for let in made.lets)
        for column in made.columns:
            whole = content["tables"][made.table.name]["columns"][column.name]
            more = ("expr",) if isinstance(whole, dict) else ()
            yield (*keys, "columns", column.name, *more), column.node


def _within(folder: Path, file: str) -> str:
    return str(folder / file) if str(folder) != "." else file


def _offset(text: str, trap: Trap) -> int:
    """Find the character of a grammar's text at which a trap stands."""
    lines = text.split("\n")
    return min(sum(len(line) + 1 for line in lines[: trap.line - 1]) + trap.column - 1, len(text))
