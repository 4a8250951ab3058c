"""Feed files: every document, line, event or record becomes exactly one staged row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from etl_actors.feeding.chunk import Chunk, Put, Row
from etl_actors.feeding.csv_rows import Cells
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.file_rows import FileRows, RowSource
from etl_actors.feeding.inputs import Blocks
from etl_actors.feeding.stop import Interrupted, Stop

__all__ = ["CHUNK_BYTES", "CHUNK_ROWS", "Fed", "Feeder"]

CHUNK_ROWS = 2_000
CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Fed:
    """What was fed so far; rows count when their commit is confirmed.

    Args:
        staged: rows staged, the raw ones among them.
        raw: rows staged as ``{"$raw": …}``.
        blank: lines that held nothing and were skipped.
        read_bytes: bytes of the files read, or rows of the table.
        file: the current file.
        last_line: number of the last line of the current file that is staged or was blank; 0 where it has no lines.
        last_document: number of the last document that is staged; 0 where lines are counted alone.
        interrupted: whether the user asked to stop.
        blanks: what one of those that held nothing is called.
        unread: names of the files behind the current one.
    """

    staged: int = 0
    raw: int = 0
    blank: int = 0
    read_bytes: int = 0
    file: str = ""
    last_line: int = 0
    last_document: int = 0
    interrupted: bool = False
    blanks: str = "blank line"
    unread: tuple[str, ...] = ()


class Feeder:
    """Reads inputs one after the other and stages their lines in chunks.

    Args:
        put: stages documents in one commit.
        stop: the user's request to stop.
        report: is called after every commit with what was fed so far.
        chunk_rows: rows a commit, at most.
        chunk_bytes: bytes of payload a commit, at most, but for a single document that is larger.
        cut: how text is cut; by default each line is a document, and says nothing of where it came from.
        cells: how the cells of CSV are written.
    """

    def __init__(
        self,
        put: Put,
        stop: Stop,
        report: Callable[[Fed], None] = lambda _fed: None,
        chunk_rows: int = CHUNK_ROWS,
        chunk_bytes: int = CHUNK_BYTES,
        cut: Cut | None = None,
        cells: Cells | None = None,
    ) -> None:
        self.fed = Fed()
        self._put = put
        self._stop = stop
        self._report = report
        self._chunk = Chunk(chunk_rows, chunk_bytes)
        self._done_bytes = 0
        self._underway = 0
        self._cut = Cut() if cut is None else cut
        self._cells = Cells() if cells is None else cells

    def feed(self, inputs: Sequence[Blocks]) -> Fed:
        """Feed files in order, and return the counts.

        An interrupted feed commits the chunk under way and returns; so does one that fails to read on, before it raises.

        Raises:
            EtlError: a file can be read no further, or the database can't be reached.
        """
        return self.feed_rows([FileRows(each, self._cut, self._cells) for each in inputs])

    def feed_rows(self, sources: Sequence[RowSource]) -> Fed:
        """Feed whatever gives rows, in order, as `feed` does.

        Raises:
            EtlError: a source can be read no further, or the database can't be reached.
        """
        try:
            for at, each in enumerate(sources, 1):
                self.fed.unread = tuple(later.name for later in sources[at:])
                self._feed_one(each)
        except Interrupted:
            self.fed.interrupted = True
        return self.fed

    @property
    def underway(self) -> int:
        """Rows that were being staged when the feed was broken off: whether they are, nobody confirmed."""
        return self._underway

    def _feed_one(self, source: RowSource) -> None:
        self.fed.file = source.name
        self.fed.last_line = self.fed.last_document = 0
        self.fed.blanks = source.blanks
        blank = self.fed.blank
        with source:
            try:
                for rows in source.rows(self._stop):
                    for row in rows:
                        self._take(row, source)
                    self.fed.blank = blank + source.blank
                    if source.emptied:
                        # A pipe that has nothing more just now: whoever writes slowly need not wait for a full chunk. An
                        # event that is open may still grow.
                        self._stage(source.last_line, source)
            except KeyboardInterrupt:
                self._chunk.clear()  # at once is at once
                raise
            finally:
                # What was interrupted within an event is not staged as if it were whole.
                self.fed.blank = blank + source.blank
                self._stage(source.last_line, source)
            self._done_bytes += source.position

    def _take(self, row: Row, source: RowSource) -> None:
        if not self._chunk.fits(len(row.payload)):
            self._stage(row.first - 1, source, row.document - 1)
        self._chunk.add(row)
        if self._chunk.is_full:
            self._stage(row.last, source, row.document)

    def _stage(self, line: int, source: RowSource, document: int | None = None) -> None:
        if not self._chunk:
            return
        self._underway = len(self._chunk)
        self._chunk.stage(self._put, self._committed)
        self._underway = 0
        self.fed.last_line = max(line, 0)
        self.fed.last_document = max(source.last_document if document is None else document, 0)
        self.fed.read_bytes = self._done_bytes + source.position
        self._report(self.fed)

    def _committed(self, rows: int, raw: int) -> None:
        self.fed.staged += rows
        self.fed.raw += raw
        self._underway -= rows
