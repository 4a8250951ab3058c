"""How the tables of a slip hang together: which is the root, what stands below what, and who decides for whom."""

from dataclasses import dataclass

from etl_actors.relational.companions import tombstones_name, versions_name
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.model.draft import Draft
from etl_actors.slips.model.slip import SlipTable
from etl_actors.slips.reading.columns import name_problem
from etl_actors.slips.reading.deletes import check_deletes, tombstones
from etl_actors.slips.source.problems import Problems, did_you_mean

__all__ = ["Family"]

_MAX_DEPTH = 12  # tables below one another
_MAX_LOOPS = 19  # CPython has 20 blocks in one another; the last `except` of a mapper takes one more


@dataclass(frozen=True, slots=True)
class _Owner:
    """The nearest ancestor whose rows decide for keyless children: a ROOT, OWN or ENTITY."""

    table: Table

    @property
    def named(self) -> str | None:
        return None if self.table.kind is Kind.ROOT else self.table.qualified


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
        self._check_ancestors()
        if self.problems:
            return ()
        built: dict[str, SlipTable] = {}
        for top in (root, *(draft for draft in self.drafts.values() if not draft.below and draft.has_each)):
            self._build(top, None, None, built)
        if root.delete_when is not None:
            built[tombstones_name(root.name)] = tombstones(built[root.name], root)
        return tuple(built.values())

    def _root(self) -> Draft:
        roots = [draft for draft in self.drafts.values() if not draft.below and not draft.has_each]
        for other in roots[1:]:
            self.problems.at_key(
                ("tables", other.name),
                f"a slip has one root: `{roots[0].name}` and `{other.name}` have neither `each` nor `parent`",
            )
        if roots:
            return roots[0]
        given = "a slip without a root table is given one of its own name, but"
        if self.slip in self.drafts:
            self.problems.at_key(("tables", self.slip), f"{given} `{self.slip}` is taken")
        elif name_problem(self.slip, "table"):
            self.problems.at_value(("name",), f"{given} a table's name has at most 63 bytes")
        root = Draft(self.slip, self.schema)
        self.drafts = {self.slip: root, **self.drafts}
        return root

    def _check(self, draft: Draft) -> None:
        keys = ("tables", draft.name)
        if draft.parent is not None and draft.parent not in self.drafts:
            self.problems.at_value(
                (*keys, "parent"), f"there is no table `{draft.parent}`{did_you_mean(draft.parent, list(self.drafts))}"
            )
        if "recurse" in draft.content and not draft.has_each:
            self.problems.at_key((*keys, "recurse"), "`recurse` goes on from the items of `each`, and there is none")
        if draft.has_each and not draft.below and "key" not in draft.content:
            self.problems.at_key(
                keys,
                f"`{draft.name}` has `each` and no `parent`: its rows are shared by documents and known by a `key`, "
                "which it needs; rows that belong to one document need a `parent`",
            )
        if "identity" in draft.content and (draft.below or draft.has_each) and not draft.key:
            self.problems.at_value((*keys, "identity"), '`identity = "row"` is for the root')
        if draft.below and "on_duplicate" in draft.content and "key" not in draft.content:
            self.problems.at_value(
                (*keys, "on_duplicate"), "a child without `key` follows its parent; `on_duplicate` needs a `key`"
            )
        elif draft.policy is Policy.FILL and (draft.below or not draft.has_each):
            self.problems.at_value(
                (*keys, "on_duplicate"),
                '"fill" is for rows that many documents share: a table with `each`, a `key` and no `parent`',
            )
        view = versions_name(draft.name)
        if draft.policy is Policy.HISTORY and view in self.drafts:
            self.problems.at_key(
                ("tables", view), f"`{view}` is the view of the versions of `{draft.name}`: name the table otherwise"
            )
        check_deletes(draft, self.drafts, self.problems)
        owner = None if "key" in draft.content else self._owner(draft)
        if owner is not None and owner.policy is Policy.FILL:
            self.problems.at_value(
                (*keys, "parent"),
                f'a row of `{owner.name}` is filled by many documents (`on_duplicate = "fill"`): what is below it needs a `key`',
            )

    def _owner(self, draft: Draft) -> Draft | None:
        """Find the table that a keyless child lands with; None of the root's and of what is its own ancestor."""
        for above in self._ancestors(draft):
            if "key" in above.content:
                return above
        return None

    def _ancestors(self, draft: Draft) -> list[Draft]:
        found: list[Draft] = []
        while draft.parent is not None and draft.parent in self.drafts and self.drafts[draft.parent] not in found:
            draft = self.drafts[draft.parent]
            found.append(draft)
        return found

    def _check_ancestors(self) -> None:
        for draft in self.drafts.values():
            above = self._ancestors(draft)
            keys = ("tables", draft.name, "parent")
            if any(one is draft for one in above):
                self.problems.at_value(keys, f"the table `{draft.name}` is its own ancestor")
            elif len(above) > _MAX_DEPTH:
                self.problems.at_value(keys, f"tables are at most {_MAX_DEPTH} below the root")
            else:
                self._check_loops(draft, above)

    def _check_loops(self, draft: Draft, above: list[Draft]) -> None:
        loops = sum(map(_loops, above))
        if loops <= _MAX_LOOPS < loops + _loops(draft):
            self.problems.at_value(
                ("tables", draft.name, "on_error" if draft.item_alone else "each"),
                f"too many tables with `each` are below one another: at most {_MAX_LOOPS} are, of which one with "
                f'`on_error = "item"` counts twice, got {loops + _loops(draft)}; let fewer of them reject an item alone',
            )

    def _build(self, draft: Draft, parent: Table | None, owner: _Owner | None, built: dict[str, SlipTable]) -> None:
        tops, children = (Kind.ROOT, Kind.ENTITY), (Kind.SET, Kind.OWN)
        kind = tops[draft.has_each] if parent is None else children[bool(draft.key)]
        keyless = owner if kind is Kind.SET else None
        table = Table(
            schema=draft.schema,
            name=draft.name,
            kind=kind,
            policy=keyless.table.policy if keyless else draft.policy,
            key=draft.key,
            columns=tuple(
                Column(
                    column.column.name,
                    column.type.name if column.type else "",
                    column.column.null,
                    column.check,
                    column.comment,
                )
                for column in draft.columns
            ),
            parent=parent.qualified if parent else None,
            owner=keyless.named if keyless else None,
            newest=draft.newest,
            indexes=_indexes(draft),
            deleted_by=tombstones_name(draft.name) if draft.delete_when is not None else "",
        )
        built[draft.name] = SlipTable(
            table,
            draft.parent,
            draft.each,
            draft.when,
            tuple(column.column for column in draft.columns),
            own_rows=draft.own_rows,
            each_text=str(draft.content.get("each", "")),
            when_text=str(draft.content.get("when", "")),
            recurse=draft.recurse,
            recurse_text=str(draft.content.get("recurse", "")),
            lets=draft.lets,
            item_alone=draft.item_alone,
        )
        for child in self.drafts.values():
            if child.parent == draft.name:
                self._build(child, table, keyless or _Owner(table), built)


def _indexes(draft: Draft) -> tuple[tuple[str, ...], ...]:
    by_version = (*draft.key, draft.newest)  # by it the view of the versions finds those of a key, in their order
    return (*draft.indexes, by_version) if draft.policy is Policy.HISTORY and by_version not in draft.indexes else draft.indexes


def _loops(draft: Draft) -> int:
    """Count the blocks of Python that a table's items take."""
    return draft.has_each + draft.item_alone
