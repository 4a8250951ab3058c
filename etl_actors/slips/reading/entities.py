"""Reading `[breakout.entities]`: what documents repeat, and by what each of these is known."""

from collections.abc import Collection
from typing import Any

from etl_actors.relational.breakout.asked import Place, place_of
from etl_actors.relational.breakout.entities import Entity
from etl_actors.slips.reading.columns import MAX_BYTES, name_problem
from etl_actors.slips.source.section import Section

__all__ = ["read_entities"]

_KNOWN = ("path", "key", "recurse")
_EXAMPLE = '`artist = { path = "$.contributors[*]", key = "id" }`'
_LONGEST = MAX_BYTES - len("_id")  # a column that refers to it is named so


def read_entities(section: Section, root: str) -> tuple[Entity, ...]:
    """Read the entities of a slip that breaks documents out; those with something wrong are left out.

    Args:
        section: of `[breakout]`.
        root: name of the root table.
    """
    given = section.content.get("entities", {})
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        section.wrong("entities", f"expected entities below [breakout.entities], such as {_EXAMPLE}")
        return ()
    made = []
    for name, content in given.items():
        one = Section(content, section.problems, (*section.keys, "entities", name))
        one.check_keys(_KNOWN, "an entity")
        problem = _name_problem(name, root)
        if problem:
            one.problems.at_key(one.keys, problem)
        paths, key, recurse = _paths(one), _key(one), _recurse(one)
        made.append(Entity(name, paths, key, recurse))
    _tell_doubles(section, made)
    _tell_contracts(section, given)
    return tuple(made)


def _name_problem(name: str, root: str) -> str | None:
    if name == root:
        return f"expected a name other than that of the documents' table, got `{name}`"
    problem = name_problem(name, "table")
    if problem is None and len(name.encode()) > _LONGEST:
        return f"expected a name of 1 to {_LONGEST} bytes for an entity: columns that refer to it have `_id` behind that"
    return problem


def _paths(section: Section) -> tuple[Place, ...]:
    given = section.content.get("path")
    found = []
    for text in given if isinstance(given, list) and given else [given]:
        place = place_of(text) if isinstance(text, str) else None
        if not place:
            section.wrong("path", f'expected places in the documents, such as "$.contributors[*]", got {_shown(text)}')
            return ()
        found.append(place)
    return tuple(dict.fromkeys(found))


def _key(section: Section) -> tuple[str, ...]:
    given = section.content.get("key")
    several = [given] if isinstance(given, str) else given
    if (
        not isinstance(several, list)
        or not several
        or not all(isinstance(one, str) and one for one in several)
        or len({*several}) != len(several)
    ):
        section.wrong("key", f'expected a field of the items, such as "id", or a list of them, each once; got {_shown(given)}')
        return ()
    return tuple(several)


def _recurse(section: Section) -> Place:
    given = section.content.get("recurse")
    if given is None:
        return ()
    place = place_of(_from_item(given)) if isinstance(given, str) else None
    if not place:
        section.wrong("recurse", f'expected where the items below an item are, such as "children[*]", got {_shown(given)}')
        return ()
    return place


def _from_item(text: str) -> str:
    """Write a path that begins at an item as one that begins at a document."""
    below = text.removeprefix("@")
    return f"${below}" if below.startswith((".", "[")) else f"$.{below}"


def _tell_doubles(section: Section, entities: Collection[Entity]) -> None:
    known: dict[Place, str] = {}
    for one in entities:
        for path in one.paths:
            first = known.setdefault(path, one.name)
            if first != one.name:
                keys = (*section.keys, "entities", one.name, "path")
                section.problems.at_value(keys, f"expected places that are of no other entity, got one of `{first}`")


def _tell_contracts(section: Section, names: Collection[str]) -> None:
    contracts = section.content.get("contracts", {})
    for name in contracts if isinstance(contracts, dict) else ():
        if name in names:
            keys = (*section.keys, "contracts", name)
            section.problems.at_key(
                keys, f"`{name}` is an entity, which has the contracts of the tables where it occurs: name these"
            )


def _shown(given: Any) -> str:
    return "none" if given is None else f"`{given}`"
