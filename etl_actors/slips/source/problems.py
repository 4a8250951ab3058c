"""All that is wrong with a slip, each with its place and a caret under it."""

from dataclasses import dataclass, field
from difflib import get_close_matches

from etl_actors.slips.source.toml_places import Keys, Places

__all__ = ["ExpressionError", "Keys", "Problems", "did_you_mean"]


class ExpressionError(Exception):
    """An expression that cannot be read.

    Args:
        at: the character of the expression at which it goes wrong, from 0.
        sentence: what is wrong.
    """

    def __init__(self, at: int, sentence: str) -> None:
        super().__init__(sentence)
        self.at = at
        self.sentence = sentence


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with one file.

    Args:
        file: its name in messages.
        text: of the file.
        places: of its keys and values.
        found: of each problem the file that it is in (empty for this one), line, column and text.
    """

    file: str
    text: str
    places: Places
    found: list[tuple[str, int, int, str]] = field(default_factory=list)

    def at_key(self, keys: Keys, sentence: str) -> None:
        """Note a problem with a key (or with the value of an array's element)."""
        self._add(self.places.key(keys), sentence)

    def at_value(self, keys: Keys, sentence: str, at: int | None = None) -> None:
        """Note a problem with a value, or with the character `at` of the text that it is."""
        self._add(self.places.value(keys, at), sentence)

    def _add(self, offset: int, sentence: str) -> None:
        line = self.text.count("\n", 0, offset) + 1
        start = self.text.rfind("\n", 0, offset) + 1
        self.at_line(line, offset - start + 1, sentence)

    def at_line(self, line: int, column: int, sentence: str) -> None:
        """Note a problem at a line and column, both from 1."""
        self.found.append(("", line, column, _told(self.file, self.text, line, column, sentence)))

    def elsewhere(self, file: str, text: str, line: int, column: int, sentence: str) -> None:
        """Note a problem with another file.

        Args:
            file: its name in messages.
            text: of that file.
            line: from 1.
            column: from 1.
            sentence: what is wrong.
        """
        self.found.append((file, line, column, _told(file, text, line, column, sentence)))

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.found)

    def __str__(self) -> str:
        """All of them, in the order of the file; those of other files behind them."""
        return "\n".join(dict.fromkeys(text for _, _, _, text in sorted(self.found)))


def _told(file: str, text: str, line: int, column: int, sentence: str) -> str:
    lines = text.split("\n")
    source = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
    shown = "".join(c if c.isprintable() else " " for c in source)  # a tab would shift the caret
    said = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence)  # names may hold anything
    return f"{file}:{line}:{column}: {said}\n    {shown}\n    {' ' * (column - 1)}^"


def did_you_mean(name: str, known: list[str]) -> str:
    """Suggest the nearest of the known names, or nothing."""
    near = get_close_matches(name, known, 1)
    return f"; did you mean `{near[0]}`?" if near else ""
