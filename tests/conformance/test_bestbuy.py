"""4,584 categories that point at one another, at those above and those below."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conformance.conftest import SLIPS
from tests.support.daemon import environment, etl


def test_categories_point_at_one_another(database: str, ask: Callable[[str], list[tuple[Any, ...]]], corpus: Path) -> None:
    """Links to categories of the file resolve; those to categories that it lacks wait for them, and are counted."""
    with gzip.open(corpus / "nested" / "bestbuy" / "categories.json.gz", "rt", encoding="utf-8") as file:
        categories = json.load(file)
    env = environment(database, parsers=SLIPS)
    lines = "".join(json.dumps(one) + "\n" for one in categories)
    assert etl("feed", "categories", "-", env=env, stdin=lines.encode()).returncode == 0
    ran = etl("run", "--once", env=env)
    assert ran.returncode == 0, ran.stderr

    known = {one["id"] for one in categories}
    above = [(one["id"], other["id"]) for one in categories for other in one["path"]]
    below = [(one["id"], other["id"]) for one in categories for other in one["subCategories"]]
    assert ask("SELECT count(*) FROM category") == [(len(known),)]
    for table, column, links in (("category_above", "above", above), ("category_below", "below", below)):
        found = ask(
            f"SELECT c.id, o.id FROM {table} l JOIN category c ON c._id = l._parent_id LEFT JOIN category o ON o._id = l.{column}"
        )
        assert len(found) == len(links)
        assert sorted(link for link in found if link[1]) == sorted(link for link in links if link[1] in known)
        print(f"{table}: {len(links)} links, {sum(other in known for _, other in links)} to categories of the file")
