"""Reading the tables of a slip: their columns first, then how they hang together."""

import re
from typing import Any

from etl_actors.relational.tables import Policy
from etl_actors.slips.emit import Emitter, Scope
from etl_actors.slips.expression import parse_expression, parse_predicate
from etl_actors.slips.expression_type import type_of
from etl_actors.slips.family import Draft, Family
from etl_actors.slips.model import SlipColumn, SlipTable
from etl_actors.slips.nodes import Expression, Predicate
from etl_actors.slips.problems import ExpressionError, Problems, check_nesting, did_you_mean
from etl_actors.slips.types import ColumnType

__all__ = ["read_tables"]

_KNOWN = ("each", "parent", "key", "on_duplicate", "identity", "schema", "when", "columns")
_LATER = ("let", "recurse", "on_error", "index", "breakout", "comment", "check", "private")
_COLUMN_LATER = ("null", "check", "comment", "private")
_POLICIES_LATER = re.compile(r"fill|newest\(.*\)|history\(.*\)")
_MAX_BYTES = 63  # of a PostgreSQL identifier
_MAX_COLUMNS = 1500  # PostgreSQL allows 1,600; some are the service's
_SYSTEM = frozenset(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])
_SCHEMAS = re.compile(r"pg_.*|information_schema|etl")
_NESTED = Scope("item", "fields", "key", "index")  # stands for any item while expressions are checked


