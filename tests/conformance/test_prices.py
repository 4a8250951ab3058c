"""Prices as shops of many countries write them, with the amount and the currency that others expect of them."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged

SLIP = """
name = "price_case"
[grammars]
price = "std:price"
coin  = "std:price:coin"
[let]
shown  = "price_raw | parse(price) / null"
beside = "currency_raw | parse(coin) / null"
[tables.price_case]
columns.amount   = "shown.amount | numeric"
columns.currency = "shown.currency | default(beside) | text"
"""
BAR = 0.90


def _read(mapper: Mapper, case: Any) -> tuple[Decimal | None, str | None]:
    document = {"price_raw": case["price_raw"], "currency_raw": case["currency_raw"]}
    lines = mapper.begin()
    made = mapper.map(Staged(1, json.dumps(document).encode(), "price_case", ""), document, lines)
    assert not isinstance(made, Reject), made
    amount, currency = lines[0][0].split("\t")[-2:]
    return None if amount == "\\N" else Decimal(amount), None if currency == "\\N" else currency


def test_amount_and_currency_are_both_as_expected(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = corpus / "text" / "prices" / "price_cases.jsonl"
    mapper = compile_slip(read_slip({"slip.toml": SLIP}, "public"))
    right: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for line in file.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        wanted = (None if case["amount"] is None else Decimal(case["amount"]), case["currency"])
        cases[case["set"]] += 1
        right[case["set"]] += _read(mapper, case) == wanted
    asked = [name for name in cases if "XFAIL" not in name]
    share = sum(right[name] for name in asked) / sum(cases[name] for name in asked)
    with capsys.disabled():
        print(f"\nprices: {share:.1%} of {sum(cases[name] for name in asked)}")
        for name in cases:
            print(f"  {right[name]:4} of {cases[name]:4}  {name}")
    assert sum(cases[name] for name in asked) == 774
    assert share >= BAR
