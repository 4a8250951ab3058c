"""What has become of the rows of one batch, while it is parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.broken import News
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.mapping.mapper import AnyMapper

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """What has become of a batch's rows so far."""

    rejects: list[Reject] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    routed: dict[str, tuple[AnyMapper, list[int]]] = field(default_factory=dict)  # by digest, with row ids
    lines: Lines = field(default_factory=lambda: Lines(0))  # of the first slip met, by table
    unplaced: list[int] = field(
        default_factory=list
    )  # row ids of the documents that have no place in the first slip's tables yet
    unseen: dict[int, Seen] = field(default_factory=dict)  # of some of them what has none, which is all that has none
    together: Seen | None = None  # all of that
    outgrown: str = ""  # the digest of that slip
    without: Mapping[int, str] = field(default_factory=dict)  # row id → why its document gets no place there

    def begin(self, mapper: AnyMapper) -> list[int]:
        """Return the list that takes the ids of the rows that a slip took; with the first slip its lines are begun."""
        if not self.routed:
            self.lines = mapper.begin()
        return self.routed.setdefault(mapper.slip.digest, (mapper, []))[1]

    def note(self, row_id: int, news: News) -> None:
        """Note what a document has that has no place. One that only has what others have is passed over: their place is its own.

        Where some get none each document is noted: which ones is to be told for each.
        """
        self.unplaced.append(row_id)
        if self.together is None:
            self.unseen[row_id] = news.seen
            self.together = news.seen
        elif self.without or not self.together.holds(news.body):
            self.unseen[row_id] = seen = news.seen
            self.together.join(seen)

    def carried(self, mapper: AnyMapper, lines: Lines) -> "Tally":
        """Go on by a later version of the first slip, with the lines of the documents that had a place in the one before.

        Args:
            mapper: of that version.
            lines: as it makes them.
        """
        ((_, taken),) = self.routed.values()
        left = {*self.unplaced}
        kept = [row_id for row_id in taken if row_id not in left]
        return Tally(self.rejects, self.skipped, {mapper.slip.digest: (mapper, kept)}, lines)
