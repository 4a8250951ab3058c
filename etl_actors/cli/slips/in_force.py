"""What the database knows of a slip that breaks documents out: the version in force, and which column holds what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl_actors.cli.context import accepted_database
from etl_actors.cli.render import Column, show_table
from etl_actors.errors import EtlError, UsageError
from etl_actors.slips.model.slip import Slip

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.slips.reading.column_map import MappedColumn

__all__ = ["InForce", "columns_json", "in_force", "nobodys", "show_columns"]

_KNOWN = "Which columns its documents have is known to the database"


@dataclass(frozen=True, slots=True)
class InForce:
    """The version of a slip that is in force, as far as it can be told.

    Args:
        slip: the version, with the tables that its documents have; None where it is not known.
        columns: by qualified name of the table.
        why: it is not known; a sentence.
    """

    slip: Slip | None = None
    columns: Mapping[str, Sequence["MappedColumn"]] = field(default_factory=dict)
    why: str = ""


def in_force(settings: "Settings", slip: Slip) -> InForce:
    """Ask the database for the version in force of a slip of a folder, if there is one to be asked."""
    from etl_actors.database_in_use import at_hand

    if not at_hand(settings):
        return InForce(why=f"{_KNOWN}, and there is none yet.")
    try:
        found, _ = _asked(settings, slip.name)
    except EtlError as error:
        return InForce(why=f"{_KNOWN}. {error}")
    return found or InForce(why=f"{_KNOWN}, in which the slip is not in force: etl-actors slips apply")


def nobodys(settings: "Settings", name: str) -> InForce:
    """Ask the database for the slip of a source whose documents no slip takes.

    Raises:
        UsageError: there is none of that name; the sentence names those that there are.
        EtlError: the database cannot be asked.
    """
    from etl_actors.slips.shelf.unmatched import is_unmatched

    found, others = _asked(settings, name)
    if found is None:
        known = [other for other in others if is_unmatched(other)]
        there = f"there are {', '.join(known)}" if known else "no documents were broken out without a slip"
        raise UsageError(f"There is no slip `{name}` in the database; {there}.")
    return found


def _asked(settings: "Settings", name: str) -> tuple[InForce | None, list[str]]:
    from etl_actors.store.breakout.column_map import breakout_in_force, mapped_slips, stored_column_map
    from etl_actors.store.database import connect, translated

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors slips show") as conn,
        translated(url),
    ):
        slip = breakout_in_force(conn, name, settings.target_schema)
        if slip is None:
            return None, mapped_slips(conn)
        columns: dict[str, list[MappedColumn]] = {table.qualified: [] for table in slip.targets}
        for one in stored_column_map(conn, name):
            columns.setdefault(one.target, []).append(one)
    return InForce(slip, columns), []


def show_columns(columns: Sequence["MappedColumn"]) -> None:
    """Print the columns of a table, each with its type and where in documents it comes from."""
    heads = [Column("column"), Column("type"), Column("path"), Column("what of it")]
    show_table(heads, [[one.name, one.type, one.path, one.kind] for one in columns])


def columns_json(columns: Sequence["MappedColumn"]) -> list[dict[str, str]]:
    """Tell the same as JSON."""
    return [{"name": one.name, "type": one.type, "path": one.path, "kind": one.kind} for one in columns]
