"""How the tables of a slip hang together: which is the root, what stands below what, and who decides for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.model import SlipColumn, SlipTable
from etl_actors.slips.nodes import Expression, Predicate
from etl_actors.slips.problems import Problems, did_you_mean
from etl_actors.slips.types import ColumnType

__all__ = ["Draft", "Family"]

_MAX_DEPTH = 12  # tables below one another


@dataclass(slots=True)
class Draft:
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


class Family:
    """The tables of a slip.

    Args:
        drafts: by name, in the slip's order.
        problems: where to note what is wrong.
        schema: of a root that the slip does not give.
        slip: its name, which such a root gets.
    """

    def __init__(self, drafts: dict[str, Draft], problems: Problems, schema: str, slip: str) -> None:
        self.drafts = drafts
        self.problems = problems
        self.schema = schema
        self.slip = slip

    def tables(self) -> tuple[SlipTable, ...]:
        """Put the tables in order: parents before children, the root first; none where problems were noted."""
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

    def _root(self) -> Draft:
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
        given = Draft(self.slip, self.schema, None, None, None, (), Policy.IGNORE, False, (), (), {})  # noqa: FBT003  (fields)
        self.drafts = {self.slip: given, **self.drafts}
        return given

    def _check(self, draft: Draft) -> None:
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

    def _ancestors(self, draft: Draft) -> Iterator[str]:
        while draft.parent is not None:
            yield draft.parent
            draft = self.drafts[draft.parent]

    def _build(self, draft: Draft, parent: Table | None, built: dict[str, SlipTable], depth: int) -> None:
        if depth > _MAX_DEPTH:
            self.problems.at_value(("tables", draft.name, "parent"), f"tables are at most {_MAX_DEPTH} below the root")
            return
        kind = Kind.ROOT if parent is None else Kind.OWN if draft.key else Kind.SET
        if kind is Kind.SET and Kind.OWN in (built[above].table.kind for above in self._ancestors(draft)):
            self.problems.at_value(
                ("tables", draft.name, "parent"),
                "a child without `key` below one with a key of its own is not supported by this release: give it a `key`",
            )
        table = Table(
            schema=draft.schema,
            name=draft.name,
            kind=kind,
            policy=parent.policy if parent is not None and kind is Kind.SET else draft.policy,
            key=draft.key,
            columns=tuple(Column(column.name, kind.name) for column, kind in zip(draft.columns, draft.types, strict=True)),
            parent=parent.qualified if parent else None,
        )
        texts = [str(draft.content.get(key, "")) for key in ("each", "when")]
        built[draft.name] = SlipTable(table, draft.parent, draft.each, draft.when, draft.columns, draft.own_rows, *texts)
        for child in self.drafts.values():
            if child.parent == draft.name:
                self._build(child, table, built, depth + 1)
