"""A refused batch in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.suspect import Suspect, pieces_of

_IDS = st.sets(st.integers(1, 2**63 - 1), min_size=2, max_size=30).map(sorted)


def test_a_batch_of_which_nothing_is_known_is_halved() -> None:
    assert pieces_of((1, 2, 3)) == [(1,), (2, 3)]
    assert pieces_of((1, 2), Suspect(7)) == [(1,), (2,)], "a suspect that is not among them"


def test_a_suspect_is_alone_and_what_came_before_it_is_together() -> None:
    assert pieces_of((1, 2, 3, 4, 5, 6), Suspect(3, frozenset({2, 6}))) == [(2, 6), (3,), (1,), (4, 5)]
    assert pieces_of((1, 2), Suspect(1)) == [(1,), (2,)]
    assert pieces_of((1, 2), Suspect(2, frozenset({1, 2}))) == [(1,), (2,)], "a row may have lines before the one that is refused"


@given(_IDS, st.data())
def test_each_row_is_in_one_piece_of_at_least_two(row_ids: list[int], data: st.DataObject) -> None:
    known = st.sampled_from(row_ids)
    suspect = data.draw(st.none() | st.builds(Suspect, known, st.frozensets(known)))
    pieces = pieces_of(row_ids, suspect)
    assert sorted(row_id for piece in pieces for row_id in piece) == row_ids
    assert len(pieces) > 1, "or the search would not end"
    assert all(piece and list(piece) == sorted(piece) for piece in pieces)
