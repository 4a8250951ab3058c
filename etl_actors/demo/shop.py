"""A shop, scraped as scrapers do: products again and again, fields that drift, documents that are broken."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

__all__ = ["BROKEN", "DUPLICATES", "product", "scrape"]

BROKEN = 0.01
DUPLICATES = 0.1
_BEGIN = datetime(2026, 3, 1, 6, tzinfo=UTC)
_ENERGY_FROM, _PRICE_TEXT_FROM = 0.5, 0.6  # share of the documents after which a field appears, or changes its type
_BRANDS = ("Alder", "Birch & Sons", "Cédille", "Dovetail", "Eßer", "Fjord", "Grønn", "Hazel")
_THINGS = ("kettle", "desk lamp", "water filter", "door mat", "hand drill", "bread bin", "wall clock", "bicycle pump")
_SELLERS = ("corner-shop", "megastore", "outlet24", "von-nebenan")
_WORDS = [
    "sturdy",
    "quiet",
    "light",
    "compact",
    "washable",
    "foldable",
    "stainless",
    "cordless",
    "dimmable",
    "refillable",
    "made",
    "for",
    "small",
    "kitchens",
    "and",
    "long",
    "evenings",
    "with",
    "a",
    "warranty",
    "of",
    "two",
    "years",
    "and",
    "spare",
    "parts",
    "that",
    "can",
    "be",
    "ordered",
    "one",
    "by",
    "one",
]


def scrape(documents: int, seed: int = 1) -> Iterator[bytes]:
    """Yield the lines that a scraper's file would hold, the same for the same arguments.

    About `DUPLICATES` of them are of a product seen before, half of those at a new price; about `BROKEN` of them cannot be
    used: some are documents with values that mean nothing, some are not JSON at all.

    Args:
        documents: lines to make.
        seed: of the choices.
    """
    choose = random.Random(seed)  # noqa: S311 - a demonstration, not a secret
    products = 0
    for position in range(documents):
        is_seen = products > 0 and choose.random() < DUPLICATES
        number = choose.randrange(products) if is_seen else products
        products += not is_seen
        document = product(number, position, position / documents, seed)
        if is_seen and choose.random() < 0.5:  # noqa: PLR2004 - half of them
            document["price"] = _as_scraped(_cents(document["price"]) * 9 // 10, position / documents, choose)
        if choose.random() < BROKEN:
            yield _broken(document, choose)
        else:
            yield orjson.dumps(document)


def product(number: int, position: int, progress: float, seed: int = 1) -> dict[str, Any]:
    """Return what the shop's page of one product shows.

    Args:
        number: of the product, from 0.
        position: of the page in the scrape: it gives the time of day.
        progress: share of the scrape that is done, 0 to 1: fields appear and change their types meanwhile.
        seed: of the shop.
    """
    choose = random.Random(seed * 1_000_003 + number)  # noqa: S311 - a demonstration, not a secret
    brand, thing = choose.choice(_BRANDS), choose.choice(_THINGS)
    cents = choose.randrange(199, 49_999)
    seen_at = (_BEGIN + timedelta(seconds=position)).isoformat()
    document: dict[str, Any] = {
        "sku": f"A-{number:06}",
        "url": f"https://shop.example/{thing.replace(' ', '-')}/a-{number:06}",
        "title": f"{brand}  {thing} {choose.choice('XSML')}{choose.randrange(100, 999)}",
        "brand": brand,
        "category": f"Home / {thing}",
        "description": " ".join(choose.sample(_WORDS, 20)),
        "price": None,
        "currency": "eur",
        "rating": choose.randrange(20, 51) / 10,
        "reviews": choose.randrange(2_000),
        "in_stock": choose.random() < 0.8,  # noqa: PLR2004 - most of them
        "scraped_at": seen_at,
        "offers": [
            {"seller": seller, "price": (cents + choose.randrange(-150, 900)) / 100, "days": choose.randrange(1, 9)}
            for seller in choose.sample(_SELLERS, choose.randrange(3))
        ],
    }
    if choose.random() < 0.03:  # noqa: PLR2004 - a few pages show none
        del document["brand"]
    if progress >= _ENERGY_FROM:
        document["energy_class"] = choose.choice("ABCDEFG")
    document["price"] = _as_scraped(cents, progress, choose)
    return document


def _as_scraped(cents: int, progress: float, choose: random.Random) -> float | str:
    """Return a price as the page shows it: a number at first, later a text, at times with the currency and a comma."""
    if progress < _PRICE_TEXT_FROM:
        return cents / 100
    text = f"{cents // 100}.{cents % 100:02}"
    return text if choose.random() < 0.8 else "€ " + text.replace(".", ",")  # noqa: PLR2004 - most of them


def _cents(price: float | str) -> int:
    return round(float(str(price).removeprefix("€ ").replace(",", ".")) * 100)


def _broken(document: dict[str, Any], choose: random.Random) -> bytes:
    line = orjson.dumps(document)
    return choose.choice(
        (
            orjson.dumps({**document, "price": "N/A"}),
            orjson.dumps({**document, "scraped_at": "yesterday"}),
            orjson.dumps({**document, "reviews": "1.2k"}),
            orjson.dumps({**document, "sku": None}),
            orjson.dumps("503 Service Unavailable"),
            line[: len(line) // 2],
            line.replace(b'"currency":"eur"', b'"currency":"\\u0000"'),
            line.replace(b"Home /", b"Home \xa0"),
            line.replace(b'"rating":', b'"rating":NaN,"was":'),
        )
    )
