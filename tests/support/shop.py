"""Documents of a shop that a slip breaks out, fed and loaded by the program itself."""

import json
from pathlib import Path
from typing import Any

from tests.support.contents import settled
from tests.support.daemon import environment, etl

__all__ = ["SHOP", "feed"]

SHOP = 'name = "shop"\nsource = "shop"\n[breakout]\nkey = ["sku"]\non_duplicate = "update"\n'
"""A slip without columns."""


def feed(url: str, slips: Path, documents: list[Any], **settings: str) -> None:
    """Feed documents, and land them.

    Args:
        url: of the database.
        slips: their folder; the documents go into a file beside it.
        documents: of the shop.
        settings: as variables, beside the usual ones.
    """
    file = slips.parent / "documents.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in documents))
    env = environment(url) | {"ETL_PARSERS": str(slips)} | settings
    assert etl("feed", "shop", file, env=env).returncode == 0
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert settled(url)
