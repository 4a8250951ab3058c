"""A slip that breaks documents out says, later, which of them stands and what deletes them."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.contents import settled
from tests.support.daemon import environment, etl

_SLIP = 'name = "shop"\nsource = "shop"\n[breakout]\nkey = ["sku"]\ncolumns.sku = "sku | text"\n'
_NEWEST = 'on_duplicate = "newest(day)"\ndelete_when = "gone == true"\ncolumns.day = "at | int"\n'


class Shop:
    """A folder of one slip, and a database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.slip = folder / "slips" / "shop" / "slip.toml"
        self.slip.parent.mkdir(parents=True)
        self.env = environment(url) | {"ETL_PARSERS": str(folder / "slips")}

    def asks(self, *words: str, status: int = 0) -> str:
        """Run a command."""
        done = etl(*words, env=self.env)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def takes(self, *documents: dict[str, Any]) -> None:
        """Feed documents, load them, and prove all that is there."""
        file = self.slip.parents[2] / "documents.jsonl"
        file.write_text("".join(f"{json.dumps(one)}\n" for one in documents))
        self.asks("feed", "shop", str(file))
        self.asks("run", "--once")
        assert settled(self.url)
        self.asks("audit", "--deep")

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.url) as conn:
            return conn.execute(question.encode()).fetchall()


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


def test_what_stands_is_said_later_and_a_replay_puts_right_what_is_there(shop: Shop) -> None:
    shop.slip.write_text(_SLIP)
    shop.takes(
        {"sku": "a", "at": 5, "price": 1},
        {"sku": "a", "at": 7, "price": 2},
        {"sku": "b", "at": 1},
        {"sku": "c", "gone": True, "at": 9},
    )
    assert shop.rows("SELECT sku, price FROM shop ORDER BY sku") == [("a", 1), ("b", None), ("c", None)]
    shop.slip.write_text(_SLIP + _NEWEST)
    assert "shop_deleted" in shop.asks("slips", "plan")
    assert "shop_deleted" in shop.asks("slips", "apply")
    shop.takes({"sku": "b", "at": 0, "gone": True}, {"sku": "a", "at": 6, "price": "soon"})
    assert shop.rows("SELECT sku, price__text, day FROM shop ORDER BY sku") == [
        ("a", "soon", 6),
        ("b", None, 1),
        ("c", None, 9),
    ]
    assert "public.shop_deleted" in shop.asks("replay", "--source", "shop", "--dry-run")
    shop.asks("replay", "--source", "shop", "--yes")
    shop.asks("run", "--once")
    shop.asks("audit", "--deep")
    assert shop.rows("SELECT sku, price, day FROM shop ORDER BY sku") == [("a", 2, 7), ("b", None, 1)]
    assert shop.rows("SELECT sku, day FROM shop_deleted") == [("c", 9)]
    shop.asks("slips", "show", "shop")
    json.loads(shop.asks("slips", "show", "shop", "--json"))
    shop.slip.write_text(_SLIP + _NEWEST.replace("newest", "history"))
    told = shop.asks("slips", "apply", status=1)
    assert (
        "knows the rows of public.shop by (sku by `sku | text`, day by `at | int`), but those that are there are known by" in told
    )


def test_versions_are_kept_and_shown(shop: Shop) -> None:
    shop.slip.write_text(_SLIP + _NEWEST.replace("newest", "history"))
    shop.takes({"sku": "a", "at": 5, "price": 1}, {"sku": "a", "at": 7, "price": 2.5}, {"sku": "a", "at": 6, "gone": True})
    seen = "SELECT price::text, _valid_from, _valid_to, _current FROM shop_history ORDER BY _valid_from"
    assert shop.rows(seen) == [("1", 5, 6, False), ("2.5", 7, None, True)]
    shop.takes({"sku": "a", "at": 8, "price": "soon"})
    assert shop.rows(seen)[1:] == [("2.5", 7, 8, False), (None, 8, None, True)]
    row = shop.rows("SELECT _row_id FROM shop WHERE day = 5")[0][0]
    assert json.loads(shop.asks("rebuild", str(row))) == {"sku": "a", "at": 5, "price": 1}
