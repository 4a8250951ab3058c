"""Reading the tables of a slip: their columns first, then how they hang together."""

import re
from dataclasses import dataclass
from typing import Any

from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.emit import Emitter, Scope, check_nesting, did_you_mean
from etl_actors.slips.expression import ExpressionError, parse_expression, parse_predicate
from etl_actors.slips.model import SlipColumn, SlipTable
from etl_actors.slips.nodes import Expression, Predicate
from etl_actors.slips.problems import Problems
from etl_actors.slips.types import ColumnType

__all__ = ["read_tables"]

_KNOWN = ("each", "parent", "key", "on_duplicate", "identity", "schema", "when", "columns")
_LATER = ("let", "recurse", "on_error", "index", "breakout", "comment", "check", "private")
_COLUMN_LATER = ("null", "check", "comment", "private")
_POLICIES_LATER = re.compile(r"fill|newest\(.*\)|history\(.*\)")
_MAX_BYTES = 63  # of a PostgreSQL identifier
_MAX_COLUMNS = 1500  # PostgreSQL allows 1,600; some are the service's
_MAX_DEPTH = 12  # tables below one another
_SYSTEM = frozenset(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])
_SCHEMAS = re.compile(r"pg_.*|information_schema|etl")
_NESTED = Scope("item", "fields", "key", "index")  # stands for any item while expressions are checked


@dataclass(slots=True)
class _Draft:
    """What one ``[tables.NAME]`` says, before it is known how it hangs together with the others."""

    name: str
    schema: str
    parent: str | None
    each: Expression | None
    when: Predicate | None
    key: tuple[str, ...]
    policy: Policy
    own_rows: bool
    columns: tuple[SlipColumn, ...]
    types: tuple[ColumnType, ...]
    content: dict[str, Any]


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
    return () if problems else _Family(drafts, problems, schema, slip).tables()


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

    def read(self) -> _Draft:
        self._check_keys()
        each = self._each()
        when = self._when()
        columns, types = self._columns()
        key = self._key(columns)
        return _Draft(
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
    kind = emitter.type_of(node)
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


class _Family:
    """How the tables of a slip hang together."""

    def __init__(self, drafts: dict[str, _Draft], problems: Problems, schema: str, slip: str) -> None:
        self.drafts = drafts
        self.problems = problems
        self.schema = schema
        self.slip = slip

    def tables(self) -> tuple[SlipTable, ...]:
        root = self._root()
        for draft in self.drafts.values():
            self._check(draft)
        if self.problems:
            return ()
        built: dict[str, SlipTable] = {}
        self._build(root, None, built, 0)
        for name in self.drafts.keys() - built.keys():
            if not self.problems:
                self.problems.at_value(("tables", name, "parent"), f"the table `{name}` is its own ancestor")
        return tuple(built.values())

    def _root(self) -> _Draft:
        roots = [
            draft
            for draft in self.drafts.values()
            if draft.parent is None and "parent" not in draft.content and draft.each is None
        ]
        for other in roots[1:]:
            self.problems.at_key(
                ("tables", other.name),
                f"a slip has one root: `{roots[0].name}` and `{other.name}` have neither `each` nor `parent`",
            )
        if roots:
            return roots[0]
        if self.slip in self.drafts:
            self.problems.at_key(
                ("tables", self.slip), f"a slip without a root table is given one of its own name, but `{self.slip}` is taken"
            )
        given = _Draft(self.slip, self.schema, None, None, None, (), Policy.IGNORE, False, (), (), {})  # noqa: FBT003  (fields)
        self.drafts = {self.slip: given, **self.drafts}
        return given

    def _check(self, draft: _Draft) -> None:
        keys = ("tables", draft.name)
        if draft.each is not None and draft.parent is None:
            self.problems.at_value(
                (*keys, "each"), "`each` without `parent` (a table of entities) is not supported by this release"
            )
        if draft.parent is None:
            return
        if draft.parent not in self.drafts:
            self.problems.at_value(
                (*keys, "parent"), f"there is no table `{draft.parent}`{did_you_mean(draft.parent, list(self.drafts))}"
            )
        if draft.own_rows:
            self.problems.at_value((*keys, "identity"), '`identity = "row"` is for the root')
        if "on_duplicate" in draft.content and not draft.key:
            self.problems.at_value(
                (*keys, "on_duplicate"), "a child without `key` follows its parent; `on_duplicate` needs a `key`"
            )

    def _build(self, draft: _Draft, parent: Table | None, built: dict[str, SlipTable], depth: int) -> None:
        if depth > _MAX_DEPTH:
            self.problems.at_value(("tables", draft.name, "parent"), f"tables are at most {_MAX_DEPTH} below the root")
            return
        kind = Kind.ROOT if parent is None else Kind.OWN if draft.key else Kind.SET
        follows = parent is not None and kind is Kind.SET
        table = Table(
            schema=draft.schema,
            name=draft.name,
            kind=kind,
            policy=parent.policy if parent and follows else draft.policy,
            key=draft.key,
            columns=tuple(Column(column.name, kind.name) for column, kind in zip(draft.columns, draft.types, strict=True)),
            parent=parent.qualified if parent else None,
            owner=parent.owner if parent and follows else f"{draft.schema}.{draft.name}",
        )
        texts = [str(draft.content.get(key, "")) for key in ("each", "when")]
        built[draft.name] = SlipTable(table, draft.parent, draft.each, draft.when, draft.columns, draft.own_rows, *texts)
        for child in self.drafts.values():
            if child.parent == draft.name:
                self._build(child, table, built, depth + 1)
