"""The listener: hears the doorbell and tells the master."""

import select
from collections.abc import Callable
from typing import assert_never

from etl_actors.actors.messages import Listen, ListenerMessage, Open, Rang, Ref, tell
from etl_actors.actors.owner import OwnerActor
from etl_actors.actors.stop import Stop
from etl_actors.store.database import Connection, translated
from etl_actors.store.queries import queries
from etl_actors.store.versions import Ring

__all__ = ["ListenerActor"]

_SLIPS = "etl_slips"  # the channel; `etl_staged` is that of rows
_WAIT_S = 0.5  # the longest that a stop of this actor alone waits


class ListenerActor(OwnerActor):
    """Owns one connection that listens.

    Args:
        connect: opens it, in autocommit mode.
        master: who is told that rows were staged.
        slips: told what somebody rang for about slips.
        stop: set when the daemon ends; then this waits for no ring.
    """

    def __init__(self, connect: Callable[[], Connection], master: Ref, slips: Callable[[Ring], None], stop: Stop) -> None:
        super().__init__()
        self._connect = connect
        self._master = master
        self._slips = slips
        self._ending = stop
        self._conn: Connection | None = None

    def on_receive(self, message: ListenerMessage) -> None:
        """Listen for a moment, or connect."""
        with translated():
            match message:
                case Listen():
                    self._listen()
                case Open():
                    self._conn = self._own(self._connect())
                    self._conn.execute(queries("daemons")["listen"])
                    self._conn.execute(queries("daemons")["listen_slips"])
                    tell(self._master, Rang())  # the daemon may have been asleep before anybody listened: that ring is lost
                    self._slips(Ring.LOOK)  # and so is one for slips
                    self.actor_ref.tell(Listen())
                case _:
                    assert_never(message)

    def _listen(self) -> None:
        if self._conn is None or self._ending.is_set():
            return
        rings = list(self._conn.notifies(timeout=0, stop_after=1))
        if not rings:
            waiting = select.poll()  # select knows no file beyond the first thousand
            for file in (self._conn, self._ending):
                waiting.register(file, select.POLLIN)
            waiting.poll(_WAIT_S * 1000)
        about_slips = [ring.payload for ring in rings if ring.channel == _SLIPS]
        if len(rings) > len(about_slips):  # one message for all that came together: the master looks for rows, not for rings
            tell(self._master, Rang())
        if about_slips:
            # Whoever rings by hand, without a word, wants the folders read.
            self._slips(Ring.LOOK if set(about_slips) == {Ring.LOOK.value} else Ring.READ)
        self.actor_ref.tell(Listen())
