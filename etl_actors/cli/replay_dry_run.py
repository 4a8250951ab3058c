"""``etl-actors replay --dry-run``: what a replay would change."""

from typing import TYPE_CHECKING

from etl_actors.errors import UsageError

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.store.replay_choice import Choice
    from etl_actors.store.replays import Version

__all__ = ["previewed"]


def previewed(settings: "Settings", choice: "Choice", version: "Version", *, as_json: bool) -> None:
    """Show what a replay would change."""
    raise UsageError(f"There is no dry run yet{choice.words()} ({version.value}, {settings.target_schema}, {as_json}).")
