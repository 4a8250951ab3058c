"""A slip that breaks documents out, written from what was seen of them."""

from collections.abc import Sequence

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout, Step
from etl_actors.slips.drafting.head import head
from etl_actors.slips.drafting.repeats import Entity
from etl_actors.slips.drafting.suggested import asked_entities, path_text
from etl_actors.slips.source.toml_text import listed, quoted

__all__ = ["breakout_draft"]

_KEY = """\
# No two different documents have the same value there. Of several with one key the last stays, or with "ignore" the first.
key = {key}
on_duplicate = "update"
"""
_NO_KEY = """\
# Without a key, a document is known by all that it holds: the same document again is a duplicate.
# key = ["FIELD"]
# on_duplicate = "update"
"""
_CONTRACT = """\
# By "evolve" the tables follow the documents. To keep them as they have become: "freeze", which rejects a document that has no place in
# them, "discard_row", which skips it, or "discard_value", which leaves out what has none.
contract = "evolve"
"""
_MAPS = """\
# Here names of members are data, as far as was seen: each has a table with a row a member. To have it so whatever comes:
# maps = {maps}
"""


def breakout_draft(name: str, source: str, seen: Seen, key: Sequence[str], entities: Sequence[Entity] = ()) -> str:
    """Write a slip.

    Args:
        name: of the slip, and of its root table.
        source: whose documents it takes.
        seen: what was seen of the documents.
        key: fields of the documents that are their key; none where nothing is.
        entities: that the documents repeat, which are proposed in comments.
    """
    table = plain((name,))
    maps = _maps(laid_out(seen, table))
    parts = [
        f"{head(name, source)}\n[breakout]\ntable = {quoted(table)}\n",
        _KEY.format(key=listed(key)) if key else _NO_KEY,
        _CONTRACT,
        _MAPS.format(maps=listed(maps)) if maps else "",
        asked_entities(entities, table),
    ]
    return "".join(parts)


def _maps(layout: Layout) -> list[str]:
    items: list[tuple[str | Step, ...]] = []  # of each table: the path of its items
    for table in layout.tables:
        above = () if table.parent is None else items[table.parent]
        items.append((*above, *table.path, *([table.step] if table.step else [])))
    return [path_text(path) for path, table in zip(items, layout.tables, strict=True) if table.step is Step.ENTRIES]
