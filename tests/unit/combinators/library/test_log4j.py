"""Events of Log4j."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.grammars import value_of
from tests.support.library import library_grammar, lines_of, refuses, value_by

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
    value = value_by("log4j", _EVENT + text)
    assert value == {
        "stamp": "2016-12-20 00:04:03,231",
        "level": level,
        "msg": msg,
        "logger": logger,
        "line": None,
        "trace": trace,
    }


@pytest.mark.parametrize("text", ["", "INFO x", "[2016-12-20] INFO x", f"{_EVENT}NOTE x", "\tat a.b"])
def test_what_is_no_event_of_log4j_is_refused(text: str) -> None:
    assert refuses("log4j", text)


def test_all_real_events_are_read_with_their_traces(corpus: Path) -> None:
    grammar = library_grammar("log4j")
    levels: Counter[str] = Counter()
    traced = 0
    for path in sorted((corpus / "text/kafka_logs").glob("kafka*")):
        for text in re.split(r"\n(?=\[\d{4}-)", "\n".join(lines_of(path))):
            value = value_of(grammar, text)
            written = f"[{value['stamp']}] {value['level']} {value['msg']} ({value['logger']})"
            assert "\n".join([written, *value["trace"]]) == text
            levels[value["level"]] += 1
            traced += len(value["trace"])
    assert levels == {"DEBUG": 854, "INFO": 844, "TRACE": 97, "WARN": 265}
    assert traced == 229
