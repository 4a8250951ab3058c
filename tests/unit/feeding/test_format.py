"""Which format a file has."""

import pytest

from etl_actors.errors import UsageError
from etl_actors.feeding.format import Format, format_of
from etl_actors.slips.model.slip import InputForm


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("a.jsonl", None, Format.JSONL),
        ("a.b.NDJSON", None, Format.JSONL),
        ("a.jsonl.gz", None, Format.JSONL),
        ("access.log", None, Format.LINES),
        ("access.log.gz", None, Format.LINES),
        ("a.txt", None, Format.LINES),
        ("-", None, Format.JSONL),
        ("-", Format.LINES, Format.LINES),
        ("a.json", Format.JSONL, Format.JSONL),
        ("a.json", None, Format.JSON),
        ("a.JSON.zst", None, Format.JSON),
        ("a.csv.gz", None, Format.CSV),
        ("a.tsv", None, Format.TSV),
        ("a.tsv", Format.CSV, Format.CSV),
        ("no_extension", Format.LINES, Format.LINES),
    ],
)
def test_the_extension_tells_unless_it_is_said(name: str, given: Format | None, expected: Format) -> None:
    assert format_of(name, given) is expected


@pytest.mark.parametrize("name", ["a.xml", "a.parquet", "a.jsonl.bz2", "noextension", "a.gz"])
def test_an_extension_that_does_not_tell_is_refused_with_the_formats_there_are(name: str) -> None:
    with pytest.raises(
        UsageError, match=r"jsonl \(\.jsonl, \.ndjson\), json \(\.json\), csv \(\.csv, \.tsv\) and lines \(\.log, \.txt\)"
    ):
        format_of(name, None)


@pytest.mark.parametrize(
    ("form", "expected"),
    [(None, None), (InputForm(), None), (InputForm("lines"), Format.LINES), (InputForm("jsonl"), Format.JSONL)],
)
def test_a_slip_may_tell_the_format(form: InputForm | None, expected: Format | None) -> None:
    assert Format.of_slip(form) is expected
