"""A slip drawn from documents can be used, whatever they hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.cli.slips.draft import GRAMMAR, draft, is_text, text_draft
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.trial import Outcome, Trier
from etl_actors.slips.values.json_text import json_text

_FIELDS = st.one_of(
    st.sampled_from(["a", "A", "in", "_id", "ctid", "@", "a b", "it's", 'a"b', "é", "$", "", "a\nb", "\\"]), st.text(max_size=8)
)
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=3), max_leaves=8
)
_CLEAN = _FIELDS.filter(lambda field: "\0" not in field and not any("\ud800" <= c <= "\udfff" for c in field))
_DOCUMENTS = st.lists(st.dictionaries(_CLEAN, _VALUES, max_size=5) | _VALUES, min_size=1, max_size=4)


@given(_DOCUMENTS)
def test_a_draft_is_a_slip_that_takes_the_documents_it_was_drawn_from(documents: list[Any]) -> None:
    trier = Trier(read_slip({"slip.toml": draft("some", "s", documents)}, "public"))
    for document in documents:
        try:
            payload = json_text(document).encode()
        except Exception:  # noqa: BLE001  (a field that jsonb does not take is no matter here)
            continue
        trial = trier.attempt(payload)
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
        ([1, "a"], "text"),
        ([1, [2]], "jsonb"),
        ([None], "text"),
    ],
)
def test_the_type_of_a_column_is_that_of_all_its_values(values: list[Any], kind: str) -> None:
    assert f'columns.a = "a | {kind}"\n' in draft("some", "s", [{"a": value} for value in values])
