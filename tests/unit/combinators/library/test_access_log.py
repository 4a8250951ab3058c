"""Lines of a web server's access log."""

from pathlib import Path

import pytest

from etl_actors.combinators.result import Failure, Success
from tests.support.library import library_grammar, lines_of, value_by

LINE = '83.149.9.216 - bob [17/May/2015:10:05:03 +0000] "GET /a.png?b=\\"c\\" HTTP/1.1" 200 203023'


def test_a_combined_line_has_what_a_common_one_has_with_referer_and_agent() -> None:
    common = {
        "host": "83.149.9.216",
        "ident": "-",
        "user": "bob",
        "time": "17/May/2015:10:05:03 +0000",
        "request": {"method": "GET", "path": '/a.png?b=\\"c\\"', "protocol": "HTTP/1.1", "malformed": None},
        "status": "200",
        "size": "203023",
    }
    assert value_by("access_log", LINE, "common") == common
    combined = value_by("access_log", f'{LINE} "-" "Mozilla/5.0 (\\"x\\"; \\\\)"')
    assert combined == {**common, "referer": "-", "agent": 'Mozilla/5.0 (\\"x\\"; \\\\)'}


@pytest.mark.parametrize(
    ("request_line", "method", "path", "protocol", "malformed"),
    [
        ("GET / HTTP/1.1", "GET", "/", "HTTP/1.1", None),
        ("POST /a b c HTTP/1.0", "POST", "/a b c", "HTTP/1.0", None),
        ("GET /old", "GET", "/old", None, None),
        ("OPTIONS * HTTP/1.1", "OPTIONS", "*", "HTTP/1.1", None),
        ("M-SEARCH * HTTP/2", "M-SEARCH", "*", "HTTP/2", None),
        ("CONNECT example.org:443 HTTP/1.1", "CONNECT", "example.org:443", "HTTP/1.1", None),
        ("-", None, None, None, "-"),
        ("GET", None, None, None, "GET"),
        ("hello out there", None, None, None, "hello out there"),
        ("\\x16\\x03\\x01", None, None, None, "\\x16\\x03\\x01"),
        ("GET /a\\", None, None, None, None),
    ],
)
def test_a_request_line_is_taken_apart_or_kept_as_it_came(
    request_line: str, method: str | None, path: str | None, protocol: str | None, malformed: str | None
) -> None:
    result = library_grammar("access_log").read(f'h - - [17/May/2015:10:05:03 +0000] "{request_line}" 400 0 "-" "-"')
    if path is malformed is None:
        assert isinstance(result, Failure)  # the backslash escapes the quote that would end it
        return
    assert isinstance(result, Success)
    request = result.value["request"]
    assert request == {"method": method, "path": path, "protocol": protocol, "malformed": malformed}
    assert request.source == request_line


def test_quotes_with_nothing_between_them_give_nulls() -> None:
    value = value_by("access_log", 'h - - [17/May/2015:10:05:03 +0000] "" 408 - "" ""')
    assert (value["request"], value["referer"], value["agent"], value["size"]) == (None, None, None, "-")


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("", 0),
        (LINE, len(LINE)),
        (f'{LINE} "-" "cut', len(LINE) + 9),
        (LINE.replace("200", "2OO") + ' "-" "-"', 78),
        (f'{LINE} "-" "-" x', len(LINE) + 8),
    ],
)
def test_a_line_that_is_no_access_log_fails_where_it_goes_wrong(line: str, at: int) -> None:
    result = library_grammar("access_log").read(line)
    assert isinstance(result, Failure)
    assert result.at == at


def test_all_real_access_lines_but_the_truncated_one_are_read(corpus: Path) -> None:
    grammar = library_grammar("access_log")
    failed = []
    for number, line in enumerate(lines_of(corpus / "text/apache_access/apache_logs.gz"), 1):
        result = grammar.read(line)
        if isinstance(result, Failure):
            failed.append((number, result.at == len(line), result.got))
            continue
        value = result.value
        written = '{host} {ident} {user} [{time}] "{0}" {status} {size} "{referer}" "{agent}"'.format(
            value["request"].source, **value
        )
        assert written == line
        assert value["request"]["malformed"] is None
    assert failed == [(8899, True, "the end")]
