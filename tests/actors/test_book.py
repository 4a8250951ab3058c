"""The book knows what is in flight, bounds it, and says what to tell again when an actor is gone."""

from dataclasses import replace

from etl_actors.actors.book import Book
from etl_actors.actors.pace import AHEAD_S, Pace
from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.leases import Lease, Repeat
from tests.support.fakes import NO_SLIPS

_NOTHING = Parsed(None, None, (), (), ())
_TABLE = Table("public", "shop", Kind.ROOT, Policy.IGNORE, (), (), None)


def _lease(batch_id: int, nbytes: int = 10, token: int = 1) -> Lease:
    return Lease(batch_id, token, "shop", None, (batch_id,), nbytes, 1)


def _book(*batches: int, credit: int = 9, nbytes: int = 1000) -> Book:
    book = Book(credit, nbytes)
    for batch in batches:
        book.add(_lease(batch), NO_SLIPS)
    return book


def test_credit_ends_with_the_number_of_batches() -> None:
    book = _book(1, 2, credit=3)
    assert book.credit
    book.add(_lease(3), NO_SLIPS)
    assert not book.credit
    book.remove(_lease(3))
    assert book.credit


def test_credit_ends_with_the_bytes_and_one_large_batch_may_pass_it() -> None:
    book = _book(credit=9, nbytes=100)
    book.add(_lease(1, nbytes=99), NO_SLIPS)
    assert book.credit
    assert book.bytes_left == 1
    book.add(_lease(2, nbytes=20_000_000), NO_SLIPS)
    assert not book.credit


def _made(nbytes: int) -> Parsed:
    return Parsed("shop", "d", (Block(_TABLE, 1, b"x" * nbytes),), (), ())


def test_rows_that_were_made_of_documents_count_if_they_weigh_more_and_later_batches_are_expected_to_grow_as_much() -> None:
    book = Book(9, 100)
    book.add(_lease(1, nbytes=20), NO_SLIPS)
    assert book.bytes_left == 80
    book.keep(_lease(1, nbytes=20), _made(60))
    assert book.bytes_left == 40
    book.add(_lease(2, nbytes=10), NO_SLIPS)
    assert book.bytes_left == 10, "three times as many as its documents"
    book.keep(_lease(2, nbytes=10), _made(5))
    assert book.bytes_left == 30
    book.remove(_lease(1))
    assert book.bytes_left == 90


def test_nothing_more_is_parsed_while_results_wait_that_weigh_as_much_as_may_be_in_flight() -> None:
    book = _book(1, 2, 3, nbytes=100)
    assert [place for place, _ in book.to_parse([0])] == [0, 0]
    book.keep(_lease(1), _made(99))
    book.entries[2].parser = None
    assert [entry.lease.batch_id for _, entry in book.to_parse([0])] == [2, 3], "there is room, and how much nobody knows"
    book.entries[3].parser = None
    book.keep(_lease(2), _made(1000))
    assert list(book.to_parse([0])) == []
    assert not book.credit
    assert [entry.lease.batch_id for _, entry, _ in book.to_load([0])] == [1, 2], "what is parsed lands"
    book.remove(_lease(2))
    assert [entry.lease.batch_id for _, entry in book.to_parse([0])] == [3]


def test_fewer_batches_are_claimed_while_loads_take_long_and_replays_have_half_of_them() -> None:
    book = Book(12, 10**9, Pace(workers=2, loaders=1))
    for batch in range(6):
        book.add(_lease(batch), NO_SLIPS)
    assert book.credit
    for _ in range(5):
        book.pace.landed(_lease(1), AHEAD_S / 5)
    assert not book.credit
    book.remove(_lease(1))
    book.remove(_lease(2))
    assert book.credit
    assert book.batches_now == 5


def test_a_replay_alone_has_a_batch_for_each_actor_and_one_to_come_but_never_all_of_the_credit() -> None:
    for credit, alone, beside in ((6, 4, 3), (4, 3, 2), (2, 1, 1), (1, 1, 0), (12, 6, 6)):
        book = Book(credit, 10**9, Pace(workers=2, loaders=1))
        for batch in range(20):
            if book.room_to_repeat:
                book.add(replace(_lease(batch), repeat=Repeat(1, None, (1,), seeking=False)), NO_SLIPS)
        assert len(book.entries) == alone
        book.entries.clear()
        book.add(_lease(99), NO_SLIPS)
        for batch in range(20):
            if book.room_to_repeat:
                book.add(replace(_lease(batch), repeat=Repeat(1, None, (1,), seeking=False)), NO_SLIPS)
        assert len(book.entries) - 1 == beside


def test_replays_have_half_of_the_bytes_and_one_batch_may_pass_them() -> None:
    book = _book(credit=9, nbytes=100)
    repeated = [replace(_lease(n, nbytes), repeat=Repeat(1, None, (1,), seeking=False)) for n, nbytes in ((1, 49), (2, 1))]
    book.add(repeated[0], NO_SLIPS)
    assert book.room_to_repeat
    book.add(repeated[1], NO_SLIPS)
    assert not book.room_to_repeat
    assert book.credit
    book.remove(repeated[0])
    book.add(_lease(3, nbytes=99), NO_SLIPS)
    assert not book.room_to_repeat, "live ones have it all"


