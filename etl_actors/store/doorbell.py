"""The doorbell: producers ring (NOTIFY) only for a daemon that sleeps, and no ring is missed.

A naive flag would lose rows: a producer's transaction that looked at the flag before it was set, and commits after the last
poll, rings nobody. So after setting the flag the daemon remembers the newest transaction id, and polls on until every
transaction older than that has ended; only then does it rely on the ring.
"""

from dataclasses import dataclass, field
from enum import Enum

from etl_actors.store.daemons import write_own
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Doorbell", "Rest"]

_SQL = queries("daemons")
_POLL_S = 0.01
_VAIN_POLL_S = 0.05  # where it is awake only so that nobody rings
_SOON = 4.0  # times as long as it stayed awake for the last ring: one that comes sooner belongs to the same stream


class Rest(Enum):
    """How far a daemon with nothing to do has gone to sleep."""

    AWAKE = "awake"  # polls every few milliseconds
    DOZING = "dozing"  # the flag is set; older transactions may not have seen it
    ASLEEP = "asleep"  # relies on the ring, with a safety poll


@dataclass(slots=True)
class Doorbell:
    """Decides when to poll next; every statement is a commit of its own.

    Args:
        conn: in autocommit mode: a flag that is set in an open transaction is seen by no producer.
        node: this daemon's.
        poll_s: seconds of empty polls before the flag is set.
        asleep_s: seconds that the flag holds; it expires so that a dead sleeper does not make everybody ring.
        safety_poll_s: seconds between polls while asleep; also the longest that rings for nothing keep it awake.
    """

    conn: Connection
    node: int
    poll_s: float
    asleep_s: float
    safety_poll_s: float
    rest: Rest = field(default=Rest.AWAKE, init=False)
    _empty_since: float | None = field(default=None, init=False)
    _stays_s: float = field(init=False)
    _vain_at: float = field(default=float("-inf"), init=False)
    _mark: int = field(default=0, init=False)
    _flag_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Fall asleep after `poll_s`, until rings are in vain."""
        self._stays_s = self.poll_s

    def found(self) -> None:
        """Take note that there is work: wake up."""
        self._stays_s = self.poll_s
        self._wake()

    def rung_in_vain(self, now: float) -> None:
        """Take note, at `now` (monotonic seconds), of a ring for what is not to be claimed here: wake up, and stay awake a while.

        Each ring costs producers the lock that all commits with a NOTIFY queue for. Where rows come on and on that a pause, or
        another daemon's share, keeps from this one, it would be rung as soon as it sleeps: so it stays awake twice as long each time.
        """
        soon = now - self._vain_at < _SOON * self._stays_s
        self._stays_s = min(2 * self._stays_s, max(self.poll_s, self.safety_poll_s)) if soon else self.poll_s
        self._vain_at = now
        self._wake()

    def _wake(self) -> None:
        self._empty_since = None
        if self.rest is not Rest.AWAKE:
            self.rest = Rest.AWAKE
            write_own(self.conn, "wake", self.node)

    def empty(self, now: float) -> float:
        """Take note of a poll that found nothing, at `now` (monotonic seconds); return the seconds until the next one."""
        if self.rest is Rest.AWAKE:
            self._empty_since = now if self._empty_since is None else self._empty_since
            if now - self._empty_since < self._stays_s:
                return _POLL_S if self._stays_s == self.poll_s else _VAIN_POLL_S
            self._doze(now)
        elif now > self._flag_until:
            self._doze(now)  # whoever looked since it has lapsed does not ring
        elif now > self._flag_until - self.asleep_s / 2:
            self._set_flag(now)
        if self.rest is Rest.DOZING:
            older = self.conn.execute(_SQL["older_transactions"], {"mark": self._mark}).fetchone()
            if older == (True,):
                return 0.1
            self.rest = Rest.ASLEEP
            return 0.0  # one more poll: what committed between the last one and now
        return min(self.safety_poll_s, self.asleep_s / 4)

    def _doze(self, now: float) -> None:
        self._set_flag(now)
        row = self.conn.execute(_SQL["mark"]).fetchone()
        self._mark = 0 if row is None else row[0]
        self.rest = Rest.DOZING

    def _set_flag(self, now: float) -> None:
        write_own(self.conn, "sleep", self.node, asleep_s=self.asleep_s)
        self._flag_until = now + self.asleep_s
