"""Feed files: every line that is not blank becomes exactly one staged row, or every event of several lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from etl_actors.feeding.chunk import Chunk, Put, Row
from etl_actors.feeding.cut import Cut, Gathering, Piece
from etl_actors.feeding.document import find_flaw, with_origin, wrap_line
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Blocks
from etl_actors.feeding.lines import LINE_BYTES, LongLine, cut_lines
from etl_actors.feeding.raw import raw_document
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
        read_bytes: bytes of the files read.
        file: the current file.
        last_line: number of the last line of the current file that is staged or was blank.
        interrupted: whether the user asked to stop.
    """

    staged: int = 0
    raw: int = 0
    blank: int = 0
    read_bytes: int = 0
    file: str = ""
    last_line: int = 0
    interrupted: bool = False


class Feeder:
    """Reads inputs one after the other and stages their lines in chunks.

    Args:
        put: stages documents in one commit.
        stop: the user's request to stop.
        report: is called after every commit with what was fed so far.
        chunk_rows: rows a commit, at most.
        chunk_bytes: bytes of payload a commit, at most, but for a single document that is larger.
        cut: how text is cut; by default each line is a document, and says nothing of where it came from.
    """

    def __init__(
        self,
        put: Put,
        stop: Stop,
        report: Callable[[Fed], None] = lambda _fed: None,
        chunk_rows: int = CHUNK_ROWS,
        chunk_bytes: int = CHUNK_BYTES,
        cut: Cut | None = None,
    ) -> None:
        self.fed = Fed()
        self._put = put
        self._stop = stop
        self._report = report
        self._chunk = Chunk(chunk_rows, chunk_bytes)
        self._done_bytes = 0
        self._cut = Cut() if cut is None else cut

    def feed(self, inputs: Sequence[Blocks]) -> Fed:
        """Feed the inputs in order, and return the counts.

        An interrupted feed commits the chunk under way and returns; so does one that fails to read on, before it raises.

        Raises:
            EtlError: a file can be read no further, or the database can't be reached.
        """
        try:
            for each in inputs:
                self._feed_one(each)
        except Interrupted:
            self.fed.interrupted = True
        return self.fed

    def _feed_one(self, source: Blocks) -> None:
        self.fed.file = source.name
        self.fed.last_line = number = 0
        # A JSON document is a line of its own, whatever the slip says of text.
        gathering = Gathering(self._cut if source.format is Format.LINES else replace(self._cut, begins=None))
        blank = self.fed.blank
        with source:
            try:
                for lines in cut_lines(lambda: source.read(self._stop)):
                    for line in lines:
                        number += 1
                        for piece in gathering.add(line, number):
                            self._take(piece, source)
                    self.fed.blank = blank + gathering.blank
                    if source.emptied:
                        # A pipe that has nothing more just now: whoever writes slowly need not wait for a full chunk. An
                        # event that is open may still grow.
                        self._stage(gathering.done, source)
                for piece in gathering.end():
                    self._take(piece, source)
            finally:
                # What was interrupted within an event is not staged as if it were whole.
                self.fed.blank = blank + gathering.blank
                self._stage(gathering.done, source)
            self._done_bytes += source.position

    def _take(self, piece: Piece, source: Blocks) -> None:
        row = _row(piece, source, self._cut)
        if not self._chunk.fits(len(row.payload)):
            self._stage(piece.first - 1, source)
        self._chunk.add(row)
        if self._chunk.is_full:
            self._stage(piece.last, source)

    def _stage(self, number: int, source: Blocks) -> None:
        if not self._chunk:
            return
        documents, raw = self._chunk.stage(self._put)
        self.fed.staged += documents + raw
        self.fed.raw += raw
        self.fed.last_line = number
        self.fed.read_bytes = self._done_bytes + source.position
        self._report(self.fed)


def _row(piece: Piece, source: Blocks, cut: Cut) -> Row:
    payload, flaw = _judge(piece.text, source.format, cut.origin_of(source.name, piece.first))
    if flaw is None:
        return Row(payload, piece.text, piece.first, source.name, is_raw=False)
    place = f"line {piece.first} of {source.name}"
    return Row(raw_document(piece.text, flaw, place), piece.text, piece.first, source.name, is_raw=True)


def _judge(text: bytes | LongLine, form: Format, origin: Mapping[str, str | int]) -> tuple[bytes, Flaw | None]:
    if isinstance(text, LongLine):
        return b"", Flaw("line_too_long", f"expected a line of at most {LINE_BYTES:,} bytes, got {text.length:,}")
    if form is Format.JSONL:
        flaw = find_flaw(text)
        return with_origin(text, origin) if origin and flaw is None else text, flaw
    wrapped = wrap_line(text, origin)
    return (b"", wrapped) if isinstance(wrapped, Flaw) else (wrapped, None)