def test_batches_go_to_the_parser_with_the_least_to_do_and_the_rest_waits() -> None:
    book = _book(1, 2, 3, 4, 5)
    assert [(e.lease.batch_id, place) for place, e in book.to_parse(range(2))] == [(1, 0), (2, 1), (3, 0), (4, 1)]
    assert list(book.to_parse(range(2))) == []
    book.entries[1].parsed = _NOTHING
    assert [(e.lease.batch_id, place) for place, e in book.to_parse(range(2))] == [(5, 0)]


def test_nobody_is_assigned_where_there_is_nobody() -> None:
    book = _book(1)
    assert list(book.to_parse(())) == []
    book.entries[1].parsed = _NOTHING
    assert list(book.to_load(())) == []


def test_what_a_gone_parser_had_been_told_is_assigned_again_but_not_what_it_has_answered() -> None:
    book = _book(1, 2)
    assert len(list(book.to_parse([0]))) == 2
    book.entries[1].parsed = _NOTHING
    book.forget_parser(0)
    assert [e.lease.batch_id for _, e in book.to_parse([0])] == [2]


def test_a_load_that_a_gone_loader_had_been_told_is_told_again_as_such() -> None:
    book = _book(1)
    book.entries[1].parsed = _NOTHING
    assert [e.told_before for _, e, _ in book.to_load([0])] == [False]
    assert list(book.to_load([0])) == []
    book.forget_loader(0)
    assert [e.told_before for _, e, _ in book.to_load([0])] == [True]


def test_an_answer_under_an_older_token_is_not_found() -> None:
    book = _book()
    book.add(_lease(1, token=2), NO_SLIPS)
    assert book.find(_lease(1, token=1)) is None
    assert book.find(_lease(1, token=2)) is not None
    assert book.find(_lease(7)) is None


def test_a_gap_among_the_places_is_no_place() -> None:
    book = _book(1, 2)
    assert [(place, e.lease.batch_id) for place, e in book.to_parse({1: "the second parser"})] == [(1, 1), (1, 2)]


def test_a_death_is_counted_against_what_the_actor_worked_on_not_against_what_waited_behind_it() -> None:
    book = _book(1, 2)
    assert len(list(book.to_parse([0]))) == 2
    book.forget_parser(0)
    book.forget_parser(0)
    assert [e.deaths for e in book.entries.values()] == [1, 0]
    for entry in book.entries.values():
        entry.parsed = _NOTHING
    for _ in range(2):
        assert len(list(book.to_load([0]))) == 2
        book.forget_loader(0)
    assert [e.deaths for e in book.entries.values()] == [3, 0]


def test_a_live_batch_is_not_told_to_the_loader_of_a_replay_while_another_has_less_than_that_to_do() -> None:
    book = _book(2, 3, 4)
    book.add(replace(_lease(1), repeat=Repeat(1, None, (7,), seeking=False)), NO_SLIPS)
    book.entries[1].claimed_at -= 5.0
    book.entries[1].parsed = _NOTHING
    assert [(place, entry.lease.batch_id) for place, entry, _ in book.to_load([0, 1])] == [(0, 1)]
    for batch in (2, 3, 4):
        book.entries[batch].parsed = _NOTHING
    assert [(place, entry.lease.batch_id) for place, entry, _ in book.to_load([0, 1])] == [(1, 2), (1, 3), (1, 4)]


def _piece(batch_id: int, rows: int, source: str = "shop") -> Lease:
    return Lease(batch_id, 1, source, None, tuple(range(rows)), 10, 1)


def test_the_pieces_of_a_source_count_as_one_batch_and_nothing_more_of_it_is_to_be_claimed() -> None:
    book = _book(1, credit=3)
    for batch in range(2, 9):
        book.add(_piece(batch, 1), NO_SLIPS, piece=True)
    assert book.credit
    assert book.searched == {"shop"}
    book.add(_piece(9, 1, "news"), NO_SLIPS, piece=True)
    assert not book.credit
    book.remove(_piece(9, 1, "news"))
    book.remove(_lease(1))
    assert book.credit
    for batch in range(2, 9):
        book.remove(_piece(batch, 1))
    assert book.searched == set()


def test_no_more_of_a_replay_is_claimed_while_one_of_its_batches_is_searched() -> None:
    book = _book(1, credit=9)
    assert book.room_to_repeat
    book.add(replace(_piece(2, 1), repeat=Repeat(1, None, (), seeking=False)), NO_SLIPS, piece=True)
    assert book.searched == {None}
    assert not book.room_to_repeat


def test_the_smallest_pieces_go_first_and_no_actor_has_more_than_two() -> None:
    book = _book(1, 2, 3)
    for batch, rows in ((4, 8), (5, 2), (6, 4), (7, 1)):
        book.add(_piece(batch, rows), NO_SLIPS, piece=True)
    assert [entry.lease.batch_id for _, entry in book.to_parse([0])] == [7, 5], "it has its fill"
    for batch, rows in ((7, 1), (5, 2)):
        book.keep(_piece(batch, rows), _NOTHING)
    assert [entry.lease.batch_id for _, entry in book.to_parse([0])] == [6, 4]
    for batch, rows in ((6, 4), (4, 8)):
        book.keep(_piece(batch, rows), _NOTHING)
    assert [entry.lease.batch_id for _, entry in book.to_parse([0])] == [1, 2]
    book.keep(_lease(1), _NOTHING)
    assert [entry.lease.batch_id for _, entry, _ in book.to_load([0])] == [7, 5, 1]
    assert [entry.lease.batch_id for _, entry, _ in book.to_load([0])] == []
    book.remove(_piece(7, 1))
    assert [entry.lease.batch_id for _, entry, _ in book.to_load([0])] == [6]
