"""``etl-actors migrate``: bring the schema up to date."""

from typing import Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import say, show_json

__all__ = ["migrate"]


def migrate(
    ctx: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit status 1 if a migration is needed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring the schema etl of the database up to date.

    Safe while daemons run and while others migrate too. The embedded database is migrated by `run` itself.
    """
    from etl_actors.database_in_use import database_url

    settings = invocation(ctx).settings()
    with database_url(settings) as url:
        if check:
            _check(url, as_json=as_json)
        else:
            _migrate(url, settings.target_schema, settings.partition_rows, as_json=as_json)


def _check(url: str, *, as_json: bool) -> None:
    from etl_actors.store import revision as store

    revision, accepted = store.check(url)
    if as_json:
        show_json({"revision": revision, "accepted": accepted})
    elif accepted:
        say(f"The schema etl is at revision {revision}, as this release needs it.")
    else:
        store.require_accepted(url)
    if not accepted:
        raise typer.Exit(1)


def _migrate(url: str, target_schema: str, partition_rows: int, *, as_json: bool) -> None:
    from etl_actors.store.migrate import migrate
    from etl_actors.store.revision import check

    applied = migrate(url, target_schema, partition_rows)
    revision, _ = check(url)
    if as_json:
        show_json({"revision": revision, "applied": applied})
    elif applied:
        say(f"The schema etl is now at revision {revision} (applied: {', '.join(applied)}).")
    else:
        say(f"The schema etl was at revision {revision} already.")
