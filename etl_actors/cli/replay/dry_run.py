"""``etl-actors replay --dry-run``: what a replay would change."""

from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from etl_actors.cli.context import accepted_database
from etl_actors.cli.render import console, say, show_json

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.store.replay.choice import Choice
    from etl_actors.store.replay.orders import Version

__all__ = ["previewed"]


def previewed(settings: "Settings", choice: "Choice", version: "Version", *, as_json: bool) -> None:
    """Show what a replay would change, and change nothing.

    Raises:
        UsageError: the choice or the version cannot be.
        SlipError: a slip of the folders cannot be used.
    """
    from etl_actors.cli.replay.dry_run_told import dry_run_json, show_dry_run
    from etl_actors.cli.replay.order import require_versions
    from etl_actors.dry_run.run import dry_run
    from etl_actors.store.database import connect, translated
    from etl_actors.store.replay.choice import require_settled, unknown

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
        translated(url),
    ):
        require_settled(conn, choice)
        require_versions(conn, settings, choice, version)
        hints: list[str] = []
        with _bar() as bar:
            task = bar.add_task("replay", total=None, said="choosing")
            found = dry_run(
                conn,
                settings,
                choice,
                version,
                tell=lambda step, done, total: bar.update(task, said=step.value, completed=done, total=total),
            )
        if not found.chosen:
            hints = unknown(conn, choice)
    if as_json:
        show_json(dry_run_json(found))
    elif not found.chosen:
        say(" ".join([f"There are no settled rows{choice.words()} in staging: nothing would be replayed.", *hints]))
    else:
        show_dry_run(found)


def _bar() -> Progress:
    shown = console(error=True)
    columns = [SpinnerColumn(), TextColumn("{task.fields[said]}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=shown, disable=not shown.is_terminal, transient=True)
