"""Dry runs, and what the replay then does to the rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg import sql

from etl_actors.dry_run.found import DryRun
from etl_actors.dry_run.run import dry_run
from etl_actors.settings import Settings, load_settings
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection, connect
from etl_actors.store.replay.choice import Choice
from etl_actors.store.replay.orders import Version

__all__ = ["Rows", "difference", "rows_of", "said", "settings_of", "told"]

_NO_VALUES = {"_row_id", "_batch_id", "_loaded_at", "_filled"}

Rows = dict[str, dict[str, tuple[Any, ...]]]


def settings_of(slip: Slip, folder: Path, url: str) -> Settings:
    """Write the slip where it is to be found."""
    (folder / slip.name).mkdir(exist_ok=True)
    (folder / slip.name / "slip.toml").write_text(slip.files["slip.toml"], "utf-8")
    return load_settings(None, {"ETL_DATABASE_URL": url, "ETL_PARSERS": str(folder), "ETL_UNMATCHED": "reject"})


def told(url: str, settings: Settings, choice: Choice, most: int = 100_000) -> DryRun:
    """Make a dry run, as an operator."""
    with connect(url, role="etl_operator") as conn:
        return dry_run(conn, settings, choice, Version.CURRENT, most)


def said(found: DryRun) -> dict[str, tuple[int, int, int]]:
    """Return what `difference` does, as the dry run foretells it."""
    return {table.table: (table.added, table.changed, table.removed) for table in found.tables if table.touched}


def rows_of(admin: Connection, tables: Sequence[str]) -> Rows:
    """Read the rows of every table by `_id`, what tells of the run and of the document aside."""
    found: Rows = {}
    for table in tables:
        cursor = admin.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        names = [column.name for column in cursor.description or ()]
        kept = [no for no, name in enumerate(names) if name not in _NO_VALUES]
        found[f"public.{table}"] = {str(row[names.index("_id")]): tuple(row[no] for no in kept) for row in cursor}
    return found


def difference(before: Rows, after: Rows) -> dict[str, tuple[int, int, int]]:
    """Count per table the rows that were added, changed, removed; tables where nothing was are left out."""
    found = {
        name: (
            len(after[name].keys() - before[name].keys()),
            sum(before[name][key] != after[name][key] for key in before[name].keys() & after[name].keys()),
            len(before[name].keys() - after[name].keys()),
        )
        for name in before
    }
    return {name: counts for name, counts in found.items() if any(counts)}
