"""Documents that name parts and people, the tables they go to under any policy, and what those must hold in the end.

A ``doc`` (root, its tags a set of it) has ``part``s with a key of their own, each with ``bit``s and those with ``crumb``s; it
names ``person``s, whom many documents share, with ``alias``es (under FILL without).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import PARENTAGE, Column, Kind, Policy, Table
from tests.support.tables import identity, line

__all__ = ["Doc", "Item", "Tables", "contents", "expected", "invented", "parsed_docs", "tables"]

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A part or a person: its name is its key."""

    name: str
    stamp: str | None = None
    size: int | None = None
    marks: str | None = None  # PostgreSQL's text of an int[]
    bits: tuple[tuple[str, ...], ...] = ()  # each with its crumbs; of a person, its aliases


@dataclass(frozen=True, slots=True)
class Doc:
    """A document; its key names the root row."""

    row_id: int
    key: int
    stamp: str | None = None
    tags: tuple[str, ...] = ()
    parts: tuple[Item, ...] = ()
    people: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """Where they go; `alias` is None where people are filled."""

    doc: Table
    tag: Table
    part: Table
    bit: Table
    crumb: Table
    person: Table
    alias: Table | None

    @property
    def all(self) -> tuple[Table, ...]:
        """Parents before children, the root first."""
        every = (self.doc, self.tag, self.part, self.bit, self.crumb, self.person)
        return every if self.alias is None else (*every, self.alias)


_ITEM = (Column("name", "text"), Column("stamp", "text"), Column("size", "int"), Column("marks", "int[]"))


def tables(doc: Policy, part: Policy, person: Policy, people: Sequence[Column] = _ITEM) -> Tables:
    """Make the tables.

    Args:
        doc: policy of the root.
        part: of the parts.
        person: of the people.
        people: the columns of a person that the slip fills.
    """

    def made(
        name: str, kind: Kind, policy: Policy, columns: Sequence[Column], parent: str | None, owner: str | None = None
    ) -> Table:
        key = () if kind is Kind.SET else (columns[0].name,)
        newest = "stamp" if policy is Policy.NEWEST and kind is not Kind.SET else ""
        above = None if parent is None else f"public.{parent}"
        return Table(
            "public", name, kind, policy, key, tuple(columns), above, None if owner is None else f"public.{owner}", newest
        )

    text = (Column("text", "text"),)
    return Tables(
        made("doc", Kind.ROOT, doc, (Column("key", "int"), Column("stamp", "text")), None),
        made("tag", Kind.SET, doc, text, "doc"),
        made("part", Kind.OWN, part, _ITEM, "doc"),
        made("bit", Kind.SET, part, text, "part", "part"),
        made("crumb", Kind.SET, part, text, "bit", "part"),
        made("person", Kind.ENTITY, person, people, None),
        None if person is Policy.FILL else made("alias", Kind.SET, person, text, "person", "person"),
    )


def invented(dice: Random, row_ids: Iterable[int]) -> list[Doc]:
    """Make documents that share keys, parts and people, with many nulls and equal stamps."""

    def few(letter: str) -> list[str]:
        return [f"{letter}{dice.randrange(100)}" for _ in range(dice.randrange(3))]

    def stamp() -> str | None:
        return dice.choice((None, "a", "B", "b", "ä", ""))

    def item(kind: str) -> Item:
        marks = dice.choice((None, "{}", "{1}", "{1,2,3}", f"{{{dice.randrange(9)}}}"))
        bits = tuple((bit, *few("c")) for bit in few("b"))
        return Item(f"{kind}%{dice.randrange(4)}", stamp(), dice.choice((None, dice.randrange(9))), marks, bits)

    return [
        Doc(
            row_id,
            dice.randrange(5),
            stamp(),
            tuple(few("t")),
            tuple(item("part") for _ in range(dice.randrange(4))),
            tuple(item("person") for _ in range(dice.randrange(4))),
        )
        for row_id in row_ids
    ]


def parsed_docs(to: Tables, docs: Iterable[Doc], slip: str = "docs") -> Parsed:
    """Make what a parser would have made of the documents."""
    lines: dict[str, list[str]] = {table.name: [] for table in to.all}
    for doc in docs:
        root = identity(to.doc, doc.key)
        lines["doc"].append(line(root, doc.row_id, doc.key, doc.stamp))
        for index, text in enumerate(doc.tags):
            lines["tag"].append(line(identity(to.tag, root, index), doc.row_id, root, root, index, text))
        for index, item in enumerate(doc.parts):
            here, position = identity(to.part, item.name), len(lines["part"])
            lines["part"].append(line(here, doc.row_id, root, root, index, position, *_values(to.part, item)))
            for table, row in _below(to.bit, to.crumb, item, here, root):
                lines[table.name].append(line(row[0], doc.row_id, *row[1:4], position, row[4]))
        for item in doc.people:
            here, position = identity(to.person, item.name), len(lines["person"])
            lines["person"].append(line(here, doc.row_id, position, *_values(to.person, item)))
            for table, row in _below(to.alias, None, item, here, here):
                lines[table.name].append(line(row[0], doc.row_id, *row[1:4], position, row[4]))
    blocks = tuple(Block.of_lines(table, lines[table.name]) for table in to.all)
    return Parsed(slip, f"digest of {slip}", blocks, (), ())


