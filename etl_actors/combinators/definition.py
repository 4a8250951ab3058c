"""Where a rule or terminal of a grammar is written, and what it is called there."""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Definition", "Reached"]

Place = tuple[str, int, int]  # file, line and column from 1


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule or a terminal as its author wrote it.

    Args:
        name: without the prefix that an import gives it; the new name where the import renames it.
        file: that holds it.
        line: from 1.
        column: from 1.
        written: its name in `file`.
    """

    name: str
    file: str
    line: int
    column: int
    written: str


@dataclass(slots=True)
class Reached:
    """What was reached while a grammar was loaded.

    Args:
        find: gives the text of a file, None where there is none.
        main: text of the main file.
        files: text by name.
        asked: what `find` answered, by name: the same answers give the same grammar.
        definitions: by the name that Lark knows them by.
        uses: the first use of each name of Lark's.
        altered: whether a file overrides or extends what it imports.
        ignoring: by file the lines that say what it ignores.
        taken: of imports of rules: the importing file, its line and column, and the imported file.
    """

    find: Callable[[str], str | None]
    main: str
    files: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str | None] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    uses: dict[str, Definition] = field(default_factory=dict)
    altered: bool = False
    ignoring: dict[str, list[str]] = field(default_factory=dict)
    taken: list[tuple[str, int, int, str]] = field(default_factory=list)

    def text_of(self, name: str) -> str | None:
        """Find a file, once.

        Args:
            name: of the file.

        Returns:
            Its text, None where there is none.
        """
        if name not in self.asked:
            self.asked[name] = self.find(name)
        text = self.asked[name]
        if text is not None:
            self.files[name] = text
        return text

    def called(self, symbol: str) -> str:
        """Give a rule or terminal the name that its author knows it by.

        Args:
            symbol: Lark's name, maybe with template arguments.

        Returns:
            Without import prefix and template arguments.
        """
        name = symbol.split("{", 1)[0]
        known = self.definitions.get(name)
        return known.name if known else name

    def place_of(self, symbol: str) -> Place | None:
        """Tell where a rule or terminal is written.

        Args:
            symbol: Lark's name, maybe with template arguments.

        Returns:
            File, line and column; None of what Lark made up.
        """
        known = self.definitions.get(symbol.split("{", 1)[0])
        return (known.file, known.line, known.column) if known else None
