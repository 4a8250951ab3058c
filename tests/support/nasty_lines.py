"""Lines that are no JSON, and JSON that PostgreSQL does not take or takes in its own way."""

from tests.support.nasty_case import Case, case, fed

__all__ = ["CASES"]

BROKEN = "What is no JSON, and what PostgreSQL takes for none"

CASES: tuple[Case, ...] = (
    case(BROKEN, "doubled", "One name twice", '{"a": 1, "a": 2, "b": {"c": 1, "c": [1]}}'),
    fed(BROKEN, "doubled_fed", "One name twice, by `feed`", '{"a": 1, "a": 2, "b": {"c": 1, "c": [1]}}'),
    fed(BROKEN, "nul", "A NUL, as an escape and as it is", '{"name": "a\\u0000b"}', b'{"name": "a\0b"}', '{"a\\u0000b": 1}'),
    fed(
        BROKEN,
        "surrogates",
        "Half a surrogate pair, in a text and in a name; a whole pair",
        '{"name": "\\ud800"}',
        '{"\\udc00": 1}',
        '{"name": "\\ud83d\\ude42"}',
    ),
    fed(
        BROKEN,
        "not_numbers",
        "NaN, Infinity, +1, 01, .5, 1.",
        '{"n": NaN}',
        '{"n": -Infinity}',
        '{"n": +1}',
        '{"n": 01}',
        '{"n": .5}',
        '{"n": 1.}',
    ),
    fed(BROKEN, "half", "Half a line, and none", '{"name": "hal', "{", '{"a": 1} {"a": 2}', '{"a": 1},'),
    fed(
        BROKEN,
        "not_json",
        "What other languages write",
        "{'a': 1}",
        "{a: 1}",
        '{"a": 1,}',
        '{"a": undefined}',
        "[1, 2, ]",
        '{"a": 0x10}',
        '{"a": "tab\there"}',
    ),
    fed(
        BROKEN,
        "encodings",
        "Latin-1, UTF-16, a byte order mark",
        '{"name": "café"}'.encode("latin-1"),
        '{"a": "é"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"a": 1}',
    ),
    fed(
        BROKEN,
        "stand_in",
        "A document that stands for a line, by hand",
        '{"$raw": "x", "$reason": "not_json", "$error": "expected JSON, got x"}',
    ),
    fed(BROKEN, "too_many_digits", "A number beyond PostgreSQL's", '{"n": 1e140000}', '{"n": 1e-20000}'),
)