def read_tables(content: dict[str, Any], problems: Problems, schema: str, slip: str) -> tuple[SlipTable, ...]:
    """Read the tables of a slip.

    Args:
        content: of the slip.
        problems: where to note what is wrong.
        schema: for tables that name none.
        slip: its name, which a root gets that the slip does not give.

    Returns:
        The tables, parents before children, the root first; anything at all where problems were noted.
    """
    tables = content.get("tables", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        problems.at_key(("tables",), "expected tables as [tables.NAME]")
        return ()
    if not tables and not problems:
        problems.at_line(1, 1, "a slip needs at least one table, as [tables.NAME]")
    drafts = {
        name: _TableReader(name, table, problems, schema, _has_items(tables, table.get("parent"))).read()
        for name, table in tables.items()
    }
    return () if problems else Family(drafts, problems, schema, slip).tables()


def _has_items(tables: dict[str, Any], name: Any) -> bool:
    """Tell whether a table, or one that it is below, has `each`."""
    seen = set()
    while isinstance(name, str) and name in tables and name not in seen:
        if "each" in tables[name]:
            return True
        seen.add(name)
        name = tables[name].get("parent")
    return False


class _TableReader:
    """Reads one table.

    Args:
        name: of the table.
        content: of the table.
        problems: where to note what is wrong.
        schema: for a table that names none.
        below_items: whether a table above it has `each`.
    """

    def __init__(self, name: str, content: dict[str, Any], problems: Problems, schema: str, below_items: bool) -> None:  # noqa: FBT001
        self.name = name
        self.content = content
        self.problems = problems
        self.schema = schema
        self.keys = ("tables", name)
        self.outer = _NESTED if below_items else Scope()
        self.scope = _NESTED if "each" in content else self.outer

    def read(self) -> Draft:
        self._check_keys()
        each = self._each()
        when = self._when()
        columns, types = self._columns()
        key = self._key(columns)
        return Draft(
            self.name,
            self._schema(),
            self._text("parent"),
            each,
            when,
            key,
            self._policy(),
            self._own_rows(key),
            columns,
            types,
            self.content,
        )

    def _wrong(self, key: str, sentence: str, at: int | None = None) -> None:
        self.problems.at_value((*self.keys, key), sentence, at)

    def _check_keys(self) -> None:
        name = _name_problem(self.name, "table")
        if name:
            self.problems.at_key(self.keys, name)
        for key in self.content:
            if key in _LATER:
                self.problems.at_key((*self.keys, key), f"`{key}` is not supported by this release")
            elif key not in _KNOWN:
                self.problems.at_key((*self.keys, key), f"a table has no key `{key}`{did_you_mean(key, [*_KNOWN, *_LATER])}")

    def _text(self, key: str) -> str | None:
        value = self.content.get(key)
        if value is None or isinstance(value, str):
            return value
        self._wrong(key, "expected text, in quotes")
        return None

    def _schema(self) -> str:
        schema = self._text("schema")
        if schema is None:
            return self.schema
        if not schema or len(schema.encode()) > _MAX_BYTES or "\0" in schema:
            self._wrong("schema", "expected the name of a schema of 1 to 63 bytes")
        elif _SCHEMAS.fullmatch(schema):
            self._wrong("schema", f"the schema `{schema}` is not for target tables")
        return schema

    def _each(self) -> Expression | None:
        text = self._text("each")
        if text is None:
            return None
        try:
            node = parse_expression(text)
            check_nesting(Emitter().value(node, self.outer))
        except ExpressionError as error:
            self._wrong("each", error.sentence, error.at)
            return None
        return node

    def _when(self) -> Predicate | None:
        text = self._text("when")
        if text is None:
            return None
        try:
            node = parse_predicate(text)
            check_nesting(Emitter().predicate(node, self.scope))
        except ExpressionError as error:
            self._wrong("when", error.sentence, error.at)
            return None
        return node

    def _columns(self) -> tuple[tuple[SlipColumn, ...], tuple[ColumnType, ...]]:
        given = self.content.get("columns", {})
        if not isinstance(given, dict):
            self._wrong("columns", 'expected columns as columns.NAME = "expression"')
            return (), ()
        if len(given) > _MAX_COLUMNS:
            self.problems.at_key(self.keys, f"a table has at most {_MAX_COLUMNS:,} columns, got {len(given):,}")
        read = [found for name, value in given.items() if (found := self._column(name, value))]
        return tuple(column for column, _ in read), tuple(kind for _, kind in read)

    def _column(self, name: str, value: Any) -> tuple[SlipColumn, ColumnType] | None:
        keys = (*self.keys, "columns", name)
        wrong = _name_problem(name, "column")
        if wrong:
            self.problems.at_key(keys, wrong)
        if isinstance(value, dict):
            for key in value:
                if key in _COLUMN_LATER:
                    self.problems.at_key((*keys, key), f"`{key}` is not supported by this release")
                elif key != "expr":
                    self.problems.at_key(
                        (*keys, key), f"a column has no key `{key}`{did_you_mean(key, ['expr', *_COLUMN_LATER])}"
                    )
            return self._column_text(name, (*keys, "expr"), value.get("expr"))
        return self._column_text(name, keys, value)

    def _column_text(self, name: str, keys: tuple[str, ...], value: Any) -> tuple[SlipColumn, ColumnType] | None:
        if not isinstance(value, str):
            self.problems.at_value(keys, "expected an expression, in quotes")
            return None
        try:
            return _typed(name, value, self.scope)
        except ExpressionError as error:
            self.problems.at_value(keys, error.sentence, error.at)
            return None

    def _key(self, columns: tuple[SlipColumn, ...]) -> tuple[str, ...]:
        given = self.content.get("key", [])
        if isinstance(given, str):
            given = [given]
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given) or ("key" in self.content and not given):
            self._wrong("key", "expected a list of columns")
            return ()
        names = [column.name for column in columns]
        for number, one in enumerate(given):
            if one not in names and one not in self.content.get("columns", {}):
                self.problems.at_value((*self.keys, "key", number), f"there is no column `{one}`{did_you_mean(one, names)}")
            if one in given[:number]:
                self.problems.at_value((*self.keys, "key", number), f"the column `{one}` is in the key already")
        return tuple(given)

    def _policy(self) -> Policy:
        text = self._text("on_duplicate")
        if text is None:
            return Policy.IGNORE
        if _POLICIES_LATER.fullmatch(text):
            self._wrong("on_duplicate", f"`{text}` is not supported by this release")
        elif text not in {policy.value for policy in Policy}:
            self._wrong("on_duplicate", f"expected ignore or update, got `{text}`")
        else:
            return Policy(text)
        return Policy.IGNORE

    def _own_rows(self, key: tuple[str, ...]) -> bool:
        text = self._text("identity")
        if text is None:
            return False
        if text != "row":
            self._wrong("identity", f'expected "row", got `{text}`')
        elif key:
            self._wrong("identity", 'a table with a key is known by it; take away `key` or `identity = "row"`')
        return True


def _typed(name: str, text: str, scope: Scope) -> tuple[SlipColumn, ColumnType]:
    node = parse_expression(text)
    emitter = Emitter()
    kind = type_of(node)
    if kind is None:
        emitter.value(node, scope)
        raise ExpressionError(len(text.rstrip()), "this column has no type; end it in one, as in `| text`")
    check_nesting(emitter.column(node, scope, kind, text=False))
    return SlipColumn(name, text, node), kind


def _name_problem(name: str, what: str) -> str | None:
    if not name or "\0" in name or len(name.encode()) > _MAX_BYTES:
        return f"expected a name of 1 to {_MAX_BYTES} bytes for this {what}"
    if what == "column" and (name.startswith("_") or name in _SYSTEM):
        return f"the name `{name}` is the service's own or PostgreSQL's; columns of a slip don't begin with `_`"
    return None
