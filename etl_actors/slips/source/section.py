"""A table of a slip's TOML, read key by key."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from etl_actors.slips.source.problems import ExpressionError, Keys, Problems, did_you_mean

__all__ = ["Section", "is_name"]

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z_\u0080-\U0010FFFF][A-Za-z0-9_\u0080-\U0010FFFF]*")
_WORDS = frozenset({"true", "false", "null", "and", "or", "not", "in"})


def is_name(text: str) -> bool:
    """Tell whether expressions can use a text as a bare name."""
    return bool(_NAME.fullmatch(text)) and text not in _WORDS


class Section:
    """A table of a slip's TOML; what is not as it should be is noted, and read as if it were not there.

    Args:
        content: the table.
        problems: where to note what is wrong.
        keys: where it stands.
    """

    def __init__(self, content: dict[str, Any], problems: Problems, keys: Keys = ()) -> None:
        self.content = content
        self.problems = problems
        self.keys = keys

    def wrong(self, key: str, sentence: str, at: int | None = None) -> None:
        """Note a problem with the value of a key, or with the character `at` of the text that it is."""
        self.problems.at_value((*self.keys, key), sentence, at)

    def check_keys(self, known: Sequence[str], what: str = "", later: Sequence[str] = ()) -> None:
        """Note the keys that are not known.

        Args:
            known: those that are.
            what: has such keys, as in ``a table``; empty for the slip.
            later: keys of a release to come.
        """
        for key in self.content:
            if key in later:
                self.problems.at_key((*self.keys, key), f"`{key}` is not supported by this release")
            elif key not in known:
                hint = did_you_mean(key, [*known, *later])
                sentence = f"{what} has no key `{key}`{hint}" if what else f"there is no key `{key}`{hint}"
                self.problems.at_key((*self.keys, key), sentence)

    def text(self, key: str) -> str | None:
        """Read a text; None where there is none."""
        value = self.content.get(key)
        if value is None or isinstance(value, str):
            return value
        self.wrong(key, "expected text, in quotes")
        return None

    def flag(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self.content.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(key, "expected true or false, without quotes")
        return default

    def parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """Read a text that a function makes something of, and note why it can't.

        Args:
            key: of the text.
            parse: raises an `ExpressionError`.
        """
        text = self.text(key)
        if text is None:
            return None
        try:
            return parse(text)
        except ExpressionError as error:
            self.wrong(key, error.sentence, error.at)
            return None
