"""Why a grammar is not compiled, so that Lark's automaton reads its texts."""

__all__ = ["Declined"]


class Declined(Exception):
    """A grammar cannot be read by regular expressions, or not by few and short ones.

    Args:
        why: as a sentence goes on behind "is read by Lark's automaton, for".
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
