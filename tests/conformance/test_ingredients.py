"""Ingredients of recipes, held to the quantities and units that a newspaper's staff marked in them.

Compared are the first token that is marked as a quantity and the first that is marked as a unit, with the quantity and the unit
that the library's grammar reads: quantities as numbers, units as written, but for case and a full stop. Where nothing is marked
nothing may be read. Marks are a person's: 1/3 and 1/8 are often left unmarked, and of "1 15-ounce can" the unit too.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from etl_actors.combinators.result import Success
from etl_actors.slips.casts.written_number import written_number
from tests.support.library import library_grammar

BAR = 0.85
_MARKED = re.compile(r"(?:(\d+)\$)?(\d+)(?:/(\d+))?")


def _marked(tokens: list[list[str]], mark: str) -> str | None:
    return next((word for word, given in tokens if given == f"B-{mark}"), None)


def _number(marked: str | None) -> Fraction | None:
    """Read a quantity as it is marked: 1$1/2 is one and a half."""
    if marked is None:
        return None
    found = _MARKED.match(marked)
    assert found, marked
    return int(found[1] or 0) + Fraction(int(found[2]), int(found[3] or 1))


def _unit(written: str | None) -> str:
    return (written or "").lower().removesuffix(".")


def _numbers(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from re.findall(r"[0-9]+", value)
    elif isinstance(value, dict):
        for child in value.values():
            yield from _numbers(child)


def test_quantity_and_unit_are_both_as_marked_and_no_number_is_lost(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grammar = library_grammar("ingredient", "start")
    seen: Counter[str] = Counter()
    with gzip.open(corpus / "text" / "ingredients_nyt" / "training_data.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            tokens = json.loads(line)["tokens"]
            text = " ".join(word for word, _ in tokens).replace("$", " ")
            result = grammar.read(text)
            seen["phrases"] += 1
            if not isinstance(result, Success):
                seen["refused"] += 1
                continue
            value = result.value
            assert sorted(_numbers(value)) == sorted(re.findall(r"[0-9]+", text)), text
            quantity = None if value["quantity"] is None else written_number(value["quantity"])
            same = _number(_marked(tokens, "QTY")) == (None if quantity is None else Fraction(quantity))
            named = _unit(_marked(tokens, "UNIT")) == _unit(value["unit"])
            seen["quantity"] += same
            seen["unit"] += named
            seen["both"] += same and named
    share = {name: seen[name] / seen["phrases"] for name in ("quantity", "unit", "both", "refused")}
    with capsys.disabled():
        print(f"\ningredients, of {seen['phrases']:,}: " + ", ".join(f"{name} {part:.1%}" for name, part in share.items()))
    assert seen["phrases"] > 19_000
    assert share["both"] >= BAR
    assert share["refused"] <= 0.001
