"""A batch's way through the parser: fetch → decode → route → map → pack. The one place where a row's failure is caught."""

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Group, Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.mapping.broken import News
from etl_actors.slips.mapping.mapper import AnyMapper
from etl_actors.slips.mapping.route import choose
from etl_actors.slips.steps.run_own import StepEnded, pressed
from etl_actors.slips.values.document import Look, Staged, Together, Undecodable, decode, read_together
from etl_actors.slips.values.unstaged import is_unstaged, unstaged_reject
from etl_actors.workers.base import NO_ROW, Job, Role
from etl_actors.workers.carried import carried
from etl_actors.workers.known_slips import Growing, KnownSlips
from etl_actors.workers.tally import Tally

__all__ = ["BatchParser"]


class BatchParser:
    """Parses batches under any role; compiled slips are kept by digest.

    Args:
        fetch: returns the staged rows with the given ids, ascending.
        growing: of slips that break documents out.
        target_schema: where tables go whose slip names no schema.
        progress: told each row's id before the row is touched, so that whoever watches knows whom to blame; before the first
            and after the last one `NO_ROW`, but nothing while slips are learned.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[int]], Iterable[Staged]],
        target_schema: str,
        progress: Callable[[int], None] = lambda _row_id: None,
        growing: Growing | None = None,
    ) -> None:
        self._fetch = fetch
        self._slips = KnownSlips(target_schema, growing)
        self._progress = progress

    def parse(self, job: Job) -> Parsed | Routed:
        """Return the batch's rows ready to copy, or its split where several slips took rows."""
        self._slips.learn(job.role.slips)
        condemned = {reject.row_id for reject in job.condemned}
        wanted = [row_id for row_id in job.row_ids if row_id not in condemned]
        tally, asked = Tally(list(job.condemned)), wanted
        while True:
            self._read(asked, job.role, tally)
            if len(tally.routed) > 1:
                return _split(job, tally)
            if not tally.unseen:
                return replace(_pack(tally, closed=self._is_closed(tally)), changed=self._slips.changed())
            grown = self._grown(tally)
            tally, asked = (
                (Tally(list(job.condemned), without=grown), wanted) if isinstance(grown, dict) else (grown, tally.unplaced)
            )

    def _grown(self, tally: Tally) -> Tally | dict[int, str]:
        """Let the slip grow whose tables have no place for documents.

        Returns:
            What the others have become by its new version; where they are to be mapped again, why some documents get no place.
        """
        before = self._slips.version(tally.outgrown)
        without = {**tally.without, **self._slips.grow(tally.outgrown, tally.unseen)}
        after = self._slips.mapper(tally.outgrown)
        lines = None if without else carried(tally.lines, before, after)
        return without if lines is None else tally.carried(after, lines)

    def _read(self, wanted: Sequence[int], role: Role, tally: Tally) -> None:
        """Map the documents of some rows of a batch, as far as they have a place."""
        there: list[int] = []
        sole = self._sole(role)
        self._progress(NO_ROW)
        for together in read_together(self._fetch(wanted)):
            there += [row.row_id for row in together.rows]
            if sole is not None and together.documents is not None and not together.may_stand:
                self._map_together(together, together.documents, sole, tally)
            else:
                for staged in together.rows:
                    self._progress(staged.row_id)
                    self._row(staged, role, tally, together.look)
            self._progress(NO_ROW)  # if more is fetched now, that may take its time
        if len(there) < len(wanted):
            tally.rejects += _missing(wanted, there)

    def _is_closed(self, tally: Tally) -> bool:
        return any(self._slips.closed(digest) for digest in tally.routed)

    def _sole(self, role: Role) -> AnyMapper | None:
        """Return what maps all documents of a batch, where none of them has to be asked which slip takes it."""
        if role.missing or len(role.slips) != 1:
            return None
        mapper = self._slips.mapper(role.slips[0].digest)
        settled = role.settled or mapper.slip.when is None
        return mapper if settled and not self._slips.closed(mapper.slip.digest) else None

    def _map_together(self, together: Together, documents: Sequence[Any], mapper: AnyMapper, tally: Tally) -> None:
        """Map documents that were decoded together: what `_row` does with each, and nothing is asked twice."""
        taken = tally.begin(mapper)
        progress, map_one, lines, clean = self._progress, mapper.map, tally.lines, together.look.clean
        for staged, document in zip(together.rows, documents, strict=True):
            row_id = staged.row_id
            progress(row_id)
            taken.append(row_id)
            try:
                made = map_one(staged, document, lines, clean=clean)
            except News as news:
                self._unplaced(row_id, news, mapper, tally)
            except SlipError:
                raise
            except BaseException as exc:  # the row boundary
                if pressed(exc):
                    raise
                tally.rejects.append(_bug(row_id, Stage.MAP, exc))
            else:
                if made is not True:
                    _unmapped(row_id, made, tally)

    def _row(self, staged: Staged, role: Role, tally: Tally, look: Look) -> None:
        stage = Stage.PARSE
        try:
            document = decode(staged.raw, plain=look.plain)
            if is_unstaged(document):
                tally.rejects.append(unstaged_reject(staged.row_id, document))
                return
            stage = Stage.ROUTE
            mapper = self._chosen(staged, document, role)
            if isinstance(mapper, Reject):
                tally.rejects.append(mapper)
                return
            stage = Stage.MAP
            self._map(staged, document, mapper, tally, clean=look.clean)
        except Undecodable as exc:
            tally.rejects.append(Reject(staged.row_id, Stage.PARSE, exc.reason, str(exc)))
        except SlipError:
            raise  # a slip that does not compile is not the row's fault
        except BaseException as exc:  # the row boundary: whatever one row wakes costs that row, not its batch
            if pressed(exc):
                raise
            tally.rejects.append(_bug(staged.row_id, stage, exc))

    def _chosen(self, staged: Staged, document: Any, role: Role) -> AnyMapper | Reject:
        if role.missing:
            return Reject(staged.row_id, Stage.ROUTE, "unknown_slip", role.missing)
        if role.settled:
            return self._slips.mapper(role.slips[0].digest)
        chosen = choose([self._slips.candidate(slip.digest) for slip in role.slips], document, staged)
        return chosen if isinstance(chosen, Reject) else self._slips.version(chosen.slip.digest)

    def _map(self, staged: Staged, document: Any, mapper: AnyMapper, tally: Tally, *, clean: bool) -> None:
        tally.begin(mapper).append(staged.row_id)
        if len(tally.routed) > 1:
            return  # a split is certain: its children are mapped, this batch only routed
        if why := self._slips.closed(mapper.slip.digest):
            tally.rejects.append(Reject(staged.row_id, Stage.MAP, "no_place", why))
            return
        try:
            made = mapper.map(staged, document, tally.lines, clean=clean)
        except News as news:
            self._unplaced(staged.row_id, news, mapper, tally)
        else:
            _unmapped(staged.row_id, made, tally)

    def _unplaced(self, row_id: int, news: News, mapper: AnyMapper, tally: Tally) -> None:
        if row_id in tally.without:
            tally.rejects.append(Reject(row_id, Stage.MAP, "no_place", tally.without[row_id]))
        else:
            tally.note(row_id, news)
            tally.outgrown = mapper.slip.digest


