"""Reading ``[grammars]``: files of the slip, grammars of the library, and what stands in the slip itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from etl_actors.combinators.grammar import Grammar, GrammarError, load_grammar
from etl_actors.combinators.library import library_names, library_text
from etl_actors.slips.source.files import LIBRARY, MAIN
from etl_actors.slips.source.problems import Problems, did_you_mean
from etl_actors.slips.source.section import Section, is_name

__all__ = ["Grammars", "read_grammars"]

_SUFFIX = ".lark"
_FORMS = 'expected "FILE.lark", "FILE.lark:RULE", "std:NAME", "std:NAME:RULE" or { text = \'\'\'…\'\'\' }'
_GIVEN = re.compile(r"(?P<std>std:)?(?P<name>[^:]+)(?::(?P<rule>[^:]+))?")


@dataclass(slots=True)
class Grammars:
    """The grammars of a slip.

    Args:
        loaded: by the name that the slip gives them.
        broken: the names of those that can't be used.
        library: text by name of every file of the grammar library that was reached.
    """

    loaded: dict[str, Grammar] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    library: dict[str, str] = field(default_factory=dict)


def read_grammars(given: Any, problems: Problems, files: Mapping[str, str]) -> Grammars:
    """Read ``[grammars]``.

    Args:
        given: its content.
        problems: where to note what is wrong; with a grammar of the slip's folder it is noted at its own place.
        files: of the slip; what it holds of the library wins over the library that is installed.
    """
    reader = _Reader(problems, files)
    if not isinstance(given, dict):
        problems.at_key(("grammars",), f"expected grammars by name: {_FORMS}")
        return reader.grammars
    for name, one in given.items():
        if not is_name(name):
            problems.at_key(("grammars", name), "expected a name that expressions can use: letters, digits and `_`")
        elif isinstance(one, dict):
            reader.inline(name, one)
        elif isinstance(one, str):
            reader.file(name, one)
        else:
            problems.at_value(("grammars", name), _FORMS)
        if name not in reader.grammars.loaded:
            reader.grammars.broken.add(name)
    return reader.grammars


class _Reader:
    def __init__(self, problems: Problems, files: Mapping[str, str]) -> None:
        self.problems = problems
        self.files = files
        self.grammars = Grammars()

    def file(self, name: str, text: str) -> None:
        keys = ("grammars", name)
        found = _GIVEN.fullmatch(text)
        if not found or not (found["std"] or found["name"].endswith(_SUFFIX)):
            self.problems.at_value(keys, f"{_FORMS}, got `{text}`")
            return
        file = f"{LIBRARY}{found['name']}{_SUFFIX}" if found["std"] else found["name"]
        grammar = self.find(file)
        if grammar is None and found["std"]:
            hint = did_you_mean(found["name"], list(library_names())) or f"; it has {', '.join(library_names())}"
            self.problems.at_value(keys, f"the library has no grammar `{found['name']}`{hint}")
        elif grammar is None:
            hint = did_you_mean(file, [one for one in self.files if one.endswith(_SUFFIX) and not one.startswith(LIBRARY)])
            self.problems.at_value(keys, f"there is no file `{file}` beside the slip{hint}")
        else:
            self.load(name, grammar, file, found["rule"] or "start", found.start("rule"))

    def inline(self, name: str, content: dict[str, Any]) -> None:
        section = Section(content, self.problems, ("grammars", name))
        section.check_keys(("text", "rule"), "a grammar")
        text, rule = section.text("text"), section.text("rule")
        if "text" not in content:
            self.problems.at_value(("grammars", name), "a grammar that stands in the slip needs a `text`")
        elif text is not None:
            self.load(name, text, name, rule or "start")

    def load(self, name: str, text: str, file: str, rule: str, at: int = -1) -> None:
        """Load a grammar; `at` is where the slip names its rule, if it does."""
        try:
            grammar = load_grammar(text, name=file, find=self.find, start=rule)
        except GrammarError as error:
            if at >= 0 and error.sentence.startswith(f"there is no rule {rule}"):
                self.problems.at_value(("grammars", name), f"{file}: {error.sentence}", at)
            else:
                self.wrong(name, text, file, error)
        else:
            self.grammars.loaded[name] = grammar
            self.grammars.library |= {one: text for one, text in grammar.files.items() if one.startswith(LIBRARY)}

    def find(self, file: str) -> str | None:
        """Give the text of a file that a grammar imports: the slip's own, else the library's."""
        if file in self.files:
            return self.files[file] if file != MAIN else None
        return library_text(file[len(LIBRARY) : -len(_SUFFIX)]) if file.startswith(LIBRARY) and file.endswith(_SUFFIX) else None

    def wrong(self, name: str, text: str, file: str, error: GrammarError) -> None:
        """Note what is wrong where it is: in a file of its own, or in a text of the slip."""
        if error.file == file == name:
            lines = text.split("\n")
            at = sum(len(line) + 1 for line in lines[: error.line - 1]) + error.column - 1
            self.problems.at_value(("grammars", name, "text"), error.sentence, min(at, len(text)))
            return
        own = self.problems.file.removesuffix(MAIN)
        shown = error.file if error.file.startswith(LIBRARY) else f"{own}{error.file}"
        self.problems.elsewhere(shown, self.find(error.file) or "", error.line, error.column, error.sentence)
