"""What Lark says of a grammar that it refuses, as a sentence with a place."""

import re

from etl_actors.combinators.definition import Definition, Reached
from etl_actors.combinators.grammar_error import GrammarError

__all__ = ["plain", "told"]

_SYMBOL = re.compile(r"(?:Non)?Terminal\('(\w+)'\)")
_TOKEN = re.compile(r"Unexpected token (.+)\. Expected one of: .*")


def told(error: Exception, reached: Reached, main: str) -> GrammarError:
    """Make an error of what Lark raised, at the definition that it speaks of.

    Args:
        error: of Lark's.
        reached: knows the definitions.
        main: file to name where it speaks of none.

    Returns:
        The error to raise.
    """
    said = str(error)
    found = _meant(said, reached)
    if found is None:
        return GrammarError(main, 1, 1, _sentence(said, "", ""))
    known, definition = found
    return GrammarError(definition.file, definition.line, definition.column, _sentence(said, known, definition.name))


def plain(message: str) -> str:
    """Keep the first line of a message of Lark's, as part of a sentence.

    Args:
        message: of Lark's.

    Returns:
        Text without a full stop.
    """
    first = next((line.strip() for line in message.splitlines() if line.strip()), "it cannot be read")
    found = _TOKEN.fullmatch(first)
    if found:
        return f"{found[1]} is out of place here"
    return _SYMBOL.sub(r"\1", first).rstrip(".:").replace("Expecting", "expected")


def _meant(said: str, reached: Reached) -> tuple[str, Definition] | None:
    for known in sorted(reached.definitions, key=lambda name: (-len(name), name)):
        name = re.escape(known)
        # a terminal's capitals stand out in a sentence; a rule may be called `a`
        sought = rf"(?<!\w){name}(?!\w)" if known.isupper() else rf"(?:['`<(]|[Rr]ule |template |{{){name}(?!\w)"
        if re.search(sought, said):
            return known, reached.definitions[known]
    return None


def _sentence(said: str, known: str, called: str) -> str:
    first = plain(said)
    if "zero-width" in first:
        return f"terminal {called or 'without a name'} can match nothing at all, so that the lexer would never move on: let it match one character at least"
    if "Cannot compile token" in first:
        return (
            f"the regex of terminal {called} cannot be compiled"
            if called
            else f"a regex cannot be compiled: {first.partition(': ')[2]}"
        )
    if 'rule "range"' in first:
        return 'a range goes from one character to another: "a".."z"'
    if "Rules defined twice" in first:
        return f"two alternatives of rule {called} come to the same: leave one out, or make fewer parts optional"
    if not said.strip():
        return "Lark cannot compile this grammar"
    return f"Lark refuses this grammar: {first.replace(known, called) if known else first}"
