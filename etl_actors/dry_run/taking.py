"""Rows parsed until each has come to its slip and PostgreSQL has taken what they make, in temp tables, or refused it."""

from collections.abc import Iterator

from etl_actors.errors import DataRefused, TextTooLarge
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.store.replay.preview import Preview
from etl_actors.workers.base import Job, Role
from etl_actors.workers.batch import BatchParser

__all__ = ["taken"]


def taken(
    parser: BatchParser, preview: Preview, row_ids: tuple[int, ...], role: Role, only: str | None = None
) -> Iterator[tuple[tuple[int, ...], Parsed]]:
    """Parse rows.

    Args:
        parser: of them.
        preview: gets what they make.
        row_ids: of the rows, ascending.
        role: of the parser.
        only: the slip of which rows are wanted, so that those of others are passed over; None for all.

    Yields:
        Rows, and what became of them; together these are all rows, but for those that are passed over.

    Raises:
        EtlError: what they make cannot be taken for another reason than what is in it.
    """
    try:
        parsed = parser.parse(Job(row_ids, role))
    except TextTooLarge as exc:
        if len(row_ids) == 1:
            yield row_ids, Parsed(None, None, (), (Reject(row_ids[0], Stage.PARSE, "too_large", str(exc)),), ())
        else:
            yield from _halved(parser, preview, row_ids, role, only)
        return
    if isinstance(parsed, Routed):
        for group in parsed.groups:
            named = tuple(slip for slip in role.slips if slip.name == group.slip)
            if only in {None, group.slip}:
                yield from taken(parser, preview, group.row_ids, Role(named, settled=True) if named else role, only)
        return
    if only not in {None, parsed.slip}:
        return
    refused = preview.take(parsed)
    if refused is None:
        yield row_ids, parsed
    elif not isinstance(refused, DataRefused):
        raise refused
    elif len(row_ids) > 1:
        yield from _halved(parser, preview, row_ids, role, only)
    else:
        reject = Reject(row_ids[0], Stage.LOAD, refused.reason, str(refused), dict(refused.detail))
        yield row_ids, Parsed(parsed.slip, parsed.digest, (), (reject,), ())


def _halved(
    parser: BatchParser, preview: Preview, row_ids: tuple[int, ...], role: Role, only: str | None
) -> Iterator[tuple[tuple[int, ...], Parsed]]:
    half = len(row_ids) // 2
    yield from taken(parser, preview, row_ids[:half], role, only)
    yield from taken(parser, preview, row_ids[half:], role, only)