def _unmapped(row_id: int, made: object, tally: Tally) -> None:
    """Note what became of a document that may have no rows."""
    if isinstance(made, Reject):
        tally.rejects.append(made)
    elif not made:
        tally.skipped.append(row_id)


def _pack(tally: Tally, *, closed: bool) -> Parsed:
    rejects = tuple(_storable(reject) for reject in (*tally.rejects, *tally.lines.rejects))
    if not tally.routed:
        return Parsed(None, None, (), rejects, ())
    ((mapper, _),) = tally.routed.values()
    if closed:  # there are no tables: nothing lands in any
        return Parsed(mapper.slip.name, mapper.slip.digest, (), rejects, ())
    blocks = tuple(_block(table, lines) for table, lines in zip(mapper.tables, tally.lines, strict=True))
    broken_out = mapper.slip.breakout is not None
    return Parsed(mapper.slip.name, mapper.slip.digest, blocks, rejects, tuple(tally.skipped), broken_out)


def _block(table: Table, rows: list[Any]) -> Block:
    """Put the rows of a table together, which are all lines or all packed."""
    if table.kind in (Kind.ROOT, Kind.SET):
        rows.sort()  # by `_id`: loaders that insert the same ones meet in one order, and do not wait for each other for ever
    block = Block.of_packed(table, rows) if rows and isinstance(rows[0], bytes) else Block.of_lines(table, rows)
    rows.clear()  # the next table's need not be there beside these
    return block


def _split(job: Job, tally: Tally) -> Routed:
    groups = [Group(mapper.slip.name, tuple(ids)) for mapper, ids in tally.routed.values()]
    taken = {row_id for group in groups for row_id in group.row_ids}
    left = tuple(row_id for row_id in job.row_ids if row_id not in taken)
    return Routed((*groups, Group(None, left)) if left else tuple(groups))


def _missing(wanted: Sequence[int], there: Sequence[int]) -> list[Reject]:
    message = "expected the staged row, but its partition has been removed"
    return [Reject(row_id, Stage.STAGE, "row_missing", message) for row_id in sorted(set(wanted) - set(there))]


def _bug(row_id: int, stage: Stage, exc: BaseException) -> Reject:
    frames = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(exc.__traceback__)][-8:]
    # The exception's text may quote the document, so only its type is shown.
    raised = exc.kind if isinstance(exc, StepEnded) else type(exc).__name__
    message = f"expected the slip to map the document, but it raised {raised}"
    return Reject(row_id, stage, "bug", message, {"frames": frames})


def _storable(reject: Reject) -> Reject:
    """Take out what PostgreSQL's text and jsonb can't hold, which texts within texts (`from_json`, `unquote`) may have."""
    return replace(reject, message=_clean(reject.message), detail=_clean(reject.detail))


def _clean(value: Any) -> Any:
    match value:
        case str():
            text = value.replace("\0", "\\0")
            return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_clean(key): _clean(one) for key, one in value.items()}
        case list():
            return [_clean(one) for one in value]
        case _:
            return value
