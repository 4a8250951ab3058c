"""A slip compiled to one Python function that makes COPY lines of a document."""

import linecache
from types import CodeType
from typing import Any

from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Table
from etl_actors.slips.blame import Blame, reject_of
from etl_actors.slips.document import Staged
from etl_actors.slips.generate import generate
from etl_actors.slips.model import Slip
from etl_actors.slips.refused import Refused

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

    def begin(self) -> list[list[str]]:
        """Make the empty lists that `map` fills: one a table, in the order of `tables`."""
        return [[] for _ in self.tables]

    def map(self, staged: Staged, document: Any, lines: list[list[str]]) -> bool | Reject:
        """Append the rows of one document.

        Args:
            staged: the row.
            document: its payload, decoded.
            lines: COPY lines without newline, one list a table, as `begin` makes them.

        Returns:
            True: rows were appended. False: the slip asks for none. A `Reject`: nothing was appended.

        Raises:
            Exception: whatever a bug in a step raises; nothing was appended then.
        """
        try:
            return self._function(staged, document, lines)  # type: ignore[no-any-return]  # generated: True or False
        except Refused as refused:
            return reject_of(refused, self._blame, staged, document)


def compile_slip(slip: Slip) -> Mapper:
    """Compile a slip.

    Args:
        slip: as `read_slip` gives it.

    Returns:
        Its mapper.
    """
    source, names, blame = generate(slip)
    filename = f"<slip {slip.name} {slip.digest}>"
    code: CodeType = compile(source, filename, "exec")
    exec(code, names)  # noqa: S102  (generated from a checked model; every text of the slip is in it as a literal)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return Mapper(slip, names["map_document"], blame, source)
