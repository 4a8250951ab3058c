"""What Lark says of a grammar that it refuses, as a sentence with a place."""

import re
from collections.abc import Callable

from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from etl_actors.combinators.definition import Place, Reached
from etl_actors.combinators.grammar_error import GrammarError
from etl_actors.combinators.lark_inside import error_words

__all__ = ["told", "told_syntax"]

_RANGE = re.compile(r'"(?:[^"\\]|\\.){2,}"\s*\.\.|(?<=\.\.)\s*"(?:[^"\\]|\\.){2,}"')  # of more than a character
_FLAGS = re.compile(r"/(?:[^/\n\\]|\\.)*\(\?[aiLmsux]+\)")
_NUL = re.compile(r"[\"/][^\"/\n]*\0")
_SYMBOL = re.compile(r"(?:Non)?Terminal\('(\w+)'\)")
# what Lark says, with the name that it speaks of first; what is to be said of the author's name and the rest
_SAYINGS: tuple[tuple[re.Pattern[str], Callable[[str, str], str]], ...] = (
    (
        re.compile(r"Lexer does not allow zero-width terminals\. \((\w+): (.*)\)"),
        lambda name, _: f"{name} can match nothing at all, so that the lexer would never move on: let it match one character at least",
    ),
    (re.compile(r"Cannot compile token (\w+): (.*)"), lambda name, rest: f"the regex of {name} cannot be compiled{_reason(rest[1:-1])}"),
    (
        re.compile(r"Rules defined twice:\s+\* <(\S+) :(.*)"),
        lambda name, _: f"two alternatives of rule {name} come to the same: leave one out, or make fewer parts optional",
    ),
    (
        re.compile(r"Rules aren't allowed inside terminals \(\S+ in (\w+)()\)"),
        lambda name, _: f"terminal {name} has a rule in it: terminals are made of terminals, literals and regexes",
    ),
    (
        re.compile(r"Terminal used but not defined: (\w+)()"),
        lambda name, _: f"there is no terminal {name}: define it, or import it with %import",
    ),
    (re.compile(r"(?:Rule|Terminal) '(\w+)' defined (more than once)"), lambda name, rest: f"{name} is defined {rest}"),
    (
        re.compile(r"redefinition of group name '(\w+)'()"),
        lambda name, _: f"two regexes have a group called {name}, and a lexer joins them all: write (?:…), or (…), for (?P<{name}>…)",
    ),
    (
        re.compile(r"Wrong number of template arguments used for (\w+) \(expected (\d+, got \d+)\)"),
        lambda name, rest: f"the template {name} takes {rest.replace(', got', ' arguments, and is used with')}",
    ),
    (re.compile(r"Recursion in terminal '(\w+)'()"), lambda name, _: f"terminal {name} contains itself: only rules can"),
    (re.compile(r"Terminals cannot be empty \((\w+)()\)"), lambda name, _: f"terminal {name} is empty: let it match one character at least"),
)  # fmt: skip


