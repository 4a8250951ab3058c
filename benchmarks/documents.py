"""The documents that are staged: made-up shop products, and films, real ones where there are any."""

import gzip
import json
import os
import random
from pathlib import Path

__all__ = ["DUPLICATES", "PRODUCT_BYTES", "films", "products"]

PRODUCT_BYTES = 474
"""Of every product, as PostgreSQL writes the jsonb."""
DUPLICATES = 0.1
"""Share of the products whose key came before, with other values."""

_BRANDS = ("Alder", "Birch & Sons", "Cédille", "Dovetail", "Eßer", "Fjord", "Grønn", "Hazel")
_THINGS = ("kettle", "desk lamp", "water filter", "door mat", "hand drill", "bread bin", "wall clock", "bicycle pump")
_WORDS = (
    "sturdy",
    "quiet",
    "light",
    "compact",
    "washable",
    "cordless",
    "made",
    "for",
    "small",
    "kitchens",
    "with",
    "spare",
    "parts",
)
_FILMS = Path("nested", "wiki_movies", "movies.jsonl.gz")


def products(count: int, seed: int = 1, first: int = 0) -> list[str]:
    """Return flat documents of eleven fields and `PRODUCT_BYTES` bytes, `DUPLICATES` of them with a key seen before.

    Args:
        count: how many.
        seed: the same seed gives the same documents.
        first: how many there are before these: those take their keys on.
    """
    dice = random.Random(seed)
    return [_product(dice, _number(dice, position)) for position in range(first, first + count)]


def films(count: int, seed: int = 1) -> tuple[list[str], str]:
    """Return films with lists of names and of genres, and a word on where they are from.

    Args:
        count: how many at most: of real films there are so many and no more.
        seed: of made-up ones.
    """
    corpus = os.environ.get("ETL_CORPUS")
    if corpus and (file := Path(corpus) / _FILMS).exists():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            return [line for line, _ in zip(lines, range(count), strict=False)], "real films"
    dice = random.Random(seed)
    made = [_film(dice, number) for number in range(count)]
    again = max(1, count // 100)
    return made[: count - again] + [dice.choice(made) for _ in range(again)], "made-up films"


def _number(dice: random.Random, position: int) -> int:
    return dice.randrange(position) if position and dice.random() < DUPLICATES else position


def _product(dice: random.Random, number: int) -> str:
    made = {
        "sku": f"SKU-{number:08d}",
        "title": f"{dice.choice(_BRANDS)} {dice.choice(_THINGS)} {dice.randrange(1000)}",
        "brand": dice.choice(_BRANDS),
        "category": dice.choice(_THINGS),
        "price": round(dice.uniform(1, 900), 2),
        "currency": dice.choice(("EUR", "USD", "SEK")),
        "rating": round(dice.uniform(1, 5), 1),
        "reviews": dice.randrange(5000),
        "in_stock": dice.random() < 0.8,
        "scraped_at": f"2026-03-{dice.randrange(1, 29):02d}T{dice.randrange(24):02d}:{dice.randrange(60):02d}:00Z",
        "description": "",
    }
    room = PRODUCT_BYTES - len(_json(made).encode())
    made["description"] = " ".join(dice.choices(_WORDS, k=room // 3))[:room]  # letters of one byte each
    return _json(made)


def _film(dice: random.Random, number: int) -> str:
    return _json(
        {
            "title": f"The {dice.choice(_THINGS)} of {dice.choice(_BRANDS)} {number}",
            "year": dice.randrange(1900, 2026),
            "cast": [f"{dice.choice(_BRANDS)} {dice.randrange(20_000)}" for _ in range(dice.randrange(9))],
            "genres": dice.sample(("Drama", "Comedy", "Western", "Crime", "Musical", "War"), dice.randrange(4)),
            "href": f"Film_{number}",
            "extract": " ".join(dice.choices(_WORDS, k=dice.randrange(80))),
        }
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
