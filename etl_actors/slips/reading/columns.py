"""Reading the columns of a table: expression, type, and what they ask of the database."""

from typing import Any

from etl_actors.slips.casts.column_type import ColumnType
from etl_actors.slips.checking.check_tree import check_tree
from etl_actors.slips.expressions.expression import parse_expression, parse_predicate
from etl_actors.slips.expressions.expression_type import type_of
from etl_actors.slips.expressions.nodes import Expression
from etl_actors.slips.model.draft import DraftColumn
from etl_actors.slips.model.slip import SlipColumn
from etl_actors.slips.source.problems import ExpressionError, Keys, Problems
from etl_actors.slips.source.section import Section

__all__ = ["MAX_BYTES", "name_problem", "read_columns"]

MAX_BYTES = 63  # of a PostgreSQL identifier
_MAX_COLUMNS = 1500  # PostgreSQL allows 1,600; some are the service's
_SYSTEM = frozenset(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])
_KNOWN = ("expr", "null", "check", "comment", "private")


def name_problem(name: str, what: str) -> str | None:
    """Say why a table or column can't have a name; None where it can.

    Args:
        name: to be had.
        what: ``table`` or ``column``.
    """
    if not name or "\0" in name or len(name.encode()) > MAX_BYTES:
        return f"expected a name of 1 to {MAX_BYTES} bytes for this {what}"
    if what == "column" and (name.startswith("_") or name in _SYSTEM):
        return f"the name `{name}` is the service's own or PostgreSQL's; columns of a slip don't begin with `_`"
    return None


def read_columns(table: Section) -> tuple[DraftColumn, ...]:
    """Read the columns of a table; those whose expression can't be read are left out."""
    given = table.content.get("columns", {})
    if not isinstance(given, dict):
        table.wrong("columns", 'expected columns as columns.NAME = "expression"')
        return ()
    if len(given) > _MAX_COLUMNS:
        table.problems.at_key(table.keys, f"a table has at most {_MAX_COLUMNS:,} columns, got {len(given):,}")
    read = {name: _Column(name, value, (*table.keys, "columns", name), table.problems) for name, value in given.items()}
    types = {name: column.type for name, column in read.items()}
    return tuple(made for column in read.values() if (made := column.made(types)))


class _Column:
    """Reads one column: its expression at once, its check when the types of all are known."""

    def __init__(self, name: str, value: Any, keys: Keys, problems: Problems) -> None:
        self.name = name
        self.problems = problems
        self.section = Section(value, problems, keys) if isinstance(value, dict) else None
        self.keys = (*keys, "expr") if self.section else keys
        wrong = name_problem(name, "column")
        if wrong:
            problems.at_key(keys, wrong)
        if self.section:
            self.section.check_keys(_KNOWN, "a column")
        self.text = ""
        self.node: Expression | None = None
        self.type: ColumnType | None = None
        self._read(value.get("expr") if isinstance(value, dict) else value)

    def _read(self, text: Any) -> None:
        if not isinstance(text, str):
            missing = self.section is not None and text is None
            self.problems.at_value(self.keys, "a column needs an `expr`" if missing else "expected an expression, in quotes")
            return
        try:
            node = parse_expression(text)
            self.text, self.type, self.node = text, type_of(node), node
        except ExpressionError as error:
            self.problems.at_value(self.keys, error.sentence, error.at)
        except RecursionError:
            self.problems.at_value(self.keys, "this expression is nested too deeply", 0)

    def made(self, types: dict[str, ColumnType | None]) -> DraftColumn | None:
        """Put the column together; None where its expression can't be read."""
        section = self.section or Section({}, self.problems)
        check = section.parsed("check", lambda text: check_tree(parse_predicate(text), types))
        comment = section.text("comment") or ""
        if "\0" in comment:
            section.wrong("comment", "expected a text without the character U+0000, which PostgreSQL can't keep")
        null, private = section.flag("null", default=True), section.flag("private", default=False)
        if self.node is None:
            return None
        column = SlipColumn(self.name, self.text, self.node, null=null, private=private)
        return DraftColumn(column, self.type, self.keys, check, comment)
