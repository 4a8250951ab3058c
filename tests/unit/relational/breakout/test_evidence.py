"""What was seen is stored as a text, and read again as it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.evidence import read_evidence, written_evidence
from etl_actors.relational.breakout.seen import Seen

from .documents import DOCUMENTS


@given(st.lists(DOCUMENTS, max_size=6), st.randoms(use_true_random=False))
def test_a_tree_is_read_as_it_was_and_equal_trees_have_one_text(documents: list[Any], random: Any) -> None:
    one, other = Seen(), Seen()
    for document in documents:
        one.add(document)
    random.shuffle(documents)
    for document in documents:
        other.add(document)
    assert read_evidence(written_evidence(one)) == one
    assert written_evidence(one) == written_evidence(other)


@pytest.mark.parametrize("text", ["", "[]", "1", '{"form": "century"}', '{"members": []}', '{"items": 1}'])
def test_what_is_no_evidence_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (JSON's own error is one too)
        read_evidence(text)
