"""A slip drawn from documents can be used, whatever they hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.drafting.documents import document_draft, key_candidates
from etl_actors.slips.drafting.lines import GRAMMAR, is_text, text_draft
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.trial import Outcome, Trier
from etl_actors.slips.values.json_text import json_text

_FIELDS = st.one_of(
    st.sampled_from(["a", "A", "in", "_id", "ctid", "@", "a b", "it's", 'a"b', "é", "$", "", "a\nb", "\\"]), st.text(max_size=8)
)
_CLEAN = _FIELDS.filter(lambda field: "\0" not in field and not any("\ud800" <= c <= "\udfff" for c in field))
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_CLEAN, inner, max_size=3), max_leaves=8
)
_DOCUMENTS = st.lists(st.dictionaries(_CLEAN, _VALUES, max_size=5) | _VALUES, min_size=1, max_size=4)


def _draft(documents: list[Any], *, sure: bool = False) -> str:
    seen = Seen()
    for one in documents:
        seen.add(one)
    key = [column for _, column in key_candidates(seen, plain(("some",)))[:1]]
    return document_draft("some", "s", seen, documents, key, sure=sure)


@given(_DOCUMENTS)
def test_a_draft_is_a_slip_that_takes_the_documents_it_was_drawn_from(documents: list[Any]) -> None:
    trier = Trier(read_slip({"slip.toml": _draft(documents)}, "public"))
    for document in documents:
        trial = trier.attempt(json_text(document).encode())
        assert trial.outcome is Outcome.ROWS, trial.rejects


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(lambda line: not line.isspace())
)
def test_the_grammar_of_a_new_slip_takes_every_line(line: str) -> None:
    slip = read_slip({"slip.toml": text_draft("some", "s"), "line.lark": GRAMMAR}, "public")
    trial = Trier(slip).attempt(json_text({"message": line}).encode())
    assert trial.outcome is Outcome.ROWS, trial.rejects


@pytest.mark.parametrize(
    ("documents", "text"),
    [
        ([{"message": "a"}], True),
        ([{"message": "a"}, {"message": "a", "more": 1}], False),
        ([{"message": 1}], False),
        ([1], False),
        ([], False),
    ],
)
def test_documents_that_are_lines_are_known(documents: list[Any], *, text: bool) -> None:
    assert is_text(documents) is text


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], "boolean"),
        ([1, None], "bigint"),
        ([1, 2.5], "numeric"),
        ([2**70], "numeric"),
        (["2026-01-01", "2026-01-31"], "date"),
        (["2026-01-01T00:00:00Z"], "timestamptz"),
        (["2026-01-01T00:00:00"], "timestamp"),
        (["9c9e6f5a-0b1c-4d2e-8f3a-0123456789ab"], "uuid"),
        (["12"], "text"),
        (["2026-01-01", "x"], "text"),
    ],
)
def test_the_type_of_a_column_is_that_of_all_its_values(values: list[Any], kind: str) -> None:
    assert f'columns.a = "a | {kind}"' in _draft([{"a": value} for value in values])


def test_a_draft_shows_a_value_of_each_column_and_proposes_a_key() -> None:
    text = _draft([{"title": "x", "sku": "A-1", "price": 12.5, "tags": ["a"]}])
    assert 'columns.price = "price | numeric"  # 12.5\n' in text
    assert 'columns.value = "@ | text"  # "a"\n' in text
    assert '\n# key = ["sku"]\n' in text
    assert '\nkey = ["sku"]\n' in _draft([{"sku": "A-1"}], sure=True)


def test_what_is_no_key_is_not_proposed() -> None:
    assert "# key" not in _draft([{"a": 1.5, "b": True, "c": {"id": 1}, "d": None, "e": [1], "_file": "x"}])


def test_a_long_value_is_shown_in_part_and_none_breaks_a_line() -> None:
    text = _draft([{"a": "x" * 200, "b": "two\nlines"}])
    assert f'# "{"x" * 39}…\n' in text
    assert '# "two\\nlines"\n' in text


def test_where_a_document_is_no_object_no_field_is_a_key() -> None:
    seen = Seen()
    seen.add({"sku": 1})
    assert key_candidates(seen, "x") == [("sku", "sku")]
    for other in ([1], None, "x"):
        more = seen.copy()
        more.add(other)
        assert key_candidates(more, "x") == []
