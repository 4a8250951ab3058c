"""How deeply expressions may be nested: as deeply as Python reads what they become."""

from etl_actors.slips.source.problems import ExpressionError

__all__ = ["check_nesting"]


def check_nesting(written: str) -> None:
    """Refuse an expression that is nested deeper than Python reads.

    Args:
        written: the Python that an expression became.

    Raises:
        ExpressionError: it is.
    """
    try:
        compile(f"(((({written}))))", "<expression>", "eval")  # some more parentheses, as where it will stand
    except (SyntaxError, RecursionError, MemoryError):
        raise ExpressionError(0, "this expression is nested too deeply") from None