def told(error: Exception, reached: Reached, main: str) -> GrammarError:
    """Make an error of what Lark raised, at the definition that it speaks of.

    Args:
        error: of Lark's.
        reached: knows the definitions.
        main: file to name where it speaks of none.

    Returns:
        The error to raise.
    """
    cause = error.orig_exc if isinstance(error, VisitError) else error
    said = _SYMBOL.sub(r"\1", str(cause)).strip()
    for pattern, sentence in _SAYINGS:
        found = pattern.search(said)
        if found:
            name = found[1]
            called = "a terminal without a name" if name.startswith("__") else reached.called(name)
            return GrammarError(*_place(name, reached, main), sentence(called, found[2]))
    if isinstance(error, VisitError) and error.rule == "range":
        return GrammarError(*_place_of(_RANGE, reached, main), 'a range goes from one character to another: "a".."z"')
    if said.startswith("global flags not at the start"):
        return GrammarError(
            *_place_of(_FLAGS, reached, main),
            "flags within a regex, as (?i), are flags of all terminals at once: write them behind it, as /ab/i, or as (?i:ab)",
        )
    if "cannot contain null bytes" in said:  # Python before 3.11.4: with no word of the literal that it was given
        return GrammarError(*_place_of(_NUL, reached, main), f"this literal or regex cannot be read: {_escape_problem(chr(0))}")
    if isinstance(cause, ValueError | ImportError):
        regex = str(cause.args[-1]) if cause.args else ""
        return GrammarError(*_regex_place(regex, reached, main), f"the regex /{regex}/ cannot be compiled{_reason(regex)}")
    if len(cause.args) > 1 and isinstance(cause.args[1], SyntaxError):  # of a literal or regex that Lark reads as Python's
        text = str(cause.args[0])
        return GrammarError(*_quoted_place(text, reached, main), f"this literal or regex cannot be read: {_escape_problem(text)}")
    first = said.splitlines()[0].rstrip(".:") if said else ""
    named = re.search(r"[`'](\w+)'", first)
    place = _place(named[1], reached, main) if named else (main, 1, 1)
    return GrammarError(*place, f"Lark refuses this grammar: {first}" if first else "Lark cannot compile this grammar")


def told_syntax(error: UnexpectedInput, text: str, file: str) -> GrammarError:
    """Make an error of a text that is no grammar.

    Args:
        error: of Lark's parser of grammars.
        text: the text.
        file: its name.

    Returns:
        The error to raise.
    """
    line, column = int(error.line), int(error.column)
    if line < 1:  # the end of the text has no place of its own
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    return GrammarError(file, line, column, f"this is no grammar of Lark's: {_explained(error, text)}")


def _explained(error: UnexpectedInput, text: str) -> str:
    try:
        said = str(error_words(error)).splitlines()[0]  # type: ignore[no-untyped-call]
    except TypeError:  # where two examples of Lark's fit, it fails to log so
        said = ""
    if said and not said.startswith(("Unexpected token", "No terminal matches")):
        return said.replace("Expecting", "expected")
    if isinstance(error, UnexpectedToken) and str(error.token).strip():
        return f"{str(error.token).strip()!r} is out of place here"
    at = error.pos_in_stream or 0
    at_end = isinstance(error, UnexpectedToken) or at >= len(text) or text[at] == "\n"
    return "something is missing here" if at_end else f"{text[at]!r} is out of place here"


def _place(name: str, reached: Reached, main: str) -> Place:
    use = reached.uses.get(name)
    return reached.place_of(name) or ((use.file, use.line, use.column) if use else (main, 1, 1))


def _regex_place(regex: str, reached: Reached, main: str) -> Place:
    for file, text in ((main, reached.main), *reached.files.items()):
        at = text.find(f"/{regex}/") if regex else -1
        if at >= 0:
            return file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return main, 1, 1


def _place_of(what: re.Pattern[str], reached: Reached, main: str) -> Place:
    """Find what stands in the grammar's own file, else in one that it reaches."""
    for file, text in ((main, reached.main), *reached.files.items()):
        found = what.search(text)
        if found:
            return file, text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
    return main, 1, 1


def _quoted_place(literal: str, reached: Reached, main: str) -> Place:
    for file, text in ((main, reached.main), *reached.files.items()):
        at = text.find(literal) if literal else -1
        if at > 0:
            return file, text.count("\n", 0, at - 1) + 1, at - 1 - text.rfind("\n", 0, at - 1)
    return main, 1, 1


def _escape_problem(literal: str) -> str:
    r"""Say what is wrong with a literal that is no Python string."""
    if "\0" in literal:
        return "it has the character U+0000 in it; write \\x00"
    return "a backslash in it begins an escape that has no end: \\x takes two hexadecimal digits, \\u four, \\U eight"


def _reason(regex: str) -> str:
    if r"\p{" in regex:
        return r": Python's regexes have no Unicode categories \p{…}; [^\W\d_] is a letter"
    try:
        re.compile(regex)
    except re.error as error:
        return f": {error.msg}"
    return ""
