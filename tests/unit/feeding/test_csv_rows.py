"""CSV becomes objects of texts; a record that is none is kept as it came, and costs no other."""

import csv
import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.errors import UsageError
from etl_actors.feeding.chunk import Row
from etl_actors.feeding.csv_rows import Cells, CsvRows, unique_names
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.raw import original_bytes
from etl_actors.feeding.records import Records


def fed(
    text: bytes, block: int = 0, *, delimiter: str = ",", null: str | None = None, is_whole: bool = True
) -> tuple[CsvRows, list[Row]]:
    rows = CsvRows("a.csv", delimiter, null, Cut())
    size = block or len(text) or 1
    found = [row for at in range(0, len(text), size) for row in rows.add(text[at : at + size])]
    return rows, found + rows.end(is_whole=is_whole)


def documents(text: bytes, block: int = 0, **how: Any) -> list[Any]:
    return [orjson.loads(row.payload) for row in fed(text, block, **how)[1]]


def test_the_header_names_the_cells_which_stay_texts() -> None:
    assert documents("sku,price,note\r\nA-1,12.50,\r\n\r\n007,,é\n".encode()) == [
        {"sku": "A-1", "price": "12.50", "note": ""},
        {"sku": "007", "price": "", "note": "é"},
    ]


def test_quotes_hold_delimiters_quotes_and_line_breaks() -> None:
    text = b'a,b\n"1,2","say ""x"""\n"two\r\nlines",5" pipe\n'
    for block in (0, 1, 4):
        rows, found = fed(text, block)
        assert [orjson.loads(row.payload) for row in found] == [
            {"a": "1,2", "b": 'say "x"'},
            {"a": "two\r\nlines", "b": '5" pipe'},
        ]
        assert [(row.first, row.last) for row in found] == [(2, 2), (3, 4)]
        assert rows.last_line == 4


def test_another_delimiter_and_a_text_for_null() -> None:
    assert documents(b"a\tb\n\t\n1,5\tNA\n", delimiter="\t", null="NA") == [{"a": "", "b": ""}, {"a": "1,5", "b": None}]
    assert documents(b"a;b\n;\n", delimiter=";", null="") == [{"a": None, "b": None}]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["", "a", ""], ["column_1", "a", "column_3"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["", "column_1"], ["column_1_2", "column_1"]),
        (["Id", "id"], ["Id", "id"]),
    ],
)
def test_every_column_has_a_name_of_its_own(given: list[str], names: list[str]) -> None:
    assert unique_names(given) == names


@pytest.mark.parametrize(
    ("record", "reason", "said"),
    [
        (b"1", "ragged", "line 3 of a.csv: expected 2 cells as the header has, got 1"),
        (b"1,2,3", "ragged", "line 3 of a.csv: expected 2 cells as the header has, got 3"),
        (b'"1"x,2', "not_csv", "line 3 of a.csv: expected cells and quotes as RFC 4180 has them, got: ',' expected after '\"'"),
        (b"\xe9,2", "not_utf8", "line 3 of a.csv, column 1: expected UTF-8, got the bytes e9"),
        (b"1,\0", "nul_character", "line 3 of a.csv, column 3: expected text without the NUL character, got a NUL byte"),
        (
            b"1,2\r3,4",
            "not_csv",
            "line 3 of a.csv: expected cells and quotes as RFC 4180 has them, got: new-line character seen in unquoted field",
        ),
    ],
)
def test_a_record_that_is_none_is_kept_raw_and_says_why(record: bytes, reason: str, said: str) -> None:
    good, raw, after = documents(b"a,b\n0,0\n" + record + b"\n9,9\n")
    assert (good, after) == ({"a": "0", "b": "0"}, {"a": "9", "b": "9"})
    assert original_bytes(raw) == record
    assert raw["$reason"] == reason
    assert raw["$error"].startswith(said)


def test_a_quote_that_nothing_closes_costs_its_line_alone() -> None:
    text = b'a,b\n"1,2\n3,4\n"5",6\n7,8\n'
    for block in (0, 1, 6):
        rows, found = fed(text, block)
        assert [row.is_raw for row in found] == [True, False, False, False]
        assert orjson.loads(found[0].payload)["$raw"] == '"1,2'
        assert "closing quote" in orjson.loads(found[0].payload)["$error"]
        assert rows.last_line == 5


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_stray_quote_costs_one_row_in_a_small_file_too(ending: bytes) -> None:
    good = [b"%d,%d" % (at, at) for at in range(1_000)]
    for block in (0, 7):
        rows, found = fed(ending.join([b"a,b", b"1,2", b'"oops,3', *good, b""]), block)
        assert len(found) == 1_002
        assert [row.text for row in found if row.is_raw] == [b'"oops,3']
        assert (found[-1].first, found[-1].last, rows.last_line) == (1_003, 1_003, 1_003)


