"""``etl-actors rejects reopen``: open discarded dead letters again."""

from dataclasses import replace
from typing import Annotated

import typer

from etl_actors.cli.rejects.filter import Ids, Reason, Since, Slip, Source, StageOf, Until, Yes, chosen
from etl_actors.cli.rejects.settle import settle

__all__ = ["rejects_reopen"]


def rejects_reopen(
    ctx: typer.Context,
    ids: Ids = None,
    *,
    source: Source = None,
    slip: Slip = None,
    stage: StageOf = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    yes: Yes = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Open discarded dead letters again; who did it is kept in etl.action.

    Those whose rows were replayed since stay as they are: what became of such a row is told by its last batch.
    Without ids or filter it prints how many there are, and asks. The exit status is 1 if one that was named is not there or was
    replayed.
    """
    from etl_actors.store.reject_filter import RejectStatus

    wanted = chosen(
        ids, source=source, slip=slip, stage=stage, reason=reason, since=since, until=until, status=RejectStatus.DISCARDED
    )
    # Only of a row's last batch: `replay --rejected` does not choose a row by what became of it before.
    settle(ctx, replace(wanted, last=True), RejectStatus.OPEN, "reopened", yes=yes, as_json=as_json)
