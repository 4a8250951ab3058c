"""Generated documents in which keys come again and again with other values, children and grandchildren."""

import json
import random

__all__ = ["notes", "tables"]


def tables(policy: str) -> list[str]:
    """Return the tables that `tests/slips/note_<policy>` fills."""
    return [f"note_{policy}", f"note_{policy}_tag", f"note_{policy}_part", f"note_{policy}_bit", f"vendor_{policy}"]


def notes(count: int, keys: int, seed: int = 7) -> list[str]:
    """Return JSON documents, some of them broken.

    Args:
        count: how many.
        keys: how many different ids among them.
        seed: the same seed gives the same documents.
    """
    dice = random.Random(seed)
    return [json.dumps(_note(dice, version, keys)) for version in range(count)]


def _note(dice: random.Random, version: int, keys: int) -> dict[str, object]:
    made: dict[str, object] = {
        "id": dice.randrange(keys),
        "version": version,
        "title": f"note {dice.randrange(1000)}\t\\ é",
        "amount": round(dice.uniform(-999, 999), 2),
        "at": f"2026-0{dice.randrange(1, 10)}-1{dice.randrange(10)}T0{dice.randrange(10)}:00:00Z",
        "tags": [f"t{dice.randrange(9)}" for _ in range(dice.randrange(4))],
        "parts": [{"no": n, "bits": list(range(dice.randrange(3)))} for n in range(dice.randrange(3))],
        "vendors": [{"name": f"v{dice.randrange(40)}", "rating": dice.randrange(6)} for _ in range(dice.randrange(3))],
    }
    if version % 101 == 100:
        made["at"] = "soon"
    return made
