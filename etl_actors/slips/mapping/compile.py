"""A slip compiled to one Python function that makes COPY lines of a document."""

import linecache
from types import CodeType
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Table
from etl_actors.slips.blaming.blame import reject_of
from etl_actors.slips.blaming.spots import Blame
from etl_actors.slips.mapping.generate import generate
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.steps.run_own import load_own_steps, pressed
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.refused import Refused

__all__ = ["Mapper", "compile_slip"]


class Mapper:
    """Maps documents by one slip.

    Args:
        slip: what it was compiled of.
        function: the compiled function.
        blame: what stands on each line of its source.
        source: of the function, for `slips` commands and tests.
    """

    def __init__(self, slip: Slip, function: Any, blame: Blame, source: str) -> None:
        self.slip = slip
        self.tables: tuple[Table, ...] = slip.targets
        self.source = source
        self._function = function
        self._blame = blame

    def begin(self) -> Lines:
        """Make the empty lists that `map` fills."""
        return Lines(len(self.tables))

    def map(self, staged: Staged, document: Any, lines: Lines, *, clean: bool = False) -> bool | Reject:
        """Append the rows of one document, and to `lines.rejects` the items of it that are rejected alone.

        Args:
            staged: the row.
            document: its payload, decoded.
            lines: as `begin` makes them.
            clean: whether no text of the document has a character that COPY escapes, as `looked_over` tells.

        Returns:
            True: rows were appended. False: the slip asks for none. A `Reject`: nothing was appended.

        Raises:
            Exception: whatever a bug in a step raises; nothing was appended then.
        """
        try:
            return self._function(staged, document, lines, clean)  # type: ignore[no-any-return]  # generated: True or False
        except Refused as refused:
            return reject_of(refused, self._blame, staged, document)


def compile_slip(slip: Slip) -> Mapper:
    """Compile a slip; here its ``steps.py`` runs, if its tables use a step of its own.

    Args:
        slip: as `read_slip` gives it.

    Returns:
        Its mapper.

    Raises:
        SlipError: its ``steps.py`` can't be run, or its tables are nested deeper than Python reads.
    """
    made = generate(slip)
    filename = f"<slip {slip.name} {slip.digest}>"
    try:
        code: CodeType = compile(made.source, filename, "exec")
    except (SyntaxError, RecursionError, MemoryError) as error:
        message = f"slip {slip.name}: its tables are nested too deeply, or too many of them reject items alone"
        raise SlipError(message) from error
    names = {**made.names, **own_steps(slip, made.own)}
    exec(code, names)  # noqa: S102  (generated from a checked model; every text of the slip is in it as a literal)
    linecache.cache[filename] = (len(made.source), None, made.source.splitlines(keepends=True), filename)
    return Mapper(slip, names["map_document"], made.blame, made.source)


def own_steps(slip: Slip, used: frozenset[str]) -> dict[str, Any]:
    """Run a slip's ``steps.py``, if anything uses it.

    Args:
        slip: whose it is.
        used: names of its steps.

    Returns:
        The globals by which generated code calls them.

    Raises:
        SlipError: it can't be run.
    """
    if not used:
        return {}
    try:
        found = load_own_steps(slip.files, {name: slip.vocabulary.steps[name] for name in used})
    except BaseException as error:  # whatever the slip's own code raises is wrong with the slip, and nothing else
        if pressed(error):
            raise
        message = f"slip {slip.name}: its steps.py raised {type(error).__name__}: {error}".removesuffix(": ")
        raise SlipError(message) from error
    return {f"own_{name}": step for name, step in found.items()}
