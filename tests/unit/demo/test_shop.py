"""The shop that the demonstration scrapes."""

import itertools
from collections import Counter

import orjson
import pytest

from etl_actors.demo.shop import BROKEN, DUPLICATES, scrape
from etl_actors.feeding.document import find_flaw

COUNT = 5_000


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(scrape(COUNT))


@pytest.fixture(scope="module")
def products(lines: list[bytes]) -> list[dict[str, object]]:
    documents = [orjson.loads(line) for line in lines if find_flaw(line) is None]
    return [document for document in documents if isinstance(document, dict)]


def test_the_same_arguments_give_the_same_lines(lines: list[bytes]) -> None:
    assert list(scrape(COUNT)) == lines
    assert list(scrape(COUNT, seed=2)) != lines


def test_lines_come_as_they_are_made() -> None:
    assert len(list(itertools.islice(scrape(10**12), 3))) == 3


def test_no_line_holds_a_line_feed_and_they_are_of_a_scraped_page_s_size(lines: list[bytes]) -> None:
    assert not any(b"\n" in line for line in lines)
    assert 400 < sum(map(len, lines)) / COUNT < 550


def test_about_one_in_ten_is_of_a_product_seen_before(products: list[dict[str, object]]) -> None:
    seen = Counter(product["sku"] for product in products)
    repeated = sum(count - 1 for count in seen.values())
    assert 0.8 * DUPLICATES < repeated / COUNT < 1.2 * DUPLICATES


def test_a_product_seen_again_is_the_same_but_for_price_time_and_drift(products: list[dict[str, object]]) -> None:
    first: dict[object, dict[str, object]] = {}
    for product in products:
        if product["sku"] is None:
            continue
        before = first.setdefault(product["sku"], product)
        for field in ("title", "category", "url"):
            assert product[field] == before[field]


def test_about_one_in_a_hundred_is_broken_in_every_way(lines: list[bytes]) -> None:
    flaws = Counter(flaw.reason if (flaw := find_flaw(line)) else _breach(orjson.loads(line)) for line in lines)
    del flaws[""]
    assert 0.5 * BROKEN < sum(flaws.values()) / COUNT < 1.5 * BROKEN
    assert flaws.keys() == {
        "cut_short",
        "nul_character",
        "not_utf8",
        "not_json",
        "no object",
        "price",
        "scraped_at",
        "reviews",
        "sku",
    }


def _breach(document: object) -> str:
    if not isinstance(document, dict):
        return "no object"
    wrong = {"price": "N/A", "scraped_at": "yesterday", "reviews": "1.2k", "sku": None}
    return next((field for field, value in wrong.items() if document[field] == value), "")


def test_fields_drift(products: list[dict[str, object]]) -> None:
    early, late = products[: COUNT // 4], products[-COUNT // 4 :]
    assert {type(product["price"]) for product in early} <= {float, str}
    assert {type(product["price"]) for product in late} == {str}
    assert any(str(product["price"]).startswith("€ ") for product in late)
    assert not any("energy_class" in product for product in early)
    assert all("energy_class" in product for product in late)
    assert any("brand" not in product for product in products)
