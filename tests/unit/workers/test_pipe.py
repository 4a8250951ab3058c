"""Objects come out of the pipe as they were put in, of any size, and its end is told."""

import socket
import threading
from collections.abc import Iterator
from struct import pack

import pytest

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.workers.pipe import Pipe

_ROOT = Table("public", "t", Kind.ROOT, Policy.IGNORE, ("a",), (Column("a", "text"),), None)
_SET = Table("public", "t__b", Kind.SET, Policy.IGNORE, (), (Column("b", "text"),), "public.t")


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, Pipe]]:
    one, other = Pipe.pair()
    with one, other:
        yield one, other


def _through(ends: tuple[Pipe, Pipe], message: object) -> object:
    sender = threading.Thread(target=ends[0].send, args=(message,))
    sender.start()
    try:
        return ends[1].recv()
    finally:
        sender.join(30)


def test_a_result_comes_out_as_it_was_put_in_also_one_that_no_buffer_of_the_system_holds(ends: tuple[Pipe, Pipe]) -> None:
    lines = [f"{no:032x}\t{no}\t{'x' * 1_000}" for no in range(5_000)]
    rows = [bytes(100 + no % 7) for no in range(5_000)]
    sent = Parsed("s", "d", (Block.of_lines(_ROOT, lines), Block.of_packed(_SET, rows), Block.of_lines(_SET, [])), (), (7,))
    came = _through(ends, sent)
    assert came == sent
    assert isinstance(came, Parsed)
    assert [type(block.data) for block in came.blocks] == [bytes] * 3
    assert [block.each() for block in came.blocks] == [[line.encode() for line in lines], rows, []]


def test_one_message_after_the_other_comes_in_their_order(ends: tuple[Pipe, Pipe]) -> None:
    for message in (None, b"", {"a": (1,)}):
        ends[0].send(message)
    assert [ends[1].recv() for _ in range(3)] == [None, b"", {"a": (1,)}]
    assert not ends[1].poll()


def test_what_cannot_be_pickled_leaves_nothing_in_the_pipe(ends: tuple[Pipe, Pipe]) -> None:
    with pytest.raises(AttributeError, match="local object"):
        ends[0].send(lambda: None)
    ends[0].send("next")
    assert ends[1].recv() == "next"


@pytest.mark.parametrize("begun", [b"", b"\1\0", b"\1\0\0\0\x09\0\0\0\0\0\0\0half"])
def test_the_end_of_the_pipe_is_told_wherever_it_comes(begun: bytes, ends: tuple[Pipe, Pipe]) -> None:
    ends[0]._end.sendall(begun)
    ends[0].close()
    assert ends[1].poll(30)
    with pytest.raises(EOFError):
        ends[1].recv()


def test_who_stops_in_the_middle_of_a_message_is_not_waited_for(ends: tuple[Pipe, Pipe]) -> None:
    ends[1].limit(0.05)
    ends[0]._end.sendall(b"\1\0\0\0")
    assert ends[1].poll(30)
    with pytest.raises(OSError, match="temporarily unavailable"):
        ends[1].recv()


def test_after_half_a_message_nothing_more_is_sent(ends: tuple[Pipe, Pipe]) -> None:
    ends[0]._end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, pack("@ll", 0, 50_000))
    with pytest.raises(OSError, match="temporarily unavailable"):
        ends[0].send(bytes(8_000_000))
    with pytest.raises(OSError, match="Bad file descriptor"):
        ends[0].send("what would be taken for the other half")


def test_a_wait_may_be_as_long_as_anybody_likes(ends: tuple[Pipe, Pipe]) -> None:
    ends[0].send("at once")
    assert ends[1].poll(1e9)
