"""Ordering a replay: counted, agreed to, and only then on record."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from etl_actors.cli.agreement import require_agreement
from etl_actors.cli.context import accepted_database
from etl_actors.cli.failures import tell
from etl_actors.cli.render import plural, say, show_json
from etl_actors.errors import UsageError

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.store.database import Connection
    from etl_actors.store.replay.choice import Choice
    from etl_actors.store.replay.orders import Version

__all__ = ["ordered", "require_versions"]

_NAMED = 5  # sources that a question names, those with the most rows
_MANY = 10_000  # rows from which on the count is told before it begins


def ordered(  # as the command has them
    settings: "Settings",
    choice: "Choice",
    version: "Version",
    rate: float | None,
    *,
    yes: bool,
    detach: bool,
    as_json: bool,
) -> int | None:
    """Order a replay, once it is agreed to; return its id, None where nothing is chosen.

    Raises:
        UsageError: the choice or the version cannot be, or everything is meant and nobody agreed.
        typer.Abort: somebody was asked, and said no.
    """
    from etl_actors.store.daemons import living
    from etl_actors.store.database import connect, translated
    from etl_actors.store.replay.choice import count, require_settled, unknown
    from etl_actors.store.replay.orders import order, progress

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
        translated(url),
    ):
        require_settled(conn, choice)
        by_source = count(conn, choice)
        rows = sum(by_source.values())
        if not rows:
            _tell_nothing(choice, unknown(conn, choice), as_json=as_json)
            return None
        require_versions(conn, settings, choice, version)
        _agree_to_stand_still(conn, settings, choice, yes=yes)
        what = f"{plural(rows, 'row')}{choice.words()} would be replayed{_sources(by_source)}"
        require_agreement(what, narrow=not choice.everything, yes=yes)
        if rows > _MANY:
            tell(what.replace(" would be replayed", " are replayed") + ".")
        replay_id = order(conn, choice, rows, version, rate)
        before = progress(conn, replay_id).behind
        alive = bool(living(conn))
    if detach:
        _tell_ordered(replay_id, rows, before, alive=alive, as_json=as_json)
    elif before is not None:
        tell(f"It begins when replay {before} has ended.")
    return replay_id


def require_versions(conn: "Connection", settings: "Settings", choice: "Choice", version: "Version") -> None:
    """Refuse the versions that settled the rows, where code of theirs is not what is installed.

    Raises:
        UsageError: the sentence names the slip and the setting.
    """
    from etl_actors.slips.shelf.found import find_slips
    from etl_actors.store.replay.choice import settling_digests
    from etl_actors.store.replay.orders import Version
    from etl_actors.store.replay.versions import stored_code

    if version is not Version.ORIGINAL or settings.stored_steps == "any":
        return
    digests = [digest for digest in settling_digests(conn, choice) if digest is not None]
    there = {found.name: found.steps for found in find_slips(settings.parser_folders, settings.target_schema).slips}
    for name, digest, steps in stored_code(conn, digests):
        if there.get(name) != steps:
            has = "another" if there.get(name) is not None else "none"
            raise UsageError(
                f"Rows were settled by version {digest[:8]} of slip {name}, whose steps.py is not the installed one (there is {has}): "
                'code out of the database runs only with stored_steps = "any" (ETL_STORED_STEPS).'
            )


def _agree_to_stand_still(conn: "Connection", settings: "Settings", choice: "Choice", *, yes: bool) -> None:
    """Say what the replay may not be able to find, and go on only if that is agreed to.

    Raises:
        UsageError: nobody can be asked.
        typer.Abort: somebody was, and said no.
    """
    from etl_actors.slips.shelf.found import find_slips
    from etl_actors.store.replay.versions import unseekable

    if settings.stored_steps == "any":
        return
    there = {found.name: found.steps for found in find_slips(settings.parser_folders, settings.target_schema).slips}
    hidden = unseekable(conn, choice, there, settings.target_schema)
    if not hidden:
        return
    (name, digest), _ = next(iter(hidden.items()))
    said = (
        f"{plural(sum(hidden.values()), 'other row')} may win what these let go, but the version that settled them ({digest[:8]} of "
        f"slip {name}) has a steps.py that is not the installed one: should anything be let go, the replay stands still until it is "
        'installed, or stored_steps = "any" (ETL_STORED_STEPS) is set; or replay the rows of that slip as well'
    )
    if yes:
        tell(f"{said}.")
    elif sys.stdin.isatty():
        typer.confirm(f"{said}. Go on?", abort=True, err=True)
    else:
        raise UsageError(f"{said}; to go on all the same, say --yes.")


def _tell_nothing(choice: "Choice", hints: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_json({"replay_id": None, "rows": 0})
    else:
        say(" ".join([f"There are no settled rows{choice.words()} in staging: nothing is replayed.", *hints]))


def _tell_ordered(replay_id: int, rows: int, before: int | None, *, alive: bool, as_json: bool) -> None:
    if as_json:
        show_json({"replay_id": replay_id, "rows": rows, "behind": before, "daemon": alive})
        return
    when = f"after replay {before}" if before is not None else "at once" if alive else "as soon as a daemon runs: etl-actors run"
    say(
        f"Replay {replay_id} of {plural(rows, 'row')} is ordered; it begins {when}. To follow: etl-actors replay --resume {replay_id}"
    )


def _sources(by_source: Mapping[str, int]) -> str:
    if len(by_source) < 2:  # noqa: PLR2004  # the one is all
        return ""
    most = sorted(by_source.items(), key=lambda each: -each[1])[:_NAMED]
    more = f" and {len(by_source) - _NAMED:,} more" if len(by_source) > _NAMED else ""
    return f" ({', '.join(f'{source} {rows:,}' for source, rows in most)}{more})"
