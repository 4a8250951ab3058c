"""Documents that delete rows: what `delete_when` asks for, and the table of the tombstones that it leaves."""

from collections.abc import Mapping
from dataclasses import replace

from etl_actors.relational.companions import tombstones_name
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.model.draft import Draft
from etl_actors.slips.model.slip import SlipTable
from etl_actors.slips.source.problems import Problems

__all__ = ["check_deletes", "tombstones"]


def check_deletes(draft: Draft, drafts: Mapping[str, Draft], problems: Problems) -> None:
    """Note what keeps a table from having rows that documents delete.

    Args:
        draft: of the table.
        drafts: of all tables of the slip, by name.
        problems: where to note.
    """
    if "delete_when" not in draft.content:
        return
    keys = (*draft.keys, "delete_when")
    if draft.below or draft.has_each:
        problems.at_key(keys, "`delete_when` is for the root: a document deletes the row that it would else have been")
    elif "key" not in draft.content:
        problems.at_key(keys, "`delete_when` deletes the row of a key: the table needs a `key`")
    elif draft.policy is Policy.IGNORE:
        problems.at_key(
            keys,
            "what deletes a row comes after it, and by `ignore`, the default of `on_duplicate`, what comes later loses: "
            "write `update`, `newest(COLUMN)` or `history(COLUMN)`",
        )
    name = tombstones_name(draft.name)
    if name in drafts:
        problems.at_key(("tables", name), f"`{name}` tells which keys of `{draft.name}` are deleted: name the table otherwise")


def tombstones(root: SlipTable, draft: Draft) -> SlipTable:
    """Make the table of the tombstones: a row where a document has deleted one, with its key, and what decides who wins.

    Args:
        root: whose rows are deleted.
        draft: of it.
    """
    deleted = root.table
    names = {*deleted.key, deleted.newest}
    columns = tuple(column for column in deleted.columns if column.name in names)
    table = Table(
        deleted.schema,
        deleted.deleted_by,
        Kind.TOMBSTONE,
        deleted.policy,
        deleted.key,
        tuple(Column(column.name, column.type) for column in columns),
        None,
        newest=deleted.newest,
        indexes=((*deleted.key, deleted.newest),) if deleted.versioned else (),
        deletes=deleted.name,
    )
    return SlipTable(
        table,
        None,
        None,
        draft.delete_when,
        tuple(replace(column, null=True) for column in root.columns if column.name in names),
        when_text=str(draft.content.get("delete_when", "")),
        lets=draft.lets,
    )
