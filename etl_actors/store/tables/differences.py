"""Why a table that is there cannot be what a slip wants: what no change of it would mend."""

from collections.abc import Iterator, Mapping

from etl_actors.relational.tables import FILLED, Kind, Table
from etl_actors.store.tables.facts import Facts
from etl_actors.store.tables.plan import system_columns
from etl_actors.store.tables.versions_view import OURS, versions_view

__all__ = ["differences"]


def differences(table: Table, facts: Facts, spelling: Mapping[str, str], slip: str) -> Iterator[str]:
    """Say, a sentence each, why a table cannot be what the slip wants.

    Args:
        table: as the slip wants it.
        facts: it as it is.
        spelling: PostgreSQL's name of each type that the slip names.
        slip: its name.
    """
    system = system_columns(table)
    missing = next((name for name, _ in system if name not in facts.columns and name != FILLED), None)
    if missing is not None:
        yield f"Slip {slip} fills {table.qualified}, which is no table of etl-actors (it has no column {missing}): name another."
        return
    above = facts.columns.get("_parent_id")
    if above is not None and above.required and table.kind not in (Kind.OWN, Kind.SET):
        yield (
            f"Slip {slip} fills {table.qualified} with rows below no other, but in the database it is a table of children "
            "(it has a column _parent_id): name another."
        )
        return
    if facts.view is not None and not facts.view.comment.startswith(OURS):
        view = versions_view(table, (), deleted=False).qualified
        yield f"Slip {slip} shows the versions of {table.qualified} in {view}, and something else has that name: name the table otherwise."
    for name, kind in (*system, *((c.name, c.type) for c in table.columns)):
        found = facts.columns.get(name)
        if found is not None and found.type != spelling[kind]:
            yield (
                f"Slip {slip} makes {table.qualified}.{name} {_one(spelling[kind])}, but in the database it is {_one(found.type)}: "
                "change the slip or the table."
            )


def _one(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
