"""Reading the tables of a slip, each on its own; how they hang together is `family`'s part."""

import re
from typing import Any

from etl_actors.relational.tables import Policy
from etl_actors.slips.expressions.expression import parse_expression, parse_predicate
from etl_actors.slips.model.draft import Draft, DraftColumn
from etl_actors.slips.model.slip import Let
from etl_actors.slips.reading.columns import MAX_BYTES, name_problem, read_columns
from etl_actors.slips.reading.lets import read_lets
from etl_actors.slips.source.problems import Problems, did_you_mean
from etl_actors.slips.source.section import Section

__all__ = ["read_table", "read_tables"]

_KNOWN = (
    "parent",
    "each",
    "recurse",
    "when",
    "delete_when",
    "let",
    "key",
    "on_duplicate",
    "identity",
    "on_error",
    "index",
    "schema",
    "columns",
)
_SCHEMAS = re.compile(r"pg_.*|information_schema|etl")
_POLICIES = "ignore, update, newest(COLUMN), history(COLUMN) or fill"
_BY_COLUMN = re.compile(r"(newest|history)\(\s*(.*?)\s*\)")
_ON_ERROR = ("document", "item")
_MAX_INDEXED = 32  # columns of one index of PostgreSQL


def read_tables(content: dict[str, Any], problems: Problems, schema: str, lets: tuple[Let, ...]) -> dict[str, Draft]:
    """Read the tables of a slip.

    Args:
        content: of the slip.
        problems: where to note what is wrong.
        schema: for tables that name none.
        lets: of the whole slip.

    Returns:
        The drafts by name, in the slip's order.
    """
    tables = content.get("tables", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        problems.at_key(("tables",), "expected tables as [tables.NAME]")
        return {}
    if not tables and not problems:
        problems.at_line(1, 1, "a slip needs at least one table, as [tables.NAME]")
    return {
        name: _TableReader(name, Section(table, problems, ("tables", name)), schema, lets).read()
        for name, table in tables.items()
    }


def read_table(name: str, section: Section, schema: str) -> Draft:
    """Read a table that stands alone.

    Args:
        name: of the table.
        section: its content.
        schema: for a table that names none.
    """
    return _TableReader(name, section, schema, ()).read()


class _TableReader:
    """Reads one table.

    Args:
        name: of the table.
        section: its content.
        schema: for a table that names none.
        lets: of the whole slip.
    """

    def __init__(self, name: str, section: Section, schema: str, lets: tuple[Let, ...]) -> None:
        self.name = name
        self.section = section
        self.content = section.content
        self.problems = section.problems
        self.keys = section.keys
        self.schema = schema
        self.lets = lets

    def read(self) -> Draft:
        section = self.section
        wrong = name_problem(self.name, "table")
        if wrong:
            self.problems.at_key(self.keys, wrong)
        section.check_keys(_KNOWN, "a table")
        columns = read_columns(section)
        key = self._key(columns)
        policy, newest = self._policy(columns, key)
        return Draft(
            self.name,
            self._schema(),
            self.content,
            parent=section.text("parent"),
            each=section.parsed("each", parse_expression),
            recurse=section.parsed("recurse", parse_expression),
            when=section.parsed("when", parse_predicate),
            delete_when=section.parsed("delete_when", parse_predicate),
            lets=read_lets(self.content.get("let", {}), (*self.keys, "let"), self.problems, self.lets),
            columns=columns,
            key=key,
            policy=policy,
            newest=newest,
            own_rows=self._own_rows(key),
            item_alone=self._item_alone(),
            indexes=self._indexes(),
            place=self.keys,
        )

    def _named(self) -> list[str]:
        """List the names of all columns, those included that can't be read."""
        columns = self.content.get("columns")
        return list(columns) if isinstance(columns, dict) else []

    def _schema(self) -> str:
        schema = self.section.text("schema")
        if schema is None:
            return self.schema
        if not schema or len(schema.encode()) > MAX_BYTES or "\0" in schema:
            self.section.wrong("schema", "expected the name of a schema of 1 to 63 bytes")
        elif _SCHEMAS.fullmatch(schema):
            self.section.wrong("schema", f"the schema `{schema}` is not for target tables")
        return schema

    def _key(self, columns: tuple[DraftColumn, ...]) -> tuple[str, ...]:
        given = self.content.get("key", [])
        if isinstance(given, str):
            given = [given]
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given) or ("key" in self.content and not given):
            self.section.wrong("key", "expected a list of columns")
            return ()
        types = {column.column.name: column.type for column in columns}
        for number, one in enumerate(given):
            keys = (*self.keys, "key", number)
            kind = types.get(one)
            if one not in self._named():
                self.problems.at_value(keys, f"there is no column `{one}`{did_you_mean(one, self._named())}")
            elif one in given[:number]:
                self.problems.at_value(keys, f"the column `{one}` is in the key already")
            elif kind is not None and not kind.keyable:
                self.problems.at_value(keys, f"the column `{one}` is {kind.name}, which can't be in a key")
        return tuple(given)

    def _policy(self, columns: tuple[DraftColumn, ...], key: tuple[str, ...]) -> tuple[Policy, str]:
        text = self.section.text("on_duplicate")
        found = _BY_COLUMN.fullmatch(text) if text else None
        if text is None or text in {"ignore", "update", "fill"}:
            return Policy(text or "ignore"), ""
        if not found:
            self.section.wrong("on_duplicate", f"expected {_POLICIES}, got `{text}`")
            return Policy.IGNORE, ""
        policy, name, at = Policy(found[1]), found[2], found.start(2)
        kind = next((column.type for column in columns if column.column.name == name), None)
        if not name:
            self.section.wrong("on_duplicate", f"expected a column, as in `{policy.value}(seen_at)`", at)
        elif name not in self._named():
            self.section.wrong("on_duplicate", f"there is no column `{name}`{did_you_mean(name, self._named())}", at)
        elif name in key:
            self.section.wrong("on_duplicate", f"the column `{name}` is in the key: it does not tell rows of one key apart", at)
        elif kind is not None and kind.name.startswith("jsonb"):
            self.section.wrong("on_duplicate", f"the column `{name}` is {kind.name}, of which none is the newest", at)
        elif policy is Policy.HISTORY and kind is not None and not kind.keyable:
            self.section.wrong("on_duplicate", f"the column `{name}` is {kind.name}, which can't tell versions apart", at)
        elif policy is Policy.HISTORY and "key" not in self.content and "parent" not in self.content:
            self.section.wrong("on_duplicate", "`history` keeps the versions of a key: the table needs a `key`")
        return policy, name

    def _own_rows(self, key: tuple[str, ...]) -> bool:
        text = self.section.text("identity")
        if text is None:
            return False
        if text != "row":
            self.section.wrong("identity", f'expected "row", got `{text}`')
        elif key:
            self.section.wrong("identity", 'a table with a key is known by it; take away `key` or `identity = "row"`')
        return True

    def _item_alone(self) -> bool:
        text = self.section.text("on_error")
        if text is not None and text not in _ON_ERROR:
            hint = did_you_mean(text, list(_ON_ERROR))
            self.section.wrong("on_error", f"expected {' or '.join(_ON_ERROR)}, got `{text}`{hint}")
        elif text == "item" and "each" not in self.content:
            self.section.wrong("on_error", '`on_error = "item"` has a meaning only in a table with `each`')
        return text == "item"

    def _indexes(self) -> tuple[tuple[str, ...], ...]:
        given = self.content.get("index", [])
        lists = [[one] if isinstance(one, str) else one for one in given] if isinstance(given, list) else [None]
        indexes = [one for one in lists if isinstance(one, list) and one and all(isinstance(name, str) for name in one)]
        if len(indexes) < len(lists):
            self.section.wrong("index", 'expected a list of indexes, each a list of columns, as in [["a"], ["a", "b"]]')
            return ()
        for number, names in enumerate(indexes):
            keys = (*self.keys, "index", number)
            if names in indexes[:number]:
                self.problems.at_value(keys, f"there is an index of ({', '.join(names)}) already")
            if len(names) > _MAX_INDEXED:
                self.problems.at_value(keys, f"an index has at most {_MAX_INDEXED} columns, got {len(names)}")
            for place, name in enumerate(names):
                where = keys if isinstance(given[number], str) else (*keys, place)
                if name not in self._named():
                    self.problems.at_value(where, f"there is no column `{name}`{did_you_mean(name, self._named())}")
                elif name in names[:place]:
                    self.problems.at_value(where, f"the column `{name}` is in this index already")
        return tuple(tuple(names) for names in indexes)
