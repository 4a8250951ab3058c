"""Lines of an access log to values: a compiled grammar against a hand-written regular expression, and against Lark."""

import gzip
import json
import os
import random
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer

from benchmarks.paired import Bench, Sample, Side
from benchmarks.wanted import Wanted
from etl_actors.combinators.grammar import Grammar, load_grammar
from etl_actors.combinators.library import library_text

__all__ = ["log_line", "log_line_lark", "log_lines"]

_LOG = Path("text", "apache_access", "apache_logs.gz")
# The fields that the grammar gives, as a person writes them who knows that a quote ends a quoted text.
_BY_HAND = re.compile(
    r'(?P<host>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>[^ "]+) (?P<protocol>HTTP/[0-9.]+)" '
    r'(?P<status>[0-9]{3}) (?P<size>[0-9]+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"'
)
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "curl/8.5.0")
_ROWS = 60_000
_SLOW = 20  # of so many lines the automaton reads one: it takes long enough


class _Values(Transformer[Token, Any]):
    def request(self, children: list[Token]) -> dict[str, Any]:
        return {**dict.fromkeys(("method", "path", "protocol", "malformed")), **{one.type.lower(): str(one) for one in children}}

    def combined(self, children: list[Any]) -> dict[str, Any]:
        value: dict[str, Any] = dict.fromkeys(("host", "ident", "user", "time", "request", "status", "size", "referer", "agent"))
        for child in children:
            if isinstance(child, Token):
                value[child.type.lower()] = str(child)
            else:
                value["request"] = child
        return value


def log_lines(rows: int) -> list[str]:
    """Return lines in the combined format that both sides read: real ones where there are any, else made up.

    Args:
        rows: how many; real ones are repeated.
    """
    corpus = os.environ.get("ETL_CORPUS")
    if corpus and (file := Path(corpus) / _LOG).exists():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found = [line for line in map(str.rstrip, lines) if _BY_HAND.fullmatch(line)]
    else:
        dice = random.Random(1)
        found = [_made_up(dice) for _ in range(1_000)]
    return (found * (rows // len(found) + 1))[:rows]


def _made_up(dice: random.Random) -> str:
    host = ".".join(str(dice.randrange(1, 255)) for _ in range(4))
    path = "/".join(dice.choice(("", "images", "articles", "feed", "style.css", "a.png?size=large")) for _ in range(3))
    at = f"{dice.randrange(1, 29):02}/May/2015:{dice.randrange(24):02}:05:03 +0000"
    agent = dice.choice(_AGENTS)
    return f'{host} - - [{at}] "GET /{path} HTTP/1.1" 200 {dice.randrange(10**6)} "http://example.org/{path}" "{agent}"'


def _grammar() -> Grammar:
    text = library_text("access_log")
    assert text is not None
    return load_grammar(text, name="std/access_log.lark", find=lambda _: None)


def _timed(lines: Sequence[str], read: Callable[[str], Any], form: Callable[[Any], Any] = dict) -> Sample:
    """Time reading; the first line's value, in a form that both sides have, tells that they read the same."""
    began = time.perf_counter()
    for line in lines:
        read(line)
    return Sample(len(lines) / (time.perf_counter() - began), json.dumps(form(read(lines[0])), sort_keys=True))


def _flat(value: Any) -> dict[str, Any]:
    """Give a grammar's value the form of the other side's."""
    request = value["request"]
    return {name: text or "" for name, text in {**value, **request}.items() if name not in {"request", "malformed"}}


def _matched(line: str) -> dict[str, Any]:
    found = _BY_HAND.fullmatch(line)
    assert found
    return found.groupdict()


def log_line(wanted: Wanted) -> Bench:
    """Hold a compiled grammar against a regular expression that a person wrote for the line."""
    rows = wanted.of(_ROWS)
    lines = log_lines(rows)
    grammar = _grammar()
    assert all(_flat(grammar.value(line)) == _matched(line) for line in dict.fromkeys(lines))
    return Bench(
        "log_line",
        f"{rows:,} lines of an access log in the combined format, each to its value: eleven fields, those of the request in an object of "
        "their own. The expression takes no escaped quotes, no request without a method or protocol and no line without an agent",
        "lines/s",
        Side("std:access_log, compiled", partial(_timed, lines, grammar.value, _flat)),
        Side("a hand-written `re`, fullmatch and groupdict", partial(_timed, lines, _matched)),
    )


def log_line_lark(wanted: Wanted) -> Bench:
    """Hold a compiled grammar against Lark itself: LALR with the contextual lexer, and a transformer called while it reduces."""
    rows = wanted.of(_ROWS)
    lines = log_lines(rows)
    grammar = _grammar()
    text = library_text("access_log")
    assert text is not None
    lark = Lark(text, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Values())
    read: Callable[[str], Any] = lark.parse
    assert all(grammar.value(line) == read(line) for line in lines[::_SLOW])
    return Bench(
        "log_line_lark",
        f"{rows:,} lines of an access log in the combined format, each to its value; Lark reads one of {_SLOW}",
        "lines/s",
        Side("std:access_log, compiled", partial(_timed, lines, grammar.value)),
        Side("Lark's LALR parser with a transformer to the same value", partial(_timed, lines[::_SLOW], read)),
    )
