"""When an actor that died may be started again: at once, but ever later if it keeps dying soon after its start."""

from dataclasses import dataclass, field

__all__ = ["Restarts"]

_STEADY_S = 10.0  # an actor that lived so long has not died of its start
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 5.0


@dataclass(slots=True)
class Restarts:
    """Keeps account per place; all times are monotonic seconds.

    What cannot be loaded at all (a right that was taken away, a table that somebody changed) kills its loader again and again:
    without a pause that would be a hundred restarts a second, and as many tracebacks in the log.
    """

    _started: set[object] = field(default_factory=set)
    _since: dict[object, float] = field(default_factory=dict)
    _strikes: dict[object, int] = field(default_factory=dict)
    _not_before: dict[object, float] = field(default_factory=dict)

    def started(self, place: object, now: float) -> bool:
        """Take note that the place's actor has started; return whether it had one before."""
        again = place in self._started
        self._started.add(place)
        self._since[place] = now
        self._not_before.pop(place, None)
        return again

    def failed(self, place: object, now: float) -> None:
        """Take note that an actor of the place could not be started: the next try comes later."""
        self._since.setdefault(place, now)
        self._strike(place, now)

    def due(self, place: object, now: float) -> bool:
        """Tell whether the place, whose actor is gone or was never there, may be filled."""
        if place not in self._since:
            return True
        if place not in self._not_before:  # its death is news
            if now - self._since[place] >= _STEADY_S:
                self._strikes.pop(place, None)
            self._strike(place, now)
        return now >= self._not_before[place]

    def _strike(self, place: object, now: float) -> None:
        strikes = self._strikes[place] = self._strikes.get(place, -1) + 1
        self._not_before[place] = now + (min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**strikes) if strikes else 0.0)
