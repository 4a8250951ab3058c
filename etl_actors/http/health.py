"""How the daemon is: told by the supervisor and the master, asked by the HTTP server."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

__all__ = ["BEAT_LIMIT_S", "HealthState"]

BEAT_LIMIT_S = 10.0
"""Seconds after its last beat that the supervisor still counts as alive."""


@dataclass(slots=True)
class HealthState:
    """What one thread tells and another asks: each attribute is one reference, set whole and read whole, so no lock is needed.

    Args:
        freshness_s: seconds that a row may be pending before the daemon is not ready; 0 for no limit.
        database_up: whether the database answers and all actors are started.
        oldest_pending_at: when the oldest pending row was received, with its zone; None where nothing is pending.
        reason: why the daemon is not ready, in its own words; empty where it has nothing to say.
        broken: a sentence for each slip whose folder's version is not in force.
        remarks: sentences on slips that differ between daemons, and sources that wait for one.
    """

    freshness_s: float = 0.0
    database_up: bool = False
    oldest_pending_at: datetime | None = None
    reason: str = ""
    broken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    _beat_at: float = field(default_factory=time.monotonic, init=False)

    def waits_since(self, at: datetime | None) -> None:
        """Say when the oldest pending row was received; None where nothing is pending."""
        self.oldest_pending_at = at

    def remark(self, sentences: tuple[str, ...]) -> None:
        """Say what is to be known of slips, though rows are worked on."""
        self.remarks = sentences

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody should see to, though the daemon is ready."""
        return self.broken + self.remarks

    def beat(self) -> None:
        """Say that the supervisor's loop goes round."""
        self._beat_at = time.monotonic()

    def live(self, now: float | None = None) -> bool:
        """Return whether the supervisor's loop goes round; if not, only a restart helps.

        Args:
            now: seconds of the monotonic clock; None for its present time.
        """
        return (time.monotonic() if now is None else now) - self._beat_at < BEAT_LIMIT_S

    def ready(self, now: datetime | None = None) -> tuple[bool, tuple[str, ...]]:
        """Return whether rows are being worked on as they should, and a sentence for each reason why not.

        Args:
            now: with its zone; None for the present.
        """
        reasons = []
        if not self.live():
            reasons.append(f"The supervisor has not been heard of for {BEAT_LIMIT_S:.0f} s.")
        if not self.database_up:
            reasons.append("The database does not answer, or the actors are not started yet.")
        if self.reason:
            reasons.append(self.reason)
        age_s = self.age_s(now)
        if 0 < self.freshness_s < age_s:
            reasons.append(f"The oldest pending row has waited {age_s:.0f} s, and the limit is {self.freshness_s:g} s.")
        return not reasons, tuple(reasons)

    def age_s(self, now: datetime | None = None) -> float:
        """Return for how long the oldest pending row has waited, in seconds; 0 where nothing is pending."""
        oldest = self.oldest_pending_at
        if oldest is None:
            return 0.0
        # The row's time is the database's clock, ours may be behind it.
        return max(0.0, ((datetime.now(UTC) if now is None else now) - oldest).total_seconds())
