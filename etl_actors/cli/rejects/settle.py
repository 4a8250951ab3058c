"""What `discard` and `reopen` have in common: some dead letters get another status, and those that cannot are told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from etl_actors.cli.agreement import require_agreement
from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.ids import listed_ids
from etl_actors.cli.rejects.filter import filter_words
from etl_actors.cli.render import plural, say, show_json
from etl_actors.errors import EtlError

if TYPE_CHECKING:
    from etl_actors.store.reject_filter import RejectFilter, RejectStatus
    from etl_actors.store.rejects import DeadLetter

__all__ = ["problems_of", "settle"]


def settle(ctx: typer.Context, wanted: "RejectFilter", to: "RejectStatus", done: str, *, yes: bool, as_json: bool) -> None:
    """Give dead letters another status.

    Args:
        ctx: of the command.
        wanted: which, among them the status that they have.
        to: the status that they get.
        done: what then has happened to them, in a word: ``discarded``.
        yes: do not ask.
        as_json: print JSON.

    Raises:
        EtlError: some of the ids that were given are not there, or stand otherwise; the others are done.
    """
    from etl_actors.store.database import connect
    from etl_actors.store.rejects import count_rejects, rejects_by_id, settle_rejects

    with (
        accepted_database(invocation(ctx).settings()) as url,
        connect(url, role=None, application_name="etl-actors rejects") as conn,
    ):
        matching, upto = count_rejects(conn, wanted)
        already = [each.reject_id for each in rejects_by_id(conn, wanted.ids) if each.status is to] if wanted.ids else []
        kind = f"{plural(matching, f'{wanted.status or to} reject')}{filter_words(wanted)}"
        if matching:
            require_agreement(f"{kind} would be {done}", narrow=wanted.is_narrow, yes=yes)
        # What came while somebody was asked is not what was agreed to.
        changed = settle_rejects(conn, replace(wanted, upto=upto), to, f"rejects {ctx.info_name}") if matching else 0
        left = rejects_by_id(conn, wanted.ids) if wanted.ids else []
        problems = problems_of(wanted.ids, left, to, done, since=", and its row was replayed since" if wanted.last else "")
    if as_json:
        show_json({done: changed, "already": already, "problems": problems})
    elif changed or not wanted.ids:
        say(f"{plural(changed, 'reject')} {done}." if changed else f"There are no {wanted.status} rejects{filter_words(wanted)}.")
    if already and not as_json:
        one = len(already) == 1
        say(f"Reject{'' if one else 's'} {listed_ids(already)} {'is' if one else 'are'} {to.value} already.")
    if problems:
        raise EtlError(" ".join(problems))


def problems_of(
    ids: Sequence[int], there: Sequence["DeadLetter"], stand: "RejectStatus", done: str, *, since: str = ""
) -> list[str]:
    """Say, a sentence each, which of the ids that were given cannot be settled.

    Args:
        ids: as given.
        there: the dead letters of them.
        stand: how those stand that can, or have been.
        done: what is to happen to them, in a word: ``discarded``.
        since: why one that is discarded stays so.
    """
    found = {letter.reject_id for letter in there}
    missing = [each for each in ids if each not in found]
    problems = [f"There is no reject {listed_ids(missing)}."] if missing else []
    return problems + [
        f"Reject {letter.reject_id} is {letter.status.value}{since * (letter.status.value == 'discarded')}: it cannot be {done}."
        for letter in there
        if letter.status is not stand
    ]