def _values(table: Table, item: Item) -> list[object]:
    return [getattr(item, column.name) for column in table.columns]


def _below(upper: Table | None, lower: Table | None, item: Item, here: str, root: str) -> Iterator[tuple[Table, Row]]:
    if upper is None:
        return
    for index, (text, *crumbs) in enumerate(item.bits):
        bit = identity(upper, here, index)
        yield upper, (bit, here, root, index, text)
        for place, crumb in enumerate(crumbs):
            if lower is not None:
                yield lower, (identity(lower, bit, place), bit, root, place, crumb)


# What must be there in the end -------------------------------------------------------------------------------------------------

Named = tuple[int, int, Doc, int, Item]  # row_id, position, document, index, item


def expected(to: Tables, docs: Iterable[Doc]) -> dict[str, set[Row]]:
    """Say what the tables hold once all documents have landed, in whatever order."""
    found: dict[str, set[Row]] = {table.name: set() for table in to.all}
    given = sorted(docs, key=lambda doc: doc.row_id)
    for key in {doc.key for doc in given}:
        best = _winner(to.doc.policy, [(d.stamp, d.row_id, 0, d) for d in given if d.key == key])
        root = identity(to.doc, best.key)
        found["doc"].add((root, best.row_id, best.key, best.stamp))
        for index, text in enumerate(best.tags):
            found["tag"].add((identity(to.tag, root, index), best.row_id, root, root, index, text))
    parts = [(doc, index, item) for doc in given for index, item in enumerate(doc.parts)]
    for name in {item.name for *_, item in parts}:
        doc, index, item = _winner(
            to.part.policy, [(each[2].stamp, each[0].row_id, each[1], each) for each in parts if each[2].name == name]
        )
        root, here = identity(to.doc, doc.key), identity(to.part, name)
        found["part"].add((here, doc.row_id, root, root, index, *_shown(to.part, item)))
        for table, row in _below(to.bit, to.crumb, item, here, root):
            found[table.name].add((row[0], doc.row_id, *row[1:]))
    people = [(doc, index, item) for doc in given for index, item in enumerate(doc.people)]
    for name in {item.name for *_, item in people}:
        named = [each for each in people if each[2].name == name]
        here = identity(to.person, name)
        if to.person.policy is Policy.FILL:
            found["person"].add((here, *_filled(to.person, [(doc.row_id, item) for doc, _, item in named])))
            continue
        doc, _, item = _winner(to.person.policy, [(each[2].stamp, each[0].row_id, each[1], each) for each in named])
        found["person"].add((here, doc.row_id, *_shown(to.person, item)))
        for table, row in _below(to.alias, None, item, here, here):
            found[table.name].add((row[0], doc.row_id, *row[1:]))
    return found


def _winner(policy: Policy, candidates: Sequence[tuple[str | None, int, int, Any]]) -> Any:
    match policy:
        case Policy.IGNORE:
            return min(candidates, key=lambda c: c[1:3])[3]
        case Policy.NEWEST:
            return max(candidates, key=lambda c: (c[0] is not None, (c[0] or "").encode(), *c[1:3]))[3]
        case _:
            return max(candidates, key=lambda c: c[1:3])[3]


def _shown(table: Table, item: Item) -> list[object]:
    return [_as_read(name, getattr(item, name)) for name in (column.name for column in table.columns)]


def _as_read(name: str, value: Any) -> object:
    if name == "marks" and value is not None:
        return tuple(int(mark) for mark in value.strip("{}").split(",") if mark)
    return value


def _filled(table: Table, named: Sequence[tuple[int, Item]]) -> Row:
    lowest = named[0][0]
    values, givers = [], {}
    for name in (column.name for column in table.columns):
        giver, value = next(((row_id, v) for row_id, item in named if (v := getattr(item, name)) is not None), (lowest, None))
        values.append(_as_read(name, value))
        if giver != lowest:
            givers[name] = giver
    return (lowest, *values, tuple(sorted(givers.items())) or None)


def contents(conn: Any, to: Tables) -> dict[str, set[Row]]:
    """Read the tables as `expected` tells them."""
    found = {}
    for table in to.all:
        system = ["_id::text", "_row_id"]
        if table.kind in (Kind.SET, Kind.OWN):
            system += [f"{name}::text" if kind == "uuid" else name for name, kind in PARENTAGE]
        columns = [*system, *(column.name for column in table.columns)]
        columns += ["_filled"] if table.policy is Policy.FILL else []
        rows = conn.execute(f"SELECT {', '.join(columns)} FROM {table.name}".encode()).fetchall()
        found[table.name] = {tuple(map(_plain, row)) for row in rows}
        assert len(found[table.name]) == len(rows)
    return found


def _plain(value: Any) -> object:
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return tuple(value) if isinstance(value, list) else value
