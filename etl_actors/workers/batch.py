"""A batch's way through the parser: fetch → decode → route → map → pack. The one place where a row's failure is caught."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.rows import Unseen
from etl_actors.relational.breakout.seen import Seen, seen_in
from etl_actors.relational.parsed import Block, Group, Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.mapping.mapper import AnyMapper, mapper_of
from etl_actors.slips.mapping.route import Routed as Candidate
from etl_actors.slips.mapping.route import choose, routed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.steps.run_own import StepEnded, pressed
from etl_actors.slips.values.document import Look, Staged, Undecodable, decode, looked_over
from etl_actors.slips.values.unstaged import is_unstaged, unstaged_reject
from etl_actors.workers.base import NO_ROW, Job, Role, RoleSlip

__all__ = ["BatchParser", "Growing"]

_KEPT = 1_000  # compiled slips: more than are in force, or each edit would take memory for ever


@dataclass(slots=True)
class _Tally:
    """What has become of a batch's rows so far."""

    rejects: list[Reject] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    routed: dict[str, list[int]] = field(default_factory=dict)  # digest → row ids
    lines: Lines = field(default_factory=lambda: Lines(0))  # of the first slip met, by table
    unseen: dict[int, Seen] = field(
        default_factory=dict
    )  # row id → what was seen, where it has no place in the first slip's tables
    outgrown: str = ""  # the digest of that slip
    without: Mapping[int, str] = field(default_factory=dict)  # row id → why its document gets no place there


