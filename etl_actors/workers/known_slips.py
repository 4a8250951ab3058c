"""The slips that a worker has learned, compiled; of those that break documents out the version that is current, and how it grows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.mapping.mapper import AnyMapper, mapper_of
from etl_actors.slips.mapping.route import Routed, routed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown
from etl_actors.slips.reading.read import read_slip
from etl_actors.workers.base import RoleSlip

__all__ = ["Growing", "KnownSlips"]

_KEPT = 1_000  # compiled slips: more than are in force, or each edit would take memory for ever


class Growing(Protocol):
    """Knows the current version of a slip that breaks documents out, and makes the next.

    Attributes:
        changed: names of tables that were made or changed; emptied by who tells of them.
    """

    changed: list[str]

    def current(self, slip: Slip) -> Slip:
        """Give the version that knows most.

        Raises:
            NoPlace: it has no tables, and cannot get them.
        """
        ...

    def grow(self, slip: Slip, seen: Seen) -> Slip:
        """Make a version that knows what was seen, too.

        Raises:
            SlipError: its tables cannot be changed at the moment.
            NoPlace: its tables cannot be changed so.
        """
        ...


class KnownSlips:
    """Keeps compiled slips by digest.

    Args:
        target_schema: where tables go whose slip names no schema.
        growing: of slips that break documents out.
    """

    def __init__(self, target_schema: str, growing: Growing | None) -> None:
        self._target_schema = target_schema
        self._growing = growing
        self._mappers: dict[str, AnyMapper] = {}
        self._candidates: dict[str, Routed] = {}
        self._versions: dict[str, str] = {}  # of a role's digests: that of the version that is current
        self._closed: dict[str, str] = {}  # digest → why it has no tables

    def learn(self, slips: Sequence[RoleSlip]) -> None:
        """Compile slips that are not known, and ask which versions are current."""
        for slip in slips:
            self._learn(slip)
        while len(self._mappers) > max(_KEPT, 2 * len(slips)):
            oldest = next(iter(self._mappers))
            del self._mappers[oldest], self._candidates[oldest]
            self._versions.pop(oldest, None)
            self._closed.pop(oldest, None)

    def mapper(self, digest: str) -> AnyMapper:
        """Give what maps documents by the current version of a slip that was learned."""
        return self._mappers[self._versions.get(digest, digest)]

    def candidate(self, digest: str) -> Routed:
        """Give what chooses it."""
        return self._candidates[self._versions.get(digest, digest)]

    def version(self, digest: str) -> AnyMapper:
        """Give what maps documents by just this version."""
        return self._mappers[digest]

    def closed(self, digest: str) -> str:
        """Tell why a slip has no tables, whatever its documents hold; empty: it has."""
        return self._closed.get(digest, "")

    def changed(self) -> tuple[str, ...]:
        """Name the tables that were made or changed since this was asked."""
        if self._growing is None or not self._growing.changed:
            return ()
        names = tuple(self._growing.changed)
        self._growing.changed.clear()
        return names

    def grow(self, digest: str, unseen: Mapping[int, Seen]) -> dict[int, str]:
        """Grow a slip whose documents had no place.

        Args:
            digest: of the version that has none for them.
            unseen: what was seen, by row id.

        Returns:
            Why some get none, by row id.

        Raises:
            SlipError: it knows them, and yet they have none: tried again, that would have no end.
        """
        first, *others = unseen.values()
        together = first.copy()  # what is said by hand of places goes with it
        for seen in others:
            together.join(seen)
        try:
            self._grown(digest, together)
        except NoPlace:
            return self._grown_singly(digest, unseen)
        return {}

    def _learn(self, slip: RoleSlip) -> None:
        if slip.digest in self._mappers:
            self._mappers[slip.digest] = self._mappers.pop(slip.digest)  # now the latest that was asked for
        else:
            self._keep(read_slip(slip.files, self._target_schema))
        known = self._mappers[slip.digest].slip
        if known.breakout is not None and self._growing is not None:
            self._closed.pop(slip.digest, None)
            try:
                current = self._growing.current(known)
            except NoPlace as exc:
                current = known
                self._closed[slip.digest] = str(exc)
            self._versions[slip.digest] = current.digest
            self._keep_latest(current)

    def _keep(self, slip: Slip) -> None:
        self._candidates[slip.digest] = routed(slip)
        self._mappers[slip.digest] = mapper_of(slip, packed=True)

    def _keep_latest(self, slip: Slip) -> None:
        if slip.digest in self._mappers:
            self._mappers[slip.digest] = self._mappers.pop(slip.digest)  # not to be forgotten before the one that it follows
        else:
            self._keep(slip)

    def _grown(self, digest: str, seen: Seen) -> str:
        """Let the next version take the place of one, and give its digest."""
        known = self._mappers[digest].slip
        next_one = grown(known, seen) if self._growing is None else self._growing.grow(known, seen)
        if next_one.digest == known.digest:
            raise SlipError(
                f"slip {known.name} has seen all of some documents, and has no place for them: this is a bug of this release"
            )
        self._keep_latest(next_one)
        followed = [named for named, current in self._versions.items() if current == digest]
        self._versions |= dict.fromkeys([digest, *followed], next_one.digest)
        return next_one.digest

    def _grown_singly(self, digest: str, unseen: Mapping[int, Seen]) -> dict[int, str]:
        """Grow a slip for those documents for which it can."""
        without: dict[int, str] = {}
        alike: dict[str, str] = {}  # what was seen → why it gets no place; empty: it has one
        for row_id, seen in unseen.items():
            text = written_evidence(seen)
            if text not in alike:
                alike[text] = ""
                if grown(self._mappers[digest].slip, seen).digest != digest:  # else another document has made it a place
                    try:
                        digest = self._grown(digest, seen)
                    except NoPlace as exc:
                        alike[text] = str(exc)
            if alike[text]:
                without[row_id] = alike[text]
        return without
