import json
from pathlib import Path

import pytest

from benchmarks.grammars import log_lines
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.trial import Outcome, Trier

_SLIPS = Path(__file__).parents[3] / "benchmarks" / "slips"

_LINE = '203.0.113.9 - {user} [17/May/2026:10:05:03 +0000] "GET /a HTTP/1.1" 200 {size} "{referer}" "{agent}"'
_WITHOUT = [
    _LINE.format(user=user, size=size, referer=text, agent=text)
    for user, size in (("-", "-"), ("ann", 7))
    for text in ("", "-", "a")
]


def _read(name: str) -> Slip:
    return read_slip({"slip.toml": (_SLIPS / name / "slip.toml").read_text(encoding="utf-8")}, "public")


@pytest.mark.parametrize("name", sorted(folder.name for folder in _SLIPS.iterdir()))
def test_each_slip_can_be_read(name: str) -> None:
    assert _read(name).name == name


def test_the_grammar_and_the_expression_make_the_same_rows() -> None:
    grammar, regex = (Trier(_read(name)) for name in ("bench_log_grammar", "bench_log_regex"))
    for line in [*dict.fromkeys(log_lines(200)), *_WITHOUT]:
        document = json.dumps({"line": line}).encode()
        made, other = grammar.attempt(document), regex.attempt(document)
        assert made.outcome is other.outcome is Outcome.ROWS
        assert made.rows["bench_log_grammar"] == other.rows["bench_log_regex"]


def test_rows_that_give_nothing_are_skipped() -> None:
    assert Trier(_read("bench_skipped")).attempt(b'{"n": 1}').outcome is Outcome.SKIPPED
