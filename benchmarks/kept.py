"""The results that `docs/benchmarks.md` shows, kept as data: each bench is measured when it is, and the page has the last of all."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.paired import Result

__all__ = ["RESULTS", "Conditions", "Kept", "keep", "kept", "kept_as", "today"]

RESULTS = Path(__file__).parent.parent / "docs" / "benchmarks.json"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which a bench was measured.

    Args:
        about: hardware and versions, a line each.
        rounds: how often each side ran.
        load: average of the machine over the minute before the first.
        day: as YYYY-MM-DD; empty for today.
    """

    about: Sequence[str]
    rounds: int
    load: float
    day: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A result as the page shows it: figures, and what they are of."""

    name: str
    what: str
    unit: str
    ours_name: str
    rival_name: str
    ours: float
    rival: float
    ratio: float
    least: float
    greatest: float
    beside: Sequence[Sequence[str | float]]
    verdicts: Sequence[str]
    about: Sequence[str]
    rounds: int
    load: float
    day: str


def today() -> str:
    """Give the day, in UTC, as YYYY-MM-DD."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def kept_as(result: Result, conditions: Conditions) -> Kept:
    """Give a result the form that is kept."""
    bench = result.bench
    return Kept(
        name=bench.name,
        what=bench.what,
        unit=bench.unit,
        ours_name=bench.ours.name,
        rival_name=bench.rival.name,
        ours=result.ours,
        rival=result.rival,
        ratio=result.ratio,
        least=result.least,
        greatest=result.greatest,
        beside=result.beside,
        verdicts=[bar.verdict(result.figure(bar.figure)) for bar in bench.bars],
        about=conditions.about,
        rounds=conditions.rounds,
        load=conditions.load,
        day=conditions.day or today(),
    )


def kept(file: Path = RESULTS) -> list[Kept]:
    """Read what is kept; nothing where there is no file."""
    return [Kept(**one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.exists() else []


def keep(results: Iterable[Kept], file: Path = RESULTS) -> list[Kept]:
    """Keep results, each in the place of the former one of its name, and give all that are kept."""
    by_name = {one.name: one for one in kept(file)} | {one.name: one for one in results}
    file.write_text(json.dumps([asdict(one) for one in by_name.values()], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return list(by_name.values())
