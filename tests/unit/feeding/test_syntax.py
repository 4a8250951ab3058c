"""The exact judge of JSON: what it lets pass, what it refuses, and how it says so."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl_actors.feeding.place import Place
from etl_actors.feeding.syntax import MAX_DEPTH, find_flaw

VALID = [
    b"0",
    b"-0.0e-0",
    b'""',
    b"null",
    b" [ ] ",
    b'{"":{"a":[1,-2.5e+3,true,false,null]}}\r',
    b'"\\ud83d\\ude00 \\\\u0000 \\/"',
    '"\ufffe\U0001f600\x7f"'.encode(),
    b"1" * 400,
    b"1" * 131_072,
    b"1e131071",
    b"0e400000",
    b"1e-16383",
    b"0." + b"1" * 20_000 + b"e5000",
    b"[" * 500 + b"]" * 500,
    b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
]

REFUSED = [
    (b"", "cut_short", "expected a JSON value, got the end of the text"),
    (b'{"a":1', "cut_short", "expected ',' or '}', got the end of the text"),
    (b'["half', "cut_short", "expected the string's closing quote, got the end of the text"),
    (b"{\"a\":'b'}", "not_json", "expected a JSON value, got \"'b'}\""),
    (b"NaN", "not_json", "expected a JSON value, got 'NaN'"),
    (b"[-Infinity]", "not_json", "expected a JSON value or ']', got '-Infinity]'"),
    (b"[1,]", "not_json", "expected a JSON value, got ']'"),
    (b'{"a":1,}', "not_json", "expected a key in double quotes, got '}'"),
    (b"{1:2}", "not_json", "expected a key in double quotes or '}', got '1:2}'"),
    (b'{"a" 1}', "not_json", "expected ':', got '1}'"),
    (b"01", "not_json", "expected the end of the document, got '1'"),
    (b"1.", "not_json", "expected the end of the document, got '.'"),
    (b"1 2", "not_json", "expected the end of the document, got '2'"),
    (b"\x0c1", "not_json", "expected a JSON value, got '\\x0c1'"),
    (b"\xef\xbb\xbf1", "not_json", r"expected a JSON value, got '\ufeff1'"),
    (b'"a\x01"', "not_json", "expected control characters in strings as escapes, got the byte 01"),
    (b'"\\x41"', "not_json", r"""expected one of \" \\ \/ \b \f \n \r \t \uXXXX, got '\x41"'"""),
    (b'"a\x00b"', "nul_character", "expected text without the NUL character, got a NUL byte"),
    (b'{"\\u0000":1}', "nul_character", r"expected text without the NUL character, got \u0000"),
    (b"\x00", "nul_character", "expected a JSON value, got a NUL byte"),
    (b'"\\ud800"', "lone_surrogate", r"expected both halves of a surrogate pair, got '\ud800' alone"),
    (b'"\\udc00"', "lone_surrogate", r"expected both halves of a surrogate pair, got '\udc00' alone"),
    (b'"\\ud800x\\udc00"', "lone_surrogate", r"expected both halves of a surrogate pair, got '\udc00' alone"),
    (b'"\\ud800\\ud800\\udc00"', "lone_surrogate", r"expected both halves of a surrogate pair, got '\ud800' alone"),
    (b'"\\ud800\\n"', "lone_surrogate", r"expected both halves of a surrogate pair, got '\ud800' alone"),
    (b'"\xed\xa0\x80"', "not_utf8", "expected UTF-8, got the bytes ed"),
    (b"\xff", "not_utf8", "expected UTF-8, got the bytes ff"),
    (b"1e400000", "number_out_of_range", None),
    (b"1e131072", "number_out_of_range", None),
    (b"1" * 131_073, "number_out_of_range", None),
    (b"1e-16384", "number_out_of_range", None),
    (b"0e-16384", "number_out_of_range", None),
    (b"0e99999999999", "number_out_of_range", None),
    (b"0." + b"0" * 16_384, "number_out_of_range", None),
    (b"[" * (MAX_DEPTH + 1), "too_deep", "expected at most 6,000 levels, got more"),
    (b"[" * 100_000 + b"]" * 100_000, "too_deep", "expected at most 6,000 levels, got more"),
]


@pytest.mark.parametrize("text", VALID, ids=lambda text: text[:20].decode())
def test_what_jsonb_takes_has_no_flaw(text: bytes) -> None:
    assert find_flaw(text) is None


@pytest.mark.parametrize(("text", "reason", "message"), REFUSED, ids=[repr(text[:20]) for text, _, _ in REFUSED])
def test_what_jsonb_refuses_is_said_as_expected_and_got(text: bytes, reason: str, message: str | None) -> None:
    flaw = find_flaw(text)
    assert flaw is not None
    assert flaw.reason == reason
    assert message is None or flaw.message == message


def test_a_sentence_counts_columns_in_characters() -> None:
    line = '["é", x]'.encode()
    flaw = find_flaw(line)
    assert flaw is not None
    assert flaw.sentence(line, Place("a.jsonl", 3)) == "line 3 of a.jsonl, column 7: expected a JSON value, got 'x]'"


def test_a_long_excerpt_is_cut() -> None:
    flaw = find_flaw(b"x" * 10_000)
    assert flaw is not None
    assert len(flaw.message) < 80


def _python_takes(text: bytes) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(text.decode(), parse_constant=refuse)
    except ValueError:
        return False
    return True


_FRAGMENTS = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"a"',
        b'"',
        b"1",
        b"-",
        b".5",
        b"e3",
        b"0",
        b"true",
        b"nul",
        b"null",
        b" ",
        b"\r",
        b"\\",
        b"\\n",
        b"NaN",
    ]
)


@given(st.lists(_FRAGMENTS, max_size=12).map(b"".join))
@example(b'{"a":{"a":1},"a":[[],{}]}')
def test_the_syntax_is_that_of_another_reader(text: bytes) -> None:
    assert (find_flaw(text) is None) == _python_takes(text)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner)
    ),
    max_leaves=10,
)


@given(document=_JSON, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_whatever_json_is_written_has_no_flaw(document: object, *, ascii_only: bool, indent: int | None) -> None:
    assert find_flaw(json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()) is None


@given(_JSON, st.data())
def test_a_document_cut_short_has_a_flaw_or_is_another_document(document: object, data: st.DataObject) -> None:
    text = json.dumps([document]).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    assert find_flaw(text[:cut]) is not None
