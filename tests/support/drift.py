"""Documents whose fields come, go and change what they hold, for tables that are to follow while they are written and read."""

from collections.abc import Iterator
from random import Random
from typing import Any

__all__ = ["drifting"]

_PHASES = 8
_WINDOWS = 5  # sources, each of which goes through all phases while the one before still has documents


def drifting(producer: int, count: int, seed: int = 3) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make one producer's documents, each with its source: `fire0` and so on one after the other, and `stock` all the time.

    Args:
        producer: its number.
        count: of documents.
        seed: the same seed gives the same documents.
    """
    dice = Random(seed * 1_000 + producer)
    for number in range(count):
        window, within = divmod(number * _WINDOWS, count)
        late = dice.random() < within / count  # what comes to a source more and more is that of all phases
        phase = dice.randrange(_PHASES) if late else (within * _PHASES // count + producer * 3) % _PHASES
        document = {"id": producer * 1_000_000 + number, "sku": f"S{dice.randrange(200)}", **_body(dice, phase, number)}
        yield "stock" if number % 3 == 0 else f"fire{window - (window > 0 and dice.random() < 0.2)}", document


def _body(dice: Random, phase: int, number: int) -> dict[str, Any]:
    """Make what a document holds besides its names; what it had in the phases before, in part."""
    body: dict[str, Any] = {"price": dice.randrange(1_000), "at": f"2024-03-{dice.randrange(1, 29):02}", "tag": "x"}
    match phase:
        case 0:
            pass
        case 1:  # fields are added
            body[f"added_{number % 12}"] = {"by": "p", "n": number}
        case 2:  # whole numbers become others, then texts
            body["price"] = 0.5 if number % 2 else f"{number} EUR"
        case 3:  # a date becomes a text, a moment another
            body["at"] = "soon"
            body["seen"] = "2024-03-09T10:00:00Z" if number % 2 else "yesterday"
        case 4:  # a scalar becomes an array, of scalars and of objects
            body["tag"] = ["x", {"name": "y", "rank": number % 3}]
        case 5:  # an object gets names that are data, many of them
            body["stock"] = {f"2024-{number % 12 + 1:02}-{day:02}": day for day in range(1, 1 + number % 9)}
        case 6:  # fields are gone
            body = {"note": None, "stock": {"total": number, "place": "here"}}
        case _:  # an array of objects of many kinds, arrays within
            body["parts"] = [{"no": n, "bits": [[n]] if n % 2 else n, f"kind_{number % 7}": True} for n in range(number % 4)]
    return body