def test_the_cells_of_several_lines_before_a_stray_quote_are_of_its_row() -> None:
    rows, found = fed(b'a,b\n"two\nlines","oops\n1,2\n3,4')
    assert [row.text for row in found if row.is_raw] == [b'"two\nlines","oops']
    assert [(row.first, row.last) for row in found] == [(2, 3), (4, 4), (5, 5)]
    assert rows.last_line == 5


def test_after_a_stray_quote_a_large_file_is_not_one_row() -> None:
    found = documents(b'a,b\n"1,2\n' + (b"3," + b"4" * 998 + b"\n") * 2_000)
    assert len(found) == 2_001
    assert ["$raw" in each for each in found[:3]] == [True, False, False]


def test_a_line_beyond_the_limit_is_shortened_and_the_next_ones_come() -> None:
    records = Records(b",", limit=50)
    found = records.add(b"a,b\n" + b"x" * 40) + records.add(b"x" * 40) + records.add(b"x\n1,2\n") + records.end()
    assert [record.text for record in found if isinstance(record.text, bytes)] == [b"a,b", b"1,2"]
    assert [(record.first, record.last) for record in found] == [(1, 1), (2, 2), (3, 3)]


def test_half_a_record_at_which_the_file_breaks_off_is_raw_though_it_looks_whole() -> None:
    rows = fed(b"a,b\n1,2\n3,4", is_whole=False)[1]
    assert [row.is_raw for row in rows] == [False, True]
    assert not any(row.is_raw for row in fed(b"a,b\n1,2\n", is_whole=False)[1])


@pytest.mark.parametrize("header", [b"a,\xff", b'a,"b', b'"a"b', b"a\0,b", b"a\rb\r1"])
def test_a_header_that_cannot_be_read_is_one_sentence(header: bytes) -> None:
    with pytest.raises(UsageError, match=r"^a\.csv, line 1: the header, which names the cells, cannot be read: expected "):
        fed(header + b"\n1,2\n")


@pytest.mark.parametrize("text", [b"", b"\n\n", b"a,b\n", b"a,b"])
def test_without_records_there_are_no_rows(text: bytes) -> None:
    assert fed(text)[1] == []


@pytest.mark.parametrize("given", ["", ",,", '"', "\n", "§"])
def test_a_delimiter_is_one_character(given: str) -> None:
    with pytest.raises(UsageError, match="--delimiter: expected one ASCII character"):
        Cells(given)


_CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', ",", "\n", "\r\n", '","']
)


@given(st.lists(st.lists(_CELL, min_size=2, max_size=2), max_size=6), st.integers(0, 12))
def test_what_is_written_as_csv_is_read_back(table: list[list[str]], block: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *table])
    assert documents(out.getvalue().encode(), block) == [{"a": a, "b": b} for a, b in table]


_PIECE = st.sampled_from([b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"x", b"1", b" ", b"\xff", b"\0", b'"a\nb"'])


@given(st.lists(_PIECE, max_size=25).map(b"".join) | st.binary(max_size=40), st.integers(1, 9))
def test_of_any_bytes_nothing_is_lost_however_they_come(text: bytes, block: int) -> None:
    whole = b"a,b\n" + text
    records = Records(b",")
    found = records.add(whole) + records.end()
    again = Records(b",")
    assert [each for at in range(0, len(whole), block) for each in again.add(whole[at : at + block])] + again.end() == found
    joined = b"\n".join(record.text for record in found if isinstance(record.text, bytes))
    assert joined.replace(b"\r", b"").rstrip(b"\n") == whole.replace(b"\r", b"").rstrip(b"\n")
    rows, made = fed(whole, block)
    assert len(made) + rows.blank + 1 == len(found)
    for row in made:
        document = orjson.loads(row.payload)
        assert original_bytes(document) == row.text if row.is_raw else document.keys() == {"a", "b"}
