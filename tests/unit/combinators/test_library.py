"""The grammars of the library: what they read of good, bad and real texts."""

import gzip
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.grammar import Grammar, load_grammar
from etl_actors.combinators.library import library_names, library_text
from etl_actors.combinators.result import Failure, Success

LINE = '83.149.9.216 - bob [17/May/2015:10:05:03 +0000] "GET /a.png?b=\\"c\\" HTTP/1.1" 200 203023'


def _find(name: str) -> str | None:
    return library_text(name.removeprefix("std/").removesuffix(".lark")) if name.startswith("std/") else None


def _grammar(name: str, start: str = "start") -> Grammar:
    text = library_text(name)
    assert text is not None
    return load_grammar(text, name=f"std/{name}.lark", find=_find, start=start)


def _value(grammar: Grammar, text: str) -> Any:
    result = grammar.read(text)
    assert isinstance(result, Success), result
    return result.value


def _lines(path: Path) -> Iterator[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from raw.decode().removesuffix("\n").split("\n")


# The library


def test_the_library_lists_its_grammars_and_gives_their_texts() -> None:
    assert {"access_log", "ip", "log4j", "money", "number", "syslog"} <= set(library_names())
    assert all(library_text(name) for name in library_names())


@pytest.mark.parametrize("name", ["", "no_such", "ip.lark", "../node", "../std/ip", "std/ip"])
def test_what_the_library_does_not_have_is_none(name: str) -> None:
    assert library_text(name) is None


@pytest.mark.parametrize("name", library_names())
def test_a_grammar_of_the_library_loads_and_says_what_it_reads_by_which_source_with_an_example(name: str) -> None:
    text = library_text(name)
    assert text is not None
    assert _grammar(name).start == "start"
    head = re.match(r"(?://.*\n)+", text)
    assert head
    assert "\n// Source: " in head[0]
    assert re.search(r"\n//   \S", head[0]), "an example is indented"


# Access logs


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
    assert _value(_grammar("access_log", "common"), LINE) == common
    combined = _value(_grammar("access_log"), f'{LINE} "-" "Mozilla/5.0 (\\"x\\"; \\\\)"')
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
    result = _grammar("access_log").read(f'h - - [17/May/2015:10:05:03 +0000] "{request_line}" 400 0 "-" "-"')
    if path is malformed is None:
        assert isinstance(result, Failure)  # the backslash escapes the quote that would end it
        return
    assert isinstance(result, Success)
    request = result.value["request"]
    assert request == {"method": method, "path": path, "protocol": protocol, "malformed": malformed}
    assert request.source == request_line


def test_quotes_with_nothing_between_them_give_nulls() -> None:
    value = _value(_grammar("access_log"), 'h - - [17/May/2015:10:05:03 +0000] "" 408 - "" ""')
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
    result = _grammar("access_log").read(line)
    assert isinstance(result, Failure)
    assert result.at == at


def test_all_real_access_lines_but_the_truncated_one_are_read(corpus: Path) -> None:
    grammar = _grammar("access_log")
    failed = []
    for number, line in enumerate(_lines(corpus / "text/apache_access/apache_logs.gz"), 1):
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


# Syslog


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            ("34", "Oct 11 22:14:15", "mymachine", "su", None, "'su root' failed for lonvick on /dev/pts/8"),
        ),
        (
            "Mar  7 13:08:09 ip-10-77-20-248 sshd[1361]: Accepted publickey",
            (None, "Mar  7 13:08:09", "ip-10-77-20-248", "sshd", "1361", "Accepted publickey"),
        ),
        ("Mar 27 13:09:37 h sudo:   ubuntu : TTY=pts/0", (None, "Mar 27 13:09:37", "h", "sudo", None, "ubuntu : TTY=pts/0")),
        ("Mar 27 13:09:37 h postfix/smtpd[1]:", (None, "Mar 27 13:09:37", "h", "postfix/smtpd", "1", None)),
        ("Mar 27 13:09:37 h su(pam_unix)[12]: a: b", (None, "Mar 27 13:09:37", "h", "su(pam_unix)", "12", "a: b")),
        (
            "Mar 27 13:09:37 h last message repeated 2 times",
            (None, "Mar 27 13:09:37", "h", None, None, "last message repeated 2 times"),
        ),
        ("Mar 27 13:09:37 ::1 kernel: [ 12.3] x", (None, "Mar 27 13:09:37", "::1", "kernel", None, "[ 12.3] x")),
        ("Mar 27 13:09:37 h app: two\nlines", (None, "Mar 27 13:09:37", "h", "app", None, "two\nlines")),
    ],
)
def test_a_line_of_syslog_is_read(line: str, expected: tuple[str | None, ...]) -> None:
    assert _value(_grammar("syslog"), line) == dict(zip(("pri", "stamp", "host", "program", "pid", "msg"), expected, strict=True))


