"""Store hours as a chain of shops writes them, held to what a reader wrote down before there was a grammar for them."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl_actors.combinators.result import Success
from tests.support.library import library_grammar

EXPECTED = Path(__file__).parent / "expected" / "bestbuy_hours.jsonl"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BAR = 0.98


def _clocks(hours: Any) -> list[str]:
    """Read clocks without am and pm as in shops of the country: opened until noon, closed in the second half of the day.

    A day until 11:59 at night is a whole one, of which 12 is the beginning.
    """
    opens, closes = hours["opens"], hours["closes"]
    first, last = int(opens["hour"]), int(closes["hour"]) % 12 + 12
    minutes = [clock["minute"] or "00" for clock in (opens, closes)]
    if (first, last, minutes) == (12, 23, ["00", "59"]):
        first = 0
    return [f"{first:02}:{minutes[0]}", f"{last:02}:{minutes[1]}"]


def _week(value: Any) -> dict[str, Any]:
    """Give the hours of each day; a day that is not named is closed."""
    week: dict[str, Any] = dict.fromkeys(DAYS, "closed")
    for span in value["span"]:
        ((hours,), (day,)) = span["hours"], span["day"]
        week[day["from"][:3].lower()] = _clocks(hours)
    return week


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)


@pytest.fixture
def hours(corpus: Path) -> dict[int, str]:
    """What is written of each store."""
    with gzip.open(corpus / "nested" / "bestbuy" / "stores.json.gz", "rt", encoding="utf-8") as file:
        return {store["id"]: store["hours"] for store in json.load(file)}


def test_two_hundred_stores_are_open_when_a_reader_says(hours: dict[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    grammar = library_grammar("opening_hours", "start")
    expected = [json.loads(line) for line in EXPECTED.read_text(encoding="utf-8").splitlines()]
    wrong = []
    for wanted in expected:
        result = grammar.read(hours[wanted["store"]])
        week = _week(result.value) if isinstance(result, Success) else {}
        if {day: wanted.get(day) for day in DAYS} != {day: week.get(day) for day in DAYS}:
            wrong.append((wanted, week))
    with capsys.disabled():
        print(f"\nstore hours: {len(expected) - len(wrong)} of {len(expected)} as expected")
    assert len(expected) == 200
    assert len(wrong) <= (1 - BAR) * len(expected), wrong


def test_every_text_is_read_and_no_number_of_it_is_lost(hours: dict[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    grammar = library_grammar("opening_hours", "start")
    read = {store: grammar.read(text) for store, text in hours.items()}
    refused = [result for result in read.values() if not isinstance(result, Success)]
    with capsys.disabled():
        print(f"\nstore hours: {len(read) - len(refused):,} of {len(read):,} read")
    assert refused == []
    for store, result in read.items():
        assert isinstance(result, Success)
        found = [number for text in _texts(result.value) for number in re.findall(r"[0-9]+", text)]
        assert sorted(found) == sorted(re.findall(r"[0-9]+", hours[store])), hours[store]
