"""A dry run from the choice of its rows to what it has found."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from etl_actors.dry_run.found import DryRun
from etl_actors.dry_run.parsing import Parsing
from etl_actors.dry_run.standing import AsTheyStand
from etl_actors.settings import Settings
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.catalogue import usable_catalogue
from etl_actors.slips.shelf.unmatched import unmatched_as_set
from etl_actors.store.database import Connection
from etl_actors.store.replay.choice import Choice, count, require_settled
from etl_actors.store.replay.comparison import Comparison
from etl_actors.store.replay.orders import Version
from etl_actors.store.replay.preview import Preview
from etl_actors.store.replay.versions import require_possible
from etl_actors.store.tables.kin import stored_slips

__all__ = ["MOST_ROWS", "Step", "dry_run"]

MOST_ROWS = 100_000
"""Above it a random share is looked at."""


class Step(StrEnum):
    """What a dry run is at."""

    PARSING = "parsing"
    COMPARING = "comparing"
    SEEKING = "seeking"


def dry_run(
    conn: Connection,
    settings: Settings,
    choice: Choice,
    version: Version,
    most: int = MOST_ROWS,
    tell: Callable[[Step, int, int], None] = lambda _step, _done, _total: None,
) -> DryRun:
    """Find what a replay would change.

    Args:
        conn: as an operator, in autocommit mode; temp tables are left in its session.
        settings: for the slips and the target schema.
        choice: of the rows.
        version: of their slip; whether code of it may run is asked before.
        most: rows to look at, at most, and documents to seek.
        tell: told of the step, how many documents are parsed, and of how many.

    Raises:
        UsageError: the choice cannot be, or documents of it would change the tables of a slip that breaks documents out.
        SlipError: a slip of the folders cannot be used.
        DatabaseUnsuitable: one could not be in force beside what its tables hold.
    """
    require_settled(conn, choice)
    chosen = sum(count(conn, choice).values())
    if not chosen:
        return DryRun()
    unmatched = unmatched_as_set(settings.unmatched, settings.target_schema, settings.unmatched_names)
    catalogue = usable_catalogue(settings.parser_folders, settings.target_schema, unmatched)
    stored = {slip.digest: slip for slip in stored_slips(conn, settings.target_schema)}
    standing = AsTheyStand(conn)
    in_force = [standing.current(slip) if slip.breakout is not None else slip for slip in catalogue.slips]
    slips = {**stored, **{slip.digest: slip for slip in in_force}}
    preview = Preview(conn)
    comparison = Comparison(conn, preview, slips)
    groups = preview.choose(choice, most)
    looked_at = sum(len(group.row_ids) for group in groups)
    parsing = Parsing(conn, preview, catalogue, stored, standing, settings, lambda done: tell(Step.PARSING, done, looked_at))
    parsing.repeat(groups, pinned=version is Version.ORIGINAL)
    for digest in sorted(parsing.used):
        require_possible(conn, slips[digest], stored.values())
    tell(Step.COMPARING, looked_at, looked_at)
    losers, there = comparison.losers(most)
    to_parse = looked_at + sum(len(group.row_ids) for group in losers)
    parsing.tell = lambda done: tell(Step.SEEKING, done, to_parse)
    sought, withheld = parsing.seek(losers)
    tell(Step.COMPARING, to_parse, to_parse)
    tables = tuple(comparison.changes(_hidden(slips)))
    return DryRun(chosen, looked_at, tables, preview.outcomes(), parsing.refusals, sought, withheld, there)


def _hidden(slips: Mapping[str, Slip]) -> dict[str, frozenset[str]]:
    """Find the columns whose values are not shown, as any version of any slip says."""
    found: dict[str, set[str]] = {}
    for slip in slips.values():
        for made in slip.tables:
            private = {column.name for column in made.columns if column.private or column.hidden}
            found.setdefault(made.table.qualified, set()).update(private)
    return {name: frozenset(columns) for name, columns in found.items()}