@pytest.mark.parametrize(
    "line",
    ["", "Accepted password for root", "2015-03-27 13:09:37 h app: x", "<>Mar 27 13:09:37 h app: x", "Mrz 27 13:09:37 h app: x"],
)
def test_what_is_no_line_of_syslog_is_refused(line: str) -> None:
    assert isinstance(_grammar("syslog").read(line), Failure)


def test_real_lines_of_syslog_have_program_pid_and_message(corpus: Path) -> None:
    grammar = _grammar("syslog")
    lines = list(_lines(corpus / "text/auth_log/auth.log.gz"))
    whole = 0
    for line in lines:
        value = _value(grammar, line)
        pid = f"[{value['pid']}]" if value["pid"] else ""
        head = f"{value['stamp']} {value['host']} {value['program']}{pid}:"
        assert line.startswith(head)
        assert line[len(head) :].lstrip() == value["msg"]
        whole += bool(value["program"] and value["msg"] and (value["pid"] or "[" not in line.split(": ")[0]))
    assert whole / len(lines) >= 0.995


# Log4j

_EVENT = "[2016-12-20 00:04:03,231] "


@pytest.mark.parametrize(
    ("text", "level", "msg", "logger", "trace"),
    [
        ("INFO a (b) c (kafka.log.Log)", "INFO", "a (b) c", "kafka.log.Log", []),
        ("WARN  two blanks (a.B$)", "WARN", "two blanks", "a.B$", []),
        ("ERROR no logger", "ERROR", "no logger", None, []),
        ("DEBUG (kafka.log.Log) inside (x)", "DEBUG", "(kafka.log.Log) inside", "x", []),
        (
            "WARN failed (k.C)\njava.io.IOException: x\n\tat a.b(C.scala:1)\n\tat d",
            "WARN",
            "failed",
            "k.C",
            ["java.io.IOException: x", "\tat a.b(C.scala:1)", "\tat d"],
        ),
        ("ERROR oh\njava.lang.Error: x\n\tat d", "ERROR", "oh", None, ["java.lang.Error: x", "\tat d"]),
        ("INFO values: \n\ta = 1\n\tb = 2\n (kafka.Config)", "INFO", "values: \n\ta = 1\n\tb = 2\n", "kafka.Config", []),
        ("INFO ends (k.C)\r\nmore\r\n", "INFO", "ends", "k.C", ["more"]),
    ],
)
def test_an_event_of_log4j_is_read_with_its_trace(text: str, level: str, msg: str, logger: str | None, trace: list[str]) -> None:
    value = _value(_grammar("log4j"), _EVENT + text)
    assert value == {"stamp": "2016-12-20 00:04:03,231", "level": level, "msg": msg, "logger": logger, "trace": trace}


@pytest.mark.parametrize("text", ["", "INFO x", "[2016-12-20] INFO x", f"{_EVENT}NOTE x", "\tat a.b"])
def test_what_is_no_event_of_log4j_is_refused(text: str) -> None:
    assert isinstance(_grammar("log4j").read(text), Failure)


def test_all_real_events_are_read_with_their_traces(corpus: Path) -> None:
    grammar = _grammar("log4j")
    levels: Counter[str] = Counter()
    traced = 0
    for path in sorted((corpus / "text/kafka_logs").glob("kafka*")):
        for text in re.split(r"\n(?=\[\d{4}-)", "\n".join(_lines(path))):
            value = _value(grammar, text)
            written = f"[{value['stamp']}] {value['level']} {value['msg']} ({value['logger']})"
            assert "\n".join([written, *value["trace"]]) == text
            levels[value["level"]] += 1
            traced += len(value["trace"])
    assert levels == {"DEBUG": 854, "INFO": 844, "TRACE": 97, "WARN": 265}
    assert traced == 229


# Addresses


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "255.255.255.255", "::", "::1", "1::", "fe80::1:2", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"]
)
def test_an_address_is_read(text: str) -> None:
    assert _value(_grammar("ip"), text) == text


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "1.2.3.4 ", "1::2::3", ":1", "12345::", "1:2:3:4:5:6:7", "fe80::1%eth0"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert isinstance(_grammar("ip").read(text), Failure)


_PIECES = st.lists(st.sampled_from(["::", ":", ":", ".", "0", "1", "ab", "FFFF", "12345", "255", "256", "1.2.3.4"]), max_size=17)


