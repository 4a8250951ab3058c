"""Rows of a table: what was read when the feed is stopped is staged, and counted as far as it came."""

from collections.abc import Iterator, Sequence

from etl_actors.feeding.feeder import Feeder
from etl_actors.feeding.stop import Stop
from etl_actors.feeding.table_rows import TableRows


class Table:
    """Gives documents, and is stopped within them."""

    name = "public.t"

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.is_closed = False

    def documents(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        for number in range(10):
            self._stop.requested = number == 7
            yield b"%d" % number, None

    def close(self) -> None:
        self.is_closed = True


def test_what_was_read_before_the_stop_is_staged_and_counted() -> None:
    staged: list[bytes] = []

    def put(payloads: Sequence[bytes]) -> None:
        staged.extend(payloads)

    stop = Stop()
    table = Table(stop)
    fed = Feeder(put, stop).feed_rows([TableRows(table)])
    assert fed.interrupted
    assert (fed.staged, fed.last_document, len(staged)) == (8, 8, 8)
    assert table.is_closed