class Growing(Protocol):
    """Knows the current version of a slip that breaks documents out, and makes the next.

    Attributes:
        changed: names of tables that were made or changed; emptied by who tells of them.
    """

    changed: list[str]

    def current(self, slip: Slip) -> Slip:
        """Give the version that knows most."""
        ...

    def grow(self, slip: Slip, seen: Seen) -> Slip:
        """Make a version that knows what was seen, too.

        Raises:
            SlipError: its tables cannot be changed at the moment.
            NoPlace: its tables cannot be changed so.
        """
        ...


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
        fetch: Callable[[Sequence[int]], list[Staged]],
        target_schema: str,
        progress: Callable[[int], None] = lambda _row_id: None,
        growing: Growing | None = None,
    ) -> None:
        self._fetch = fetch
        self._growing = growing
        self._versions: dict[str, str] = {}  # of a role's digests: that of the version that is current
        self._target_schema = target_schema
        self._progress = progress
        self._mappers: dict[str, AnyMapper] = {}
        self._candidates: dict[str, Candidate] = {}

    def parse(self, job: Job) -> Parsed | Routed:
        """Return the batch's rows as COPY text, or its split where several slips took rows."""
        for slip in job.role.slips:
            self._learn(slip)
        while len(self._mappers) > max(_KEPT, 2 * len(job.role.slips)):
            oldest = next(iter(self._mappers))
            del self._mappers[oldest], self._candidates[oldest]
            self._versions.pop(oldest, None)
        without: dict[int, str] = {}
        while True:
            found = self._parsed(job, without)
            if isinstance(found, Parsed) and self._growing is not None and self._growing.changed:
                found = replace(found, changed=tuple(self._growing.changed))
                self._growing.changed.clear()
            if not isinstance(found, _Tally):
                return found
            without |= self._grow(job.role, found)

    def _parsed(self, job: Job, without: Mapping[int, str]) -> Parsed | Routed | _Tally:
        """Parse a batch; or tell how far it came, where documents have no place in the tables yet."""
        mappers = {self._current(slip.digest): self._mappers[self._current(slip.digest)] for slip in job.role.slips}
        tally = _Tally(list(job.condemned), without=without)
        condemned = {reject.row_id for reject in job.condemned}
        wanted = [row_id for row_id in job.row_ids if row_id not in condemned]
        self._progress(NO_ROW)
        staged_rows = self._fetch(wanted)
        tally.rejects += _missing(wanted, staged_rows)
        for staged, look in looked_over(staged_rows):
            self._progress(staged.row_id)
            self._row(staged, job.role, tally, look)
        self._progress(NO_ROW)
        if len(tally.routed) > 1:
            return _split(job, tally, mappers)
        return tally if tally.unseen else _pack(tally, mappers)

    def _learn(self, slip: RoleSlip) -> None:
        if slip.digest in self._mappers:
            self._mappers[slip.digest] = self._mappers.pop(slip.digest)  # now the latest that was asked for
        else:
            self._keep(read_slip(slip.files, self._target_schema))
        known = self._mappers[slip.digest].slip
        if known.breakout is not None and self._growing is not None:
            self._succeed(slip.digest, self._growing.current(known))

    def _keep(self, slip: Slip) -> None:
        self._candidates[slip.digest] = routed(slip)
        self._mappers[slip.digest] = mapper_of(slip)

    def _current(self, digest: str) -> str:
        return self._versions.get(digest, digest)

    def _succeed(self, digest: str, slip: Slip) -> None:
        """Let a version take the place of the one that a role names."""
        self._versions[digest] = slip.digest
        if slip.digest in self._mappers:
            self._mappers[slip.digest] = self._mappers.pop(slip.digest)  # not to be forgotten before the one that it follows
        else:
            self._keep(slip)

    def _grow(self, role: Role, tally: _Tally) -> dict[int, str]:
        """Grow the slip whose documents had no place.

        Returns:
            Why some get none, by row id.

        Raises:
            SlipError: it knows them, and yet they have none: tried again, that would have no end.
        """
        named = next(slip.digest for slip in role.slips if self._current(slip.digest) == tally.outgrown)
        together = Seen()
        for seen in tally.unseen.values():
            together.join(seen)
        try:
            self._grown(named, together)
        except NoPlace:
            return self._grown_singly(named, tally.unseen)
        return {}

    def _grown(self, named: str, seen: Seen) -> None:
        known = self._mappers[self._current(named)].slip
        next_one = grown(known, seen) if self._growing is None else self._growing.grow(known, seen)
        if next_one.digest == known.digest:
            raise SlipError(
                f"slip {known.name} has seen all of some documents, and has no place for them: this is a bug of this release"
            )
        self._succeed(named, next_one)

    def _grown_singly(self, named: str, unseen: Mapping[int, Seen]) -> dict[int, str]:
        """Grow a slip for those documents for which it can."""
        without: dict[int, str] = {}
        alike: dict[str, str] = {}  # what was seen → why it gets no place; empty: it has one
        for row_id, seen in unseen.items():
            text = written_evidence(seen)
            if text not in alike:
                alike[text] = self._refusal(named, seen)
            if alike[text]:
                without[row_id] = alike[text]
        return without

    def _refusal(self, named: str, seen: Seen) -> str:
        known = self._mappers[self._current(named)].slip
        if grown(known, seen).digest == known.digest:
            return ""  # another document has made it a place
        try:
            self._grown(named, seen)
        except NoPlace as exc:
            return str(exc)
        return ""

    def _row(self, staged: Staged, role: Role, tally: _Tally, look: Look) -> None:
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
            return self._mappers[self._current(role.slips[0].digest)]
        chosen = choose([self._candidates[self._current(slip.digest)] for slip in role.slips], document, staged)
        return chosen if isinstance(chosen, Reject) else self._mappers[chosen.slip.digest]

    def _map(self, staged: Staged, document: Any, mapper: AnyMapper, tally: _Tally, *, clean: bool) -> None:
        digest = mapper.slip.digest
        first = not tally.routed
        ids = tally.routed.setdefault(digest, [])
        ids.append(staged.row_id)
        if first:
            tally.lines = mapper.begin()
        if len(tally.routed) > 1:
            return  # a split is certain: its children are mapped, this batch only routed
        try:
            made = mapper.map(staged, document, tally.lines, clean=clean)
        except Unseen as news:
            if staged.row_id in tally.without:
                tally.rejects.append(Reject(staged.row_id, Stage.MAP, "no_place", tally.without[staged.row_id]))
            else:
                tally.unseen[staged.row_id] = seen_in(news.body)
                tally.outgrown = digest
            return
        if isinstance(made, Reject):
            tally.rejects.append(made)
        elif not made:
            tally.skipped.append(staged.row_id)


def _pack(tally: _Tally, mappers: dict[str, AnyMapper]) -> Parsed:
    rejects = tuple(_storable(reject) for reject in (*tally.rejects, *tally.lines.rejects))
    if not tally.routed:
        return Parsed(None, None, (), rejects, ())
    mapper = mappers[next(iter(tally.routed))]
    blocks = tuple(
        Block(table, len(lines), ("\n".join(lines) + "\n").encode() if lines else b"")
        for table, lines in zip(mapper.tables, tally.lines, strict=True)
    )
    broken_out = mapper.slip.breakout is not None
    return Parsed(mapper.slip.name, mapper.slip.digest, blocks, rejects, tuple(tally.skipped), broken_out)


def _split(job: Job, tally: _Tally, mappers: dict[str, AnyMapper]) -> Routed:
    groups = [Group(mappers[digest].slip.name, tuple(ids)) for digest, ids in tally.routed.items()]
    taken = {row_id for group in groups for row_id in group.row_ids}
    left = tuple(row_id for row_id in job.row_ids if row_id not in taken)
    return Routed((*groups, Group(None, left)) if left else tuple(groups))


def _missing(wanted: Sequence[int], found: Sequence[Staged]) -> list[Reject]:
    there = {staged.row_id for staged in found}
    message = "expected the staged row, but its partition has been removed"
    return [Reject(row_id, Stage.STAGE, "row_missing", message) for row_id in wanted if row_id not in there]


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