@given(_PIECES.map("".join) | st.ip_addresses().map(str) | st.ip_addresses(v=6).map(lambda ip: ip.exploded))
def test_an_address_is_what_python_takes_for_one(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert isinstance(_grammar("ip").read(text), Failure)
    else:
        assert _value(_grammar("ip"), text) == text


def test_addresses_are_found_in_the_grammars_of_others() -> None:
    grammar = load_grammar('%import std.ip.IP\nstart: IP "." "at" IP', name="own.lark", find=_find)
    assert _value(grammar, "1.2.3.4.at::1") == {"ip": ["1.2.3.4", "::1"]}
    assert isinstance(grammar.read("1.2.3.400.at::1"), Failure)


# Numbers and money


def _number(value: Any) -> Decimal:
    """Read a number as the grammar's comment says to."""
    return Decimal(f"{''.join(value['whole'])}.{value['decimals'] or ''}")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("-7", "-7"),
        ("0.5", "0.5"),
        ("-0,125", "-0.125"),
        (".75", "0.75"),
        ("1298", "1298"),
        ("1.298", "1298"),
        ("1,298", "1298"),
        ("1 298", "1298"),
        ("1\u00a0298", "1298"),
        ("1'298", "1298"),
        ("1.298,5", "1298.5"),
        ("1,298.50", "1298.5"),
        ("1.234.567,891", "1234567.891"),
        ("1,234,567.891", "1234567.891"),
        ("1 234 567,89", "1234567.89"),
        ("12,34,567.50", "1234567.5"),
        ("1298.125", "1298.125"),
        ("34.992001", "34.992001"),
        ("50,-", "50"),
        ("1.198,\u2013", "1198"),
        ("1700.", "1700"),
        ("1.234.567.", "1234567"),
    ],
)
def test_a_number_is_read_with_either_sign(text: str, number: str) -> None:
    assert _number(_value(_grammar("number"), text)) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "x", "-", ".", "1.2.3", "1,23,4", "1.234.56", "1 23", "1,234,567,8", "1..5", "--1", "12:30"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert isinstance(_grammar("number").read(text), Failure)


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2).map(lambda number: number + Decimal("0.00")),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("", "."), ("", ",")]),
)
def test_a_number_written_with_signs_is_read_back(number: Decimal, signs: tuple[str, str]) -> None:
    written = f"{number:,.2f}".translate({ord(","): signs[0], ord("."): signs[1]})
    assert _number(_value(_grammar("number"), written)) == number


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19.00", None, "19"),
        ("$12.99", "$", "12.99"),
        ("€ 1.298,00", "€", "1298"),
        ("1 298,00 Kč", "Kč", "1298"),
        ("US$:12.99", "US$", "12.99"),
        ("US $1.23", "US $", "1.23"),
        ("CHF 1'049.95", "CHF", "1049.95"),
        ("12,000원", "원", "12000"),
        ("R$260,00", "R$", "260"),
        ("RM50", "RM", "50"),
        ("50,- Kč", "Kč", "50"),
        ("34,50 € *", "€", "34.50"),
        ("171900 \u0440\u0443\u0431.", "\u0440\u0443\u0431.", "171900"),
        ("-5,00 EUR", "EUR", "-5"),
    ],
)
def test_a_price_has_a_currency_and_an_amount(text: str, currency: str | None, amount: str) -> None:
    value = _value(_grammar("money"), text)
    assert (value["currency"], _number(value["amount"])) == (currency, Decimal(amount))


@pytest.mark.parametrize(
    "text", ["", "Not available", "Free!", "€", "$5 - $9", "from $5", "SKU 884", "5 kg", "-$5", "15.08.2017", "$$5", "EURO5"]
)
def test_what_is_no_price_is_refused(text: str) -> None:
    assert isinstance(_grammar("money").read(text), Failure)


def test_real_prices_are_read_right_or_not_at_all(corpus: Path) -> None:
    grammar = _grammar("money")
    seen: Counter[str] = Counter()
    wrong = []
    for line in _lines(corpus / "text/prices/price_cases.jsonl"):
        case = json.loads(line)
        if case["price_raw"] is None:
            continue
        result = grammar.read(case["price_raw"].strip())
        if isinstance(result, Failure):
            seen["refused"] += 1
        elif case["amount"] is not None and _number(result.value["amount"]) == Decimal(case["amount"]):
            seen["right"] += 1
        else:
            wrong.append(case["price_raw"])
    assert wrong == [" 423.923 KD"]  # a dinar's three decimals, as the grammar's comment says
    assert seen["right"] > 690
