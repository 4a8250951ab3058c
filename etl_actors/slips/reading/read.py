"""Reading a slip: TOML text to a `Slip`, or all that is wrong with it at once."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.slips.checking.private import with_private
from etl_actors.slips.checking.sight import check_expressions
from etl_actors.slips.expressions.expression import parse_predicate
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import InputForm, Slip
from etl_actors.slips.model.vocabulary import Vocabulary
from etl_actors.slips.reading.breakout import broken_tables, given_root, read_breakout
from etl_actors.slips.reading.family import Family
from etl_actors.slips.reading.grammars import read_grammars
from etl_actors.slips.reading.input_form import read_input
from etl_actors.slips.reading.lets import read_lets
from etl_actors.slips.reading.maps import read_maps
from etl_actors.slips.reading.tables import read_tables
from etl_actors.slips.source.files import LIBRARY, MAIN, STEPS, digest
from etl_actors.slips.source.problems import Problems
from etl_actors.slips.source.section import Section
from etl_actors.slips.source.toml_places import Places, find_places
from etl_actors.slips.steps.language import language_names
from etl_actors.slips.steps.own_steps import OwnStep, find_own_steps

__all__ = ["read_slip"]

_KNOWN = ("name", "source", "when", "priority", "grammars", "maps", "let", "input", "tables", "breakout")
_BESIDE_BREAKOUT = ("let", "tables")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TOML = {  # what tomllib says, where people need other words
    "Illegal character '\\n'": "expected the closing quote on the line of the opening one",
    "Invalid value": "expected a value; a text stands in quotes",
    "Expected '=' after a key in a key/value pair": "expected = behind the key",
}
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,63}")
_PRIORITY = 2**31


def read_slip(files: Mapping[str, str], target_schema: str, *, origin: str = "") -> Slip:
    """Read a slip; nothing of its ``steps.py`` runs.

    Args:
        files: text by name, `slip.toml` among them.
        target_schema: for tables that name no schema.
        origin: the slip's folder, which messages name; empty where there is none.

    Returns:
        The slip. Its files are those given and what its grammars use of the library, so that they are the whole slip:
        reading them again gives the same one, whatever library is installed then.

    Raises:
        SlipError: all that is wrong with it, each with file, line and column.
    """
    file = f"{origin}/{MAIN}" if origin else MAIN
    if MAIN not in files:
        message = f"{file}: there is no such file"
        raise SlipError(message)
    content, problems = _parsed(files[MAIN].replace("\r\n", "\n"), file)  # as tomllib counts
    slip = _Reader(content, problems, target_schema, files).read()
    if slip is None or problems:
        raise SlipError(str(problems))
    return slip


def _parsed(text: str, file: str) -> tuple[dict[str, Any], Problems]:
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        problems = Problems(file, text, Places(text))
        found = _AT.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found and found[1] else (max(text.count("\n"), 0) + 1, 1)
        sentence = _AT.sub("", str(error))
        problems.at_line(line, column, f"this is no TOML: {_TOML.get(sentence, sentence[:1].lower() + sentence[1:])}")
        raise SlipError(str(problems)) from None
    except RecursionError:
        message = f"{file}:1:1: this is nested too deeply"
        raise SlipError(message) from None
    return content, Problems(file, text, find_places(text))


class _Reader:
    """Reads the top of a slip; what is below it has readers of its own."""

    def __init__(self, content: dict[str, Any], problems: Problems, schema: str, files: Mapping[str, str]) -> None:
        self.content = content
        self.section = Section(content, problems)
        self.problems = problems
        self.schema = schema
        self.files = files

    def read(self) -> Slip | None:
        self.section.check_keys(_KNOWN)
        name = self._name()
        sources = self._sources()
        priority = self._priority()
        form = self._input()
        when = self.section.parsed("when", parse_predicate)
        grammars = read_grammars(self.content.get("grammars", {}), self.problems, self.files)
        maps = read_maps(self.content.get("maps", {}), self.problems)
        steps, broken = self._steps()
        if "breakout" in self.content:
            return self._broken_out(
                name, sources, when, priority, form, Vocabulary(grammars.loaded, maps, steps), grammars, broken
            )
        lets = read_lets(self.content.get("let", {}), ("let",), self.problems)
        drafts = read_tables(self.content, self.problems, self.schema, lets)
        keys = {draft.name: types for draft in drafts.values() if (types := draft.key_types)}
        vocabulary = Vocabulary(grammars.loaded, maps, steps, keys)
        check_expressions(when, lets, drafts, vocabulary, frozenset(grammars.broken | broken), self.problems)
        tables = Family(drafts, self.problems, self.schema, name or "slip").tables()
        if self.problems or name is None:
            return None
        lets, tables = with_private(lets, tables)
        own = {file: text for file, text in self.files.items() if not file.startswith(LIBRARY)}
        files = {**own, **grammars.library}
        text = str(self.content.get("when", ""))
        return Slip(name, digest(files), sources, when, priority, tables, files, text, lets, vocabulary, form)

    def _broken_out(
        self,
        name: str | None,
        sources: tuple[str, ...] | None,
        when: Any,
        priority: int,
        form: InputForm | None,
        vocabulary: Vocabulary,
        grammars: Any,
        broken: set[str],
    ) -> Slip | None:
        given = self.content["breakout"]
        for key in _BESIDE_BREAKOUT:
            if key in self.content:
                self.problems.at_key((key,), f"a slip with [breakout] has the tables that its documents have, and no `{key}`")
        if not isinstance(given, dict):
            self.problems.at_key(("breakout",), "expected `table`, `key` and `contract` below [breakout]")
            return None
        section = Section(given, self.problems, ("breakout",))
        drafts = given_root(section, self.schema, name or "slip")
        check_expressions(when, (), drafts, vocabulary, frozenset(grammars.broken | broken), self.problems)
        roots = Family(drafts, self.problems, self.schema, name or "slip").tables() if drafts else ()
        root, marker = (*roots, None, None)[:2]
        breakout = read_breakout(section, self.schema, name or "slip", self.files.get(EVIDENCE, ""), root)
        if self.problems or name is None or breakout is None:
            return None
        own = {file: text for file, text in self.files.items() if not file.startswith(LIBRARY)}
        files = {**own, **grammars.library}
        text = str(self.content.get("when", ""))
        tables = broken_tables(breakout, root, marker)
        return Slip(
            name, digest(files), sources, when, priority, tables, files, text, (), vocabulary, form, breakout, root, marker
        )

    def _name(self) -> str | None:
        name = self.content.get("name")
        if "name" not in self.content:
            self.problems.at_line(1, 1, "a slip needs a `name`")
        elif not isinstance(name, str) or not _NAME.fullmatch(name):
            self.problems.at_value(("name",), "expected a name of 1 to 63 characters, without slashes and control characters")
        else:
            return name
        return None

    def _sources(self) -> tuple[str, ...] | None:
        if "source" not in self.content:
            return None
        given = self.content["source"]
        several = given if isinstance(given, list) else [given]
        if not several or not all(isinstance(one, str) and one for one in several):
            self.problems.at_value(("source",), "expected the name of a source, or a list of names")
            return None
        return tuple(dict.fromkeys(several))

    def _priority(self) -> int:
        priority = self.content.get("priority", 0)
        if type(priority) is not int or abs(priority) >= _PRIORITY:
            self.problems.at_value(("priority",), "expected an integer")
            return 0
        return priority

    def _input(self) -> InputForm | None:
        given = self.content.get("input")
        if isinstance(given, dict):
            return read_input(Section(given, self.problems, ("input",)))
        if given is not None:
            self.problems.at_key(("input",), "expected `format`, `begins` or `origin` below [input]")
        return None

    def _steps(self) -> tuple[dict[str, OwnStep], set[str]]:
        """Find the slip's own steps, and whether there may be more that can't be found."""
        text = self.files.get(STEPS)
        if text is None:
            return {}, set()
        file = self.problems.file.removesuffix(MAIN) + STEPS
        broken: set[str] = set()

        def note(line: int, column: int, sentence: str) -> None:
            self.problems.elsewhere(file, text, line, column, sentence)
            broken.add(STEPS)

        return find_own_steps(text, language_names(), note), broken
