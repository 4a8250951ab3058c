"""Reading a slip: TOML text to a `Slip`, or all that is wrong with it at once."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.slips.emit import Emitter, Scope
from etl_actors.slips.expression import parse_predicate
from etl_actors.slips.files import MAIN, digest
from etl_actors.slips.model import Slip
from etl_actors.slips.problems import ExpressionError, Problems, check_nesting, did_you_mean
from etl_actors.slips.read_tables import read_tables
from etl_actors.slips.toml_places import Places, find_places

__all__ = ["read_slip"]

_KNOWN = ("name", "source", "when", "priority", "tables")
_LATER = ("grammars", "let", "input", "breakout")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,63}")
_PRIORITY = 2**31


def read_slip(files: Mapping[str, str], target_schema: str, *, origin: str = "") -> Slip:
    """Read a slip.

    Args:
        files: text by name, `slip.toml` among them.
        target_schema: for tables that name no schema.
        origin: the slip's folder, which messages name; empty where there is none.

    Returns:
        The slip.

    Raises:
        SlipError: all that is wrong with it, each with file, line and column.
    """
    file = f"{origin}/{MAIN}" if origin else MAIN
    if MAIN not in files:
        message = f"{file}: there is no such file"
        raise SlipError(message)
    text = files[MAIN]
    content, problems = _parsed(text, file)
    slip = _Reader(content, problems, target_schema, files).read()
    if slip is None or problems:
        raise SlipError(str(problems))
    return slip


def _parsed(text: str, file: str) -> tuple[dict[str, Any], Problems]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems = Problems(file, text, Places(text))
        found = _AT.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found and found[1] else (max(text.count("\n"), 0) + 1, 1)
        sentence = _AT.sub("", str(error))
        problems.at_line(line, column, f"this is no TOML: {sentence[:1].lower()}{sentence[1:]}")
        raise SlipError(str(problems)) from None
    except RecursionError:
        message = f"{file}:1:1: this is nested too deeply"
        raise SlipError(message) from None
    return content, Problems(file, text, find_places(text))


class _Reader:
    """Reads the top of a slip; its tables are `read_tables`' part."""

    def __init__(self, content: dict[str, Any], problems: Problems, schema: str, files: Mapping[str, str]) -> None:
        self.content = content
        self.problems = problems
        self.schema = schema
        self.files = files

    def read(self) -> Slip | None:
        self._check_keys()
        name = self._name()
        sources = self._sources()
        when = self._when()
        priority = self._priority()
        tables = read_tables(self.content, self.problems, self.schema, name or "slip")
        if self.problems or name is None:
            return None
        return Slip(
            name, digest(self.files), sources, when, priority, tables, dict(self.files), str(self.content.get("when", ""))
        )

    def _check_keys(self) -> None:
        for key in self.content:
            if key in _LATER:
                self.problems.at_key((key,), f"`{key}` is not supported by this release")
            elif key not in _KNOWN:
                self.problems.at_key((key,), f"there is no key `{key}`{did_you_mean(key, [*_KNOWN, *_LATER])}")
        for file in self.files:
            if file != MAIN:
                self.problems.at_line(1, 1, f"`{file}`: grammars and steps of a slip's own are not supported by this release")

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

    def _when(self) -> Any:
        text = self.content.get("when")
        if text is None:
            return None
        if not isinstance(text, str):
            self.problems.at_value(("when",), "expected a predicate, in quotes")
            return None
        try:
            predicate = parse_predicate(text)
            check_nesting(Emitter().predicate(predicate, Scope()))
        except ExpressionError as error:
            self.problems.at_value(("when",), error.sentence, error.at)
            return None
        return predicate
