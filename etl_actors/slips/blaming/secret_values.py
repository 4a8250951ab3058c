"""The values of a document that its private columns are made of: no other column shows them either."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from etl_actors.slips.blaming.item_places import Items
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.beginnings import first_paths, let_of
from etl_actors.slips.expressions.paths import located, members, select
from etl_actors.slips.model.slip import EACH_ITEM, KEY, SecretPlace

__all__ = ["Secrets"]

_SHOWN_WHOLE = (str, int, float, Decimal)  # the kinds of value that a message quotes
_TELLING = 3  # characters of a piece that says something of the whole


class Secrets:
    """What is not shown of a document, as the values and texts that it is.

    Args:
        items: of the moment.
        table: number of the table at whose item a value was refused; of what grammars and steps cut out, only what stands at
            this item and those above it is known.
    """

    def __init__(self, items: Items, table: int | None) -> None:
        everywhere = items.known.get("secrets")
        if everywhere is None:
            places = {place for made in items.blame.tables for place in made.secrets}
            everywhere = items.known["secrets"] = _Texts(_scalars(_standing(items.document, places)))
        self.several = (everywhere, _Texts(_scalars(_at_item(items, table))))

    def has(self, value: Any) -> bool:
        """Tell whether a value is one of them, has one in it, or is a piece of one."""
        return type(value) in _SHOWN_WHOLE and any(one.has(value) for one in self.several)


class _Texts:
    def __init__(self, values: Iterable[Any]) -> None:
        self.values = {(type(value), _text(value)) for value in values if type(value) in _SHOWN_WHOLE}
        self.texts = {text for _, text in self.values if len(text) >= _TELLING}
        self.lengths = sorted({len(text) for text in self.texts})
        self.joined = "\0".join(self.texts)

    def has(self, value: Any) -> bool:
        text = _text(value)
        if (type(value), text) in self.values:
            return True
        if not self.texts or len(text) < _TELLING:
            return False
        return text in self.joined or any(
            text[at : at + length] in self.texts for length in self.lengths for at in range(len(text) - length + 1)
        )


def _text(value: Any) -> str:
    """Write a value to be compared, in whatever case and however often its quotes were escaped."""
    try:
        return str(value).casefold().replace("\\", "")
    except ValueError:  # an integer of more digits than Python writes
        return ""


def _scalars(values: Iterable[Any]) -> Iterator[Any]:
    """List the values, and those in them; of objects the names too, since JSON shows them."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.keys()
        if isinstance(value, dict | list):
            waiting += members(value)
        else:
            yield value


def _standing(document: Any, places: Iterable[SecretPlace]) -> Iterator[Any]:
    """List what stands at places of a document; of what steps have made, what they made it of where nothing follows."""
    for place in places:
        found, segments = [document], list(place)
        while segments and isinstance(segments[-1], str) and segments[-1] != EACH_ITEM:
            segments.pop()
        if any(isinstance(one, str) and one != EACH_ITEM for one in segments):
            continue  # a piece: only at the item itself is it known which
        for number, segment in enumerate(segments):
            if isinstance(segment, str):
                found = [one for value in found for one in (value if type(value) is list else (value,))]
            elif number + 1 < len(segments) and segments[number + 1] == KEY:
                yield from (name for value in found if isinstance(value, dict) for name in value)
                found = []
            else:
                found = select(found, segment)
        yield from found


def _at_item(items: Items, table: int | None) -> Iterator[Any]:
    """List the values of the moment that private columns begin with."""
    tables = items.blame.tables
    chain = set()
    while table is not None:
        chain.add(table)
        table = items.blame.parent_of(table)
    for number, made in enumerate(tables):
        for column in made.columns:
            if not column.private:
                continue
            for path in first_paths(column.node):
                if number in chain:
                    yield from _begun(items, path, number)
                elif path.root == "$":
                    yield from (where.value for where in items.beginnings(path, None))
            if number in chain:
                yield items.variables.get(f"key{number}")


def _begun(items: Items, path: n.Path, table: int) -> Iterator[Any]:
    let = let_of(path, items.blame.sight_of(table))
    value = None if let is None else items.variables.get(f"let{let}")
    if isinstance(value, dict | list | str):
        yield from (one for _, one in located(value, path.segments[1:]))
    else:
        yield from (where.value for where in items.beginnings(path, table))
