"""Shorthand for tests of the grammar library: load a grammar of it, read a text, list the rules that texts are read by."""

import gzip
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl_actors.combinators.grammar import Grammar, load_grammar
from etl_actors.combinators.library import library_text
from etl_actors.combinators.result import Failure, Success
from tests.support.library_examples import library_docstring, library_examples

_RULES = re.compile(r"([a-z][a-z_0-9]*) {2,}\S")


def find(name: str) -> str | None:
    """Give the text of a file of the library, as imports name it."""
    return library_text(name.removeprefix("std/").removesuffix(".lark")) if name.startswith("std/") else None


def library_grammar(name: str, start: str = "start") -> Grammar:
    """Load a grammar of the library."""
    text = library_text(name)
    assert text is not None
    return load_grammar(text, name=f"std/{name}.lark", find=find, start=start)


def value_by(name: str, text: str, start: str = "start") -> Any:
    """Read a text that a grammar of the library takes, by one of its rules."""
    result = library_grammar(name, start).read(text)
    assert isinstance(result, Success), result
    return result.value


def refuses(name: str, text: str, start: str = "start") -> bool:
    """Tell whether a grammar of the library refuses a text."""
    return isinstance(library_grammar(name, start).read(text), Failure)


def starts_of(name: str) -> list[str]:
    """List the rules of a grammar that its comment or its examples say texts are read by; ``start`` comes first.

    In a comment they stand as a table: a name at the margin, two blanks or more, what it is.
    """
    named = ["start"]
    for paragraph in library_docstring(name).split("\n\n"):
        if _RULES.match(paragraph):
            named += [found[1] for line in paragraph.splitlines() if (found := _RULES.match(line))]
    examples = library_examples(name)
    return list(dict.fromkeys([*named, *(examples.starts() if examples else ())]))


def lines_of(path: Path) -> Iterator[str]:
    """Read the lines of a file of the corpus, packed or plain."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from raw.decode().removesuffix("\n").split("\n")


def number_of(value: Any) -> Decimal:
    """Read a value of ``std:number`` as a number, as the grammar's comment says to."""
    return Decimal(f"{''.join(value['whole'])}.{value['decimals'] or ''}")
