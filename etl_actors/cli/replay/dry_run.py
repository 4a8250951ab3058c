"""``etl-actors replay --dry-run``: what a replay would change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from etl_actors.cli.context import accepted_database
from etl_actors.cli.render import console, say, show_json

if TYPE_CHECKING:
    from etl_actors.cli.replay.rows import Refusals
    from etl_actors.settings import Settings
    from etl_actors.slips.model.slip import Slip
    from etl_actors.store.database import Connection
    from etl_actors.store.replay.choice import Choice
    from etl_actors.store.replay.differences import TableChange
    from etl_actors.store.replay.orders import Version

__all__ = ["MOST_ROWS", "DryRun", "dry_run", "previewed"]

MOST_ROWS = 100_000
"""Above it a random share is looked at."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a replay would change.

    Args:
        chosen: rows that the filter chooses.
        looked_at: of these, the rows that were parsed.
        tables: how each would differ.
        outcomes: how many rows would go from which outcome to which, each a letter: l d s r.
        refusals: the rows that would be rejected.
        sought: documents that were parsed because they may win what the chosen rows would let go.
        withheld: of these, documents that were not parsed, since their version's steps.py is not what is installed.
        losers: how many there are.
    """

    chosen: int
    looked_at: int
    tables: tuple["TableChange", ...]
    outcomes: Mapping[tuple[str, str], int]
    refusals: "Refusals"
    sought: int
    withheld: int
    losers: int


def previewed(settings: "Settings", choice: "Choice", version: "Version", *, as_json: bool) -> None:
    """Show what a replay would change, and change nothing.

    Raises:
        UsageError: the choice or the version cannot be.
        SlipError: a slip of the folders cannot be used.
    """
    from etl_actors.cli.replay.dry_run_told import dry_run_json, show_dry_run
    from etl_actors.store.database import connect, translated

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
        translated(url),
    ):
        found = dry_run(conn, settings, choice, version)
    if found is None:
        if as_json:
            show_json({"dry_run": True, "chosen": 0})
        else:
            say(f"There are no settled rows{choice.words()} in staging: nothing would be replayed.")
    elif as_json:
        show_json(dry_run_json(found))
    else:
        show_dry_run(found)


def dry_run(
    conn: "Connection", settings: "Settings", choice: "Choice", version: "Version", most: int = MOST_ROWS
) -> DryRun | None:
    """Find what a replay would change; None where nothing is chosen.

    Args:
        conn: as an operator, in autocommit mode; temp tables are left in its session.
        settings: for the slips and the target schema.
        choice: of the rows.
        version: of their slip.
        most: rows to look at, at most, and documents to seek.

    Raises:
        UsageError: the choice or the version cannot be.
        SlipError: a slip of the folders cannot be used.
        DatabaseUnsuitable: one could not be in force beside what its tables hold.
    """
    from etl_actors.cli.replay.order import require_versions
    from etl_actors.cli.replay.rows import Parsing
    from etl_actors.slips.shelf.catalogue import usable_catalogue
    from etl_actors.store.replay.choice import count, require_settled
    from etl_actors.store.replay.orders import Version
    from etl_actors.store.replay.preview import Preview
    from etl_actors.store.replay.versions import require_possible
    from etl_actors.store.tables.kin import stored_slips

    require_settled(conn, choice)
    chosen = sum(count(conn, choice).values())
    if not chosen:
        return None
    require_versions(conn, settings, choice, version)
    catalogue = usable_catalogue(settings.parser_folders, settings.target_schema)
    stored = {slip.digest: slip for slip in stored_slips(conn, settings.target_schema)}
    slips = {**stored, **{slip.digest: slip for slip in catalogue.slips}}
    preview = Preview(conn, slips)
    with _bar() as bar:
        task = bar.add_task("replay", total=min(chosen, most), said="parsing")
        parsing = Parsing(conn, preview, catalogue, stored, settings, lambda rows: bar.advance(task, rows))
        groups = preview.choose(choice, most)
        looked_at = sum(len(group.row_ids) for group in groups)
        parsing.repeat(groups, pinned=version is Version.ORIGINAL)
        for digest in sorted(parsing.used):
            require_possible(conn, slips[digest], stored.values())
        bar.update(task, said="comparing")
        losers, there = preview.losers(most)
        bar.update(task, said="seeking" if losers else "comparing", total=looked_at + sum(len(group.row_ids) for group in losers))
        sought, withheld = parsing.seek(losers)
        tables = tuple(preview.changes(_hidden(slips)))
    return DryRun(chosen, looked_at, tables, preview.outcomes(), parsing.refusals, sought, withheld, there)


def _hidden(slips: "Mapping[str, Slip]") -> dict[str, frozenset[str]]:
    """Find the columns whose values are not shown, as any version of any slip says."""
    found: dict[str, set[str]] = {}
    for slip in slips.values():
        for made in slip.tables:
            private = {column.name for column in made.columns if column.private or column.hidden}
            found.setdefault(made.table.qualified, set()).update(private)
    return {name: frozenset(columns) for name, columns in found.items()}


def _bar() -> Progress:
    shown = console(error=True)
    columns = [SpinnerColumn(), TextColumn("{task.fields[said]}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=shown, disable=not shown.is_terminal, transient=True)
