"""What a parser answered, as a step sees it: the value, or a refusal that shows the place in the text."""

from collections.abc import Sequence
from typing import Any

from etl_actors.combinators.excerpt import excerpt
from etl_actors.combinators.result import Result, Success
from etl_actors.relational.reject import Stage
from etl_actors.slips.values.refused import Refused

__all__ = ["one_of", "understood"]

_TOLD = 6  # options that a message lists


def understood(result: Result[Any], got: Any) -> Any:
    """Take the value of a result.

    Args:
        result: what a parser answered.
        got: the value that it parsed.

    Returns:
        The value.

    Raises:
        Refused: it failed; with line, column, position and excerpt where a text was parsed.
    """
    if isinstance(result, Success):
        return result.value
    detail: dict[str, Any] = {}
    if result.text is not None:
        line, column, shown = excerpt(result.text, result.at)
        detail = {"line": line, "text_column": column, "position": result.at, "excerpt": shown}
    raise Refused("no_match", one_of(result.expected), got, stage=Stage.PARSE, detail=detail, reach=result.at)


def one_of(options: Sequence[str]) -> str:
    """Join options as a person lists them.

    Args:
        options: of which one was expected.

    Returns:
        As in ``a, b or c``; what is beyond the sixth is ``others``.
    """
    told = [*options[:_TOLD], "others"] if len(options) > _TOLD else list(options)
    if not told:
        return "nothing"
    return " or ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]
