"""How the slips of a source say that its files are cut."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from etl_actors.errors import SlipError, UsageError
from etl_actors.slips.model.slip import InputForm
from etl_actors.slips.reading.input_form import read_input
from etl_actors.slips.shelf.found import head_of
from etl_actors.slips.source.files import MAIN
from etl_actors.slips.source.problems import Problems
from etl_actors.slips.source.section import Section
from etl_actors.slips.source.toml_places import Places, find_places

__all__ = ["input_form", "is_slip_of"]

_INPUT = re.compile(r"^\s*(?:\[\s*input\b|input\s*[.=])", re.MULTILINE)


def input_form(folders: Sequence[Path], source: str, slip: str | None = None, *, lenient: bool = False) -> InputForm | None:
    """Find how files of a source are cut.

    Of each slip only its ``[input]`` is read: whatever else is broken in it, or in slips of other sources, is no matter here.

    Args:
        folders: of slips; what is not there is passed over.
        source: that is fed.
        slip: the slip that every row names; None where it is chosen by what the documents hold.
        lenient: whether a slip whose ``[input]`` cannot be read is passed over.

    Returns:
        The form that the slip gives, or that all slips of the source give that give any; None where there is none.

    Raises:
        UsageError: the slips of the source want it cut in different ways.
        SlipError: the ``[input]`` of a slip of the source cannot be read.
    """
    forms: dict[InputForm, list[str]] = {}
    for main, text in _of(folders, source, slip):
        try:
            form = _form(main, text)
        except SlipError as error:
            if lenient:
                continue
            msg = f"How files of source {source} are cut is not known, since a slip of it is broken; --format goes by itself:\n{error}"
            raise SlipError(msg) from None
        if form is not None:
            forms.setdefault(form, []).append(str(head_of(text).get("name", main.parent.name)))
    if len(forms) > 1:
        names = " and ".join(", ".join(several) for several in forms.values())
        raise UsageError(f"The slips {names} cut files of source {source} in different ways: name one of them by --slip.")
    return next(iter(forms), None)


def is_slip_of(folders: Sequence[Path], name: str) -> bool:
    """Tell whether some folder holds a slip of that name, broken or not, whatever sources it takes."""
    return any(head_of(text).get("name", main.parent.name) == name for main, text in _slips(folders))


def _slips(folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the main file of each slip that can be read, and its text."""
    for main in sorted(path for folder in dict.fromkeys(folders) for path in folder.glob(f"*/{MAIN}")):
        try:
            yield main, main.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue


def _of(folders: Sequence[Path], source: str, slip: str | None) -> Iterator[tuple[Path, str]]:
    """Yield the files of the slips that may say how the source is cut, and their text."""
    for main, text in _slips(folders):
        head = head_of(text)
        takes = head.get("source", source)
        its = source in takes if isinstance(takes, list) else source == takes
        if its and slip in {None, head.get("name", main.parent.name)}:
            yield main, text


def _form(main: Path, text: str) -> InputForm | None:
    try:
        given = tomllib.loads(text).get("input")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        if _INPUT.search(text) is None:
            return None
        problems = Problems(str(main), text, Places(text))
        problems.at_line(1, 1, f"this is no TOML: {error}")
        raise SlipError(str(problems)) from None
    if given is None:
        return None
    problems = Problems(str(main), text, find_places(text))
    if not isinstance(given, dict):
        problems.at_key(("input",), "expected a table")
        raise SlipError(str(problems))
    form = read_input(Section(given, problems, ("input",)))
    if problems:
        raise SlipError(str(problems))
    return form
