"""Samples: documents, each with what a slip is to make of it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl_actors.errors import SlipError
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.samples import Sample, difference, expected_of, payload_of, read_samples, samples_text
from etl_actors.slips.trying.trial import Trial, Trier

SLIP = """\
name = "s"
when = "exists(id)"
[tables.t]
schema = "other"
when = "not (skip == true)"
columns.id = "id | text"
columns.n  = "n | int"
"""


def tried(document: Any) -> Trial:
    return Trier(read_slip({"slip.toml": SLIP}, "public")).attempt(json.dumps(document).encode())


def sample(document: Any, **expected: Any) -> Sample:
    return Sample("one", document, expected)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"id": 1}, {"rows": {"t": [{"id": "1", "n": None}]}}),
        ({"id": 1, "skip": True}, {"skipped": True}),
        ({}, {"not_taken": True}),
        (
            {"id": 1, "n": "x"},
            {"reject": {"stage": "map", "reason": "not_an_integer", "path": "$.n", "table": "t", "column": "n"}},
        ),
    ],
)
def test_what_became_of_a_document_is_written_as_a_sample_has_it(document: Any, expected: Any) -> None:
    assert expected_of(tried(document)) == expected
    assert difference(sample(document, **expected), tried(document)) == ""


def test_of_a_reject_only_what_the_sample_names_is_compared() -> None:
    document = {"id": 1, "n": "x"}
    assert difference(sample(document, reject={"path": "$.n"}), tried(document)) == ""
    assert difference(sample(document, reject={"expression": "n | int"}), tried(document)) == ""
    assert '+  "reject": {' not in difference(sample(document, reject={"path": "$.m"}), tried(document))
    assert '-    "path": "$.m"' in difference(sample(document, reject={"path": "$.m"}), tried(document))


def test_a_difference_names_both_sides() -> None:
    told = difference(sample({"id": 1}, rows={"t": [{"id": "2", "n": None}]}), tried({"id": 1})).splitlines()
    assert told[:2] == ["--- expected", "+++ got"]
    assert [line for line in told if line.startswith("-  ")] == ['-        "id": "2",']
    assert [line for line in told if line.startswith("+  ")] == ['+        "id": "1",']


def test_a_file_holds_one_sample_or_several(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text('{"document": 1, "skipped": true}')
    assert read_samples(file) == [Sample("some", 1, {"skipped": True})]
    file.write_text('[{"document": 1, "skipped": true}, {"document": 2}]')
    assert [(each.name, each.expected) for each in read_samples(file)] == [("some#1", {"skipped": True}), ("some#2", {})]


@pytest.mark.parametrize("text", ["", "1", "[1]", "{}", '{"document": 1, "rowss": {}}'])
def test_what_is_no_sample_is_told_with_its_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text(text)
    with pytest.raises(SlipError) as refused:
        read_samples(file)
    assert str(refused.value).startswith(f"{file}: ")


def test_numbers_keep_their_digits_through_a_file(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text('{"document": {"a": 1.50, "b": 12345678901234567890.25, "c": "1.50"}}')
    (read,) = read_samples(file)
    assert read.document["a"] == Decimal("1.50")
    assert payload_of(read) == b'{"a":1.50,"b":12345678901234567890.25,"c":"1.50"}'
    written = samples_text([read], several=False)
    assert '"a": 1.50' in written
    assert '"c": "1.50"' in written
    assert samples_text([read], several=True).startswith("[\n")


def test_a_document_that_cannot_be_staged_is_told() -> None:
    with pytest.raises(SlipError, match="sample one: expected text without NUL"):
        payload_of(sample("\0"))
