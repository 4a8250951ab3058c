"""What a replay has done, in sentences and as JSON."""

from typing import TYPE_CHECKING, Any

from etl_actors.cli.render import plural
from etl_actors.relational.outcome import Outcome

if TYPE_CHECKING:
    from etl_actors.store.replay.orders import Progress, Result

__all__ = ["identities", "result_json", "result_sentences"]


def result_sentences(progress: "Progress", result: "Result") -> list[str]:
    """Tell how a replay stands and what it has done, a line each.

    Args:
        progress: how far it is.
        result: what became of its rows.
    """
    number, rows = progress.replay_id, f"{progress.rows_done:,} of {plural(progress.rows_total, 'row')}"
    if not progress.ended:
        head = f"Replay {number} stands still after {rows}: {progress.problem or 'nothing works on it.'}"
    elif progress.status.value == "cancelled":
        head = f"Replay {number} was cancelled after {rows}."
    else:
        head = f"Replay {number} is done: {plural(progress.rows_done, 'row')}."
    lines = [head]
    if sum(result.letters.values()):
        counts = [_against(result.became(outcome), result.were(outcome), outcome.word) for outcome in Outcome]
        lines.append(f"They are {', '.join(count for count in counts if count)}.")
    if result.letters_closed:
        lines.append(f"{plural(result.letters_closed, 'dead letter')} closed: what was refused is refused no more.")
    if progress.vacated:
        sought = (
            f"{plural(progress.sought, 'row')} sought for {'it' if progress.vacated == 1 else 'them'}, {progress.found:,} found"
        )
        lines.append(f"{identities(progress.vacated)} lost the row that had won: {sought}.")
    if not progress.ended:
        lines.append(f"It goes on as soon as that is mended: etl-actors replay --resume {number}; to end it: --cancel {number}")
    return lines


def result_json(progress: "Progress", result: "Result") -> dict[str, Any]:
    """Tell the same as JSON."""
    return {
        "replay_id": progress.replay_id,
        "status": progress.status.value,
        "ended": progress.ended,
        "phase": progress.phase,
        "slip_version": progress.version.value,
        "filter": dict(progress.filter),
        "rows_total": progress.rows_total,
        "rows_done": progress.rows_done,
        "before": {outcome.word: result.were(outcome) for outcome in Outcome},
        "after": {outcome.word: result.became(outcome) for outcome in Outcome},
        "dead_letters_closed": result.letters_closed,
        "vacated": progress.vacated,
        "sought": progress.sought,
        "found": progress.found,
        "problem": progress.problem,
    }


def _against(now: int, before: int, name: str) -> str:
    if not now and not before:
        return ""
    return f"{now:,} {name}" if now == before else f"{now:,} {name} (before: {before:,})"


def identities(count: int, which: str = "") -> str:
    """Write how many identities; `which` ends with a blank."""
    return f"1 {which}identity" if count == 1 else f"{count:,} {which}identities"
