"""Documents that repeat things, at random; and what tables would hold of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from etl_actors.relational.breakout.asked import Every, Wish, asked_of
from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.keys import key_text, value_of
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.lifted import lifted
from etl_actors.relational.breakout.places import path_of
from etl_actors.relational.breakout.rows import Breaker, BrokenRow
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout

from .documents import DOCUMENTS, KEYS, NAMES

__all__ = ["ASKED", "ENTITIES", "REPEATING", "Held", "kept", "layout_of", "varying_in"]

ENTITIES = (
    Entity("person", (("who", Every.ELEMENT), ("one",), ("by", Every.MEMBER)), ("id",)),
    Entity("node", (("tree",),), ("id", "kind"), ("below", Every.ELEMENT)),
    Entity("place", (("who", Every.ELEMENT, "born"),), ("at",)),
)
"""Of a list, of one object, of members; of a tree; of an item of another."""

ASKED = asked_of(
    ((*place, name), Wish.NUMBERS)
    for place in (("who", Every.ELEMENT), ("one",), ("tree",), ("tree", "below", Every.ELEMENT))
    for name in ("name", "on")
    if place != ("one",) or name == "on"
)
"""Texts that are written as numbers are numbers at these places of items, and at others they are not."""

_IDS = st.sampled_from([1, 1, 1, 2]) | st.sampled_from(["1", "A"]) | KEYS | DOCUMENTS
_VALUES = st.sampled_from(
    [
        1,
        2,
        Decimal("1.0"),
        "x",
        True,
        "2024-02-29",
        "2024-03-09T10:00:00Z",
        "2024-03-09T11:00:00+01:00",
        None,
        {"in": 1},
        {"in": "x"},
    ]
)
_FEW = st.fixed_dictionaries({"name": _VALUES}, optional={"on": _VALUES})
_ATTRIBUTES = _FEW | _FEW | st.dictionaries(NAMES | st.sampled_from(["name", "person_id", "at"]), DOCUMENTS, max_size=3)


def _items(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keyed = st.fixed_dictionaries(fields) | st.fixed_dictionaries({}, optional=fields)
    return st.builds(lambda one, other: one | other, _ATTRIBUTES, keyed)


_PERSONS = _items(id=_IDS, born=_items(at=_IDS) | DOCUMENTS)
_NODES = st.recursive(
    _items(id=st.sampled_from([1, 2]), kind=st.sampled_from(["a", None])),
    lambda inner: st.builds(
        lambda node, below: node | {"below": below}, _items(id=st.just(1), kind=st.just("a")), st.lists(inner, max_size=2)
    ),
    max_leaves=4,
)
REPEATING = st.fixed_dictionaries(
    {"who": st.lists(_PERSONS, min_size=1, max_size=3)}, optional={"one": _PERSONS, "tree": _NODES}
) | st.fixed_dictionaries(
    {},
    optional={
        "who": st.lists(_PERSONS | DOCUMENTS, max_size=3) | DOCUMENTS,
        "one": DOCUMENTS,
        "by": st.dictionaries(NAMES, _PERSONS, max_size=2),
        "tree": _NODES | DOCUMENTS,
        "a": DOCUMENTS,
    },
)
"""Documents that have items of these entities, and whatever else in place of them."""

Held = dict[tuple[int, tuple[str, ...]], BrokenRow]
"""By number of an entity and the texts of a key: what its table has."""


def layout_of(documents: list[Any]) -> Layout:
    """Lay out tables for documents, with all that varies between them."""
    seen = Seen(asked=ASKED)
    for one in documents:
        seen.add(one)
    plain = laid_out(seen, "root", others=[one.name for one in ENTITIES])
    while True:
        layout = lifted(plain, ENTITIES, seen.varying)
        news = varying_in(layout, documents)
        if not news:
            return layout
        seen.join(Seen(varying=news))


def varying_in(layout: Layout, documents: list[Any]) -> dict[str, frozenset[tuple[str, ...]]]:
    """Compare all that entities have of documents, as the database does: what differs, by entity."""
    breaker, held = Breaker(layout), Held()
    found: dict[str, set[tuple[str, ...]]] = {}
    for document in documents:
        for number, rows in enumerate(breaker.rows(document)):
            for row in rows:
                for link in (link for link in layout.links if link.table == number and link.column in row.entities):
                    came = row.entities[link.column]
                    entity = layout.entities[link.entity]
                    there = held.setdefault((link.entity, tuple(map(key_text, came.cells[: len(entity.key)]))), came)
                    for cell, one, other in zip(entity.cells, came.cells, there.cells, strict=True):
                        if not cell.mixed and repr(one) != repr(other):
                            found.setdefault(entity.name, set()).add(cell.path)
                    for place in {*came.rest, *there.rest}:
                        if came.rest.get(place) != there.rest.get(place):
                            found.setdefault(entity.name, set()).add(path_of(place))
    return {name: frozenset(paths) for name, paths in found.items()}


def kept(layout: Layout, held: Held, rows: list[list[BrokenRow]]) -> list[list[BrokenRow]]:
    """Put entities into their tables, each once, and give rows as they are read of all of these."""
    read = []
    for number, table_rows in enumerate(rows):
        links = {link.column: link.entity for link in layout.links if link.table == number}
        read.append(
            [
                replace(row, entities={c: _once(layout, held, links[c], one) for c, one in row.entities.items()})
                for row in table_rows
            ]
        )
    return read


def _once(layout: Layout, held: Held, entity: int, came: BrokenRow) -> BrokenRow:
    width = len(layout.entities[entity].key)
    texts = tuple(map(key_text, came.cells[:width]))
    read = replace(came, cells=[*map(value_of, texts), *came.cells[width:]])
    return held.setdefault((entity, texts), read)
