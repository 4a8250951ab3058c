"""Steps, choice and null in columns."""

from typing import Any

import pytest

from etl_actors.relational.reject import Reject

_TIME_OF_DAY = "a time of day from 00:00:00 to 23:59:59"


@pytest.mark.parametrize(
    ("expression", "document", "text"),
    [
        ("a | trim | text", {"a": "\u00a0 x \n"}, "x"),
        ("a | lower | text", {"a": "ÄB"}, "äb"),
        ("a | upper | text", {"a": "äb"}, "ÄB"),
        ("a | squish | text", {"a": " a \t\n b "}, "a b"),
        ("a | default('none') | text", {}, "none"),
        ("a | default(b) | int", {"b": 4}, "4"),
        ("a | int | default(0)", {}, "0"),
        ("a | default(b / c | int / 3) | int", {"b": 4}, "4"),
        ("a | null_if('-') | bigint", {"a": "-"}, None),
        ("a | null_if(0) | int", {"a": 0.0}, None),
        ("a | null_if(0) | boolean", {"a": False}, "f"),
        ("a | int | null_if(0)", {"a": "0"}, None),
        ("a | replace(',', '.') | numeric(8,2)", {"a": "12,5"}, "12.50"),
        ("a | as_list | jsonb", {"a": {"b": 1}}, '[{"b":1}]'),
        ("a | as_list | jsonb", {"a": [1]}, "[1]"),
        ("a | as_list | jsonb", {}, None),
        ("a | first | text", {"a": ["x", "y"]}, "x"),
        ("a | last | text", {"a": ["x", "y"]}, "y"),
        ("a | first | text", {"a": []}, None),
        ("a | split('=') | last | text", {"a": "k=v"}, "v"),
        ("a | split(',') | join('; ') | text", {"a": "1,2"}, "1; 2"),
        ("a[*].b | join('/') | text", {"a": [{"b": 1}, {"b": None}, {"b": True}, {"b": "x"}]}, "1/true/x"),
        ("(a | as_list)[0].b | text", {"a": {"b": "in"}}, "in"),
        ("a | split('.').x | text", {"a": "q"}, None),
        ("a | text | upper", {"a": 1.5}, "1.5"),
        ("'it''' | text".replace("''", "\\'"), {}, "it'"),
        ("1.50 | text", {}, "1.50"),
        ("null | text", {}, None),
        ("true | boolean", {}, "t"),
        ("type(a) | text", {"a": []}, "array"),
        ("@source | text", {}, "src"),
        ("@row_id | bigint", {}, "1"),
        ("@received_at | timestamptz", {}, "2024-01-02 03:04:05+00"),
        ("a | int / b | int", {"a": "x", "b": 2}, "2"),
        ("a | int / b | int", {"b": 2}, None),  # null does not fail
        ("a | int / b | int / -1", {"a": "x", "b": "y"}, "-1"),
        ("a | int / null", {"a": "x"}, None),
        ("a | required | int / 5", {}, "5"),
        ("(a | required / b) | int", {"b": "8"}, "8"),
        ("(a / b) | text", {"b": 1}, None),
    ],
)
def test_an_expression_gives(expression: str, document: Any, text: str | None, value_of: Any) -> None:
    assert value_of(expression, document) == text


@pytest.mark.parametrize(
    ("expression", "document", "reason", "message"),
    [
        ("a | trim | text", {"a": 5}, "not_text", "expected a string (`text` makes one), got 5"),
        ("a | first | text", {"a": "x"}, "not_an_array", "expected an array (`as_list` makes one), got 'x'"),
        ("a | required | text", {}, "missing", "expected a value, got null"),
        ("a | date", {"a": "soon"}, "not_a_date", "expected a date as YYYY-MM-DD, got 'soon'"),
        ("a | int / b | int", {"a": "x", "b": "y"}, "not_an_integer", "expected an integer (int), got 'y'"),
        *(
            ("a | date", {"a": day}, "not_a_date", f"expected a day of the calendar, from 0001-01-01 to 9999-12-31, got '{day}'")
            for day in ("2023-02-29", "0000-01-01")
        ),
        ("a | time", {"a": "24:00"}, "not_a_time", f"expected {_TIME_OF_DAY}, as HH:MM:SS without a zone, got '24:00'"),
        *(
            (
                f"a | {kind}",
                {"a": stamp},
                "not_a_timestamp",
                f"expected a day of the calendar, from 0001-01-01 to 9999-12-31, and {_TIME_OF_DAY}, got '{stamp}'",
            )
            for kind, stamp in (
                ("timestamptz", "2024-02-29T24:00:00Z"),
                ("timestamptz", "2016-12-31T23:59:60Z"),
                ("timestamp", "2023-02-29 12:00:00"),
            )
        ),
        ("a | default('x') | int", {}, "not_an_integer", "expected an integer (int), got 'x'"),
        ("a[*] | join('') | text", {"a": [[]]}, "not_text", "expected strings, numbers and booleans to join, got an array of 0"),
        ("a | date", {"a": "y" * 500}, "not_a_date", f"expected a date as YYYY-MM-DD, got '{'y' * 80}…'"),
    ],
)
def test_an_expression_refuses(expression: str, document: Any, reason: str, message: str, value_of: Any) -> None:
    reject = value_of(expression, document)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.message) == (reason, message)
    assert (reject.detail["table"], reject.detail["column"], reject.detail["expression"]) == ("public.t", "c", expression)
