"""A slip of JSON documents, written from what was seen of them: a column a field, a table a list, types as all values have them."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.scalars import Scalars
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout
from etl_actors.slips.drafting.explicit import explicit_tables
from etl_actors.slips.drafting.head import head
from etl_actors.slips.drafting.repeats import Entity
from etl_actors.slips.drafting.suggested import entity_tables
from etl_actors.slips.source.toml_text import listed
from etl_actors.slips.values.json_text import json_text

__all__ = ["document_draft", "key_candidates"]

_LIKELY = re.compile(r"id|uuid|key|sku|code|slug|.*_id|.*_key|.*_code|number", re.ASCII)
_SHOWN = 40  # characters of an example
_POLICY = """\
# Of several documents with one key, this says which stays: ignore (the first), update (the last), newest(COLUMN), history(COLUMN) (all).
"""
_ENTITIES = """\
# Entities: what documents repeat may have a table of its own, with one row each, known by its key. To have that, take the marks off the
# lines of one; the rows above stay as they are.
"""
_NO_KEY = """\
# Without a key, a document is known by all that it holds: the same document again is a duplicate. With one, this says which of those
# with the same key stays: ignore (the first), update (the last), newest(COLUMN), history(COLUMN) (all).
"""


def key_candidates(seen: Seen, name: str) -> list[tuple[str, str]]:
    """List what may be a key: fields of the document that are one number or text each, the likeliest first.

    Args:
        seen: what was seen of the documents.
        name: of the root table.

    Returns:
        The name of each field in documents, and of its column; none where a document is no object, which has no field.
    """
    if seen.arrays or seen.scalars != Scalars():
        return []
    cells = [cell for cell in laid_out(seen, name).tables[0].cells if _may_be_key(cell)]
    cells.sort(key=lambda cell: not _LIKELY.fullmatch(cell.name))
    return [(cell.path[0], cell.name) for cell in cells]


def document_draft(
    name: str,
    source: str,
    seen: Seen,
    examples: Iterable[Any],
    key: Sequence[str],
    *,
    sure: bool,
    entities: Sequence[Entity] = (),
) -> str:
    """Write a slip.

    Args:
        name: of the slip, and of its table.
        source: whose documents it takes.
        seen: what was seen of the documents.
        examples: some of them, whose values are shown.
        key: columns of the root that may be its key; none where nothing may.
        sure: whether the key is one, so that it is written; else it is proposed in a comment.
        entities: that the documents repeat, for which tables are proposed in comments.
    """
    layout = laid_out(seen, plain((name,)))
    written = f'key = {listed(key)}\non_duplicate = "update"\n'
    if key and sure:
        identity = _POLICY + written
    else:
        identity = _NO_KEY + ("".join(f"# {line}\n" for line in written.splitlines()) if key else "")
    tables = explicit_tables(layout, identity, _examples(layout, examples))
    proposed = f"\n{_ENTITIES}{entity_tables(entities, layout)}" if entities else ""
    return f"{head(name, source)}\n{tables}{proposed}"


def _may_be_key(cell: Cell) -> bool:
    return (
        cell.alone
        and len(cell.path) == 1
        and not cell.path[0].startswith("_")
        and cell.kind in (CellKind.NUMBER, CellKind.TEXT)
        and cell.type in {"bigint", "text", "uuid"}
    )


def _examples(layout: Layout, documents: Iterable[Any]) -> dict[tuple[int, int], str]:
    """Find a value of each column."""
    found: dict[tuple[int, int], str] = {}
    breaker = Breaker(layout)
    for document in documents:
        for number, rows in enumerate(breaker.rows(document)):
            for row in rows:
                for place, value in enumerate(row.cells):
                    if value is not None and value != "" and (number, place) not in found:
                        found[number, place] = _shown(value)
    return found


def _shown(value: Any) -> str:
    text = json_text(value).replace("\x7f", "\\u007f")  # which a comment of TOML may not hold
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
