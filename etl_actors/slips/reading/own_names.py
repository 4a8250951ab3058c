"""Whether what documents repeat has names that nothing else has of a slip which breaks documents out."""

from collections.abc import Collection

from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.view import View
from etl_actors.relational.companions import tombstones_name, versions_name
from etl_actors.relational.tables import Policy
from etl_actors.slips.source.section import Section

__all__ = ["check_own_names", "names_beside"]


def check_own_names(section: Section, table: str, view: View | None, entities: Collection[Entity]) -> None:
    """Note entities that have the name of the view, or of what the root has beside it.

    Args:
        section: of `[breakout]`.
        table: the root.
        view: that shows the documents; None for none.
        entities: what the documents repeat.
    """
    beside = names_beside(section, table)
    taken = beside if view is None else {**beside, view.name: "is the view of the documents"}
    for one in entities:
        if one.name in taken:
            keys = (*section.keys, "entities", one.name)
            section.problems.at_key(keys, f"`{one.name}` {taken[one.name]}: name the entity otherwise")


def names_beside(section: Section, table: str) -> dict[str, str]:
    """Give the names of what a root has beside it, each with what that is.

    Args:
        section: of `[breakout]`.
        table: the root.
    """
    names = {}
    if str(section.content.get("on_duplicate", "")).startswith(Policy.HISTORY.value):
        names[versions_name(table)] = f"is the view of the versions of `{table}`"
    if "delete_when" in section.content:
        names[tombstones_name(table)] = f"tells which keys of `{table}` are deleted"
    return names
