"""What every command is given: the options before the command, the settings, the database in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from etl_actors.settings import Settings

__all__ = ["Invocation", "accepted_database", "invocation", "ready_database"]


@dataclass(slots=True)
class Invocation:
    """The options that stand before the command.

    Args:
        config: a settings file, None for none.
        debug: show tracebacks, and log everything.
    """

    config: Path | None = None
    debug: bool = False

    def settings(self, *, logs: bool = False, **overrides: object) -> "Settings":
        """Read the settings, and send the logs where they say.

        Args:
            logs: log as the settings say: the daemon; else only what is a warning or worse, for what the command has to say it prints.
            overrides: values of the command's own options by key, of which None counts as not given.

        Raises:
            SettingsError: with a line for every problem.
        """
        from etl_actors.logs import configure
        from etl_actors.settings import load_settings

        settings = load_settings(self.config, None, **overrides)
        quiet = "error" if settings.log_level == "error" else "warning"
        own = (
            settings.log_format if logs or settings.log_format != "auto" else "console"
        )  # among sentences, for whoever reads them
        configure(own, "debug" if self.debug else settings.log_level if logs else quiet)
        return settings


def invocation(ctx: typer.Context) -> Invocation:
    """Return what stood before the command of `ctx`."""
    return ctx.ensure_object(Invocation)


@contextmanager
def accepted_database(settings: "Settings") -> Iterator[str]:
    """Yield the URL of the database in use, once its schema is known to be one that this release works with.

    Raises:
        DatabaseUnavailable: no server answers.
        DatabaseUnsuitable: the sentence says what to run.
    """
    from etl_actors.database_in_use import database_url
    from etl_actors.store.revision import require_accepted

    with database_url(settings) as url:
        require_accepted(url)
        yield url


@contextmanager
def ready_database(settings: "Settings") -> Iterator[str]:
    """Yield the URL of the database in use: the embedded one is brought up to date, one that is named is only asked.

    Raises:
        DatabaseUnavailable: no server answers.
        DatabaseUnsuitable: the sentence says what to run.
    """
    from etl_actors.database_in_use import database_url
    from etl_actors.store.revision import require_accepted

    with database_url(settings) as url:
        if settings.database_url.get_secret_value():
            require_accepted(url)
        else:
            from etl_actors.store.migrate import migrate

            migrate(url, settings.target_schema, settings.partition_rows)
        yield url
