"""Whether what a slip that breaks documents out has beside its tables, and what its documents repeat, have names of their own."""

from collections.abc import Collection

from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.view import View
from etl_actors.relational.companions import tombstones_name, versions_name
from etl_actors.relational.tables import Policy
from etl_actors.slips.source.section import Section

__all__ = ["check_own_names"]


def check_own_names(section: Section, table: str, view: View | None, entities: Collection[Entity]) -> None:
    """Note entities that have the name of a view or of what the root has beside it, and a view that has the latter's.

    Args:
        section: of `[breakout]`.
        table: the root.
        view: that shows the documents; None for none.
        entities: what the documents repeat.
    """
    beside = _beside(section, table)
    taken = beside if view is None else {**beside, view.name: "is the view of the documents"}
    for one in entities:
        if one.name in taken:
            keys = (*section.keys, "entities", one.name)
            section.problems.at_key(keys, f"`{one.name}` {taken[one.name]}: name the entity otherwise")
    if view is not None and view.name in beside:
        key = "view" if "view" in section.content else "table"
        section.wrong(key, f"`{view.name}` {beside[view.name]}: give the view of the documents another name by `view`")


def _beside(section: Section, table: str) -> dict[str, str]:
    """Give the names of what the root has beside it, each with what that is."""
    names = {}
    if str(section.content.get("on_duplicate", "")).startswith(Policy.HISTORY.value):
        names[versions_name(table)] = f"is the view of the versions of `{table}`"
    if "delete_when" in section.content:
        names[tombstones_name(table)] = f"tells which keys of `{table}` are deleted"
    return names
