"""The page on the grammar library, ``docs/grammars.md``, made of the grammars' comments, shapes and examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

from etl_actors.combinators.excerpt import excerpt
from etl_actors.combinators.grammar_error import GrammarError
from etl_actors.combinators.library import library_names
from etl_actors.combinators.result import Failure
from etl_actors.combinators.shape import AnyOf, Many, Object, Shape, Text
from etl_actors.slips.values.understood import one_of
from tests.support.library import library_grammar, starts_of
from tests.support.library_examples import Bad, Good, bare, library_docstring, library_examples

__all__ = ["code", "page", "shape_line", "sound"]

_HEAD = """\
# The grammar library

Grammars that come with etl-actors, for texts as they stand in documents everywhere. In a slip, `[grammars]` names them:

```toml
[grammars]
price  = "std:money"                 # its rule `start`
number = "std:number:number"         # another rule of a grammar
```

and `"price | parse(price)"` reads with them. A grammar of your own builds on them by `%import std.ip.IP` (a terminal) or
`%import std.number.number -> amount` (a rule, under another name; what the grammar leaves out by `%ignore` has to be written again). How a text becomes a value:
[slips.md](slips.md#the-value-of-a-text).

What follows is made of the grammars' own comments, shapes and examples, which are their tests. *gives*: children by name, `name[]` a list,
`name(a b)` an object of those in the parentheses, `a | b` one or the other; `name(…)` an object that is shown further below, or one of
those that it stands in. *is*: compiled to regular expressions, or read by Lark's LALR automaton, which is slower.
Values are shown without children that are null and lists that are empty. In texts, ⏎ is a newline, ␉ a tab (other control characters likewise), ␣ a blank at an edge or beside another, ⍽ a blank of another
kind (no-break, narrow), and ⟨200E⟩ an invisible character by its number.

"""
_DEPTH = 2  # of the shapes in the table of contents; whole ones stand below
_CONTROL = 0x2400  # the pictures of control characters
_PLAIN = re.compile(r"`[^`]+`|[\\<*|]|_(?=\W|\Z)|(?<!\w)_|\[(?=[^\]]*\]\()")
_ODD = re.compile(r"^ +| +\Z|(?<= ) +| (?= )|[^\S ]|[\x00-\x1f\x7f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def page() -> str:
    """Write the page of the grammars that have all that it shows."""
    names = [name for name in library_names() if sound(name)]
    return _HEAD + "\n".join(line for lines in (_contents(names), *map(_section, names)) for line in lines)


def sound(name: str) -> bool:
    """Tell whether a grammar has what the page shows of it: a comment, examples, and rules that load."""
    try:
        return bool(
            library_docstring(name) and library_examples(name) and [library_grammar(name, rule) for rule in starts_of(name)]
        )
    except (GrammarError, ValueError):
        return False  # another test says why; the rest of the page is written nevertheless


def shape_line(shape: Shape, above: tuple[Object, ...] = (), depth: int | None = None) -> str:
    """Write a shape on one line; an object within itself, or deeper than asked for, as ``name(…)``.

    Args:
        shape: the shape.
        above: objects that it is within.
        depth: how many objects within one another are written out; None for all.

    Returns:
        As in ``currency amount(whole[] decimals)``; empty for a text.
    """
    match shape:
        case Text():
            return ""
        case Many():
            return shape_line(shape.item, above, depth)
        case AnyOf():
            return " | ".join(shape_line(option, above, depth) or "its text" for option in shape.options)
        case Object():
            return " ".join(_field(name, field, (*above, shape), depth) for name, field in shape.fields.items())


def _field(name: str, shape: Shape, above: tuple[Object, ...], depth: int | None) -> str:
    listed = "[]" if isinstance(shape, Many) else ""
    item = shape.item if isinstance(shape, Many) else shape
    cut = isinstance(item, Object) and (item in above or len(above) == depth)
    inner = "…" if cut else shape_line(item, above, depth)
    return f"{name}{listed}({inner})" if inner else f"{name}{listed}"


def code(text: str) -> str:
    """Write a text as code in a cell of a table, with everything in it seen."""
    if not text:
        return "*nothing*"
    seen = _ODD.sub(lambda found: "".join(map(_seen, found[0])), text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", seen)), default=0))
    edge = " " if "`" in (seen[0], seen[-1]) else ""
    return f"{fence}{edge}{seen}{edge}{fence}"


def _seen(character: str) -> str:
    if character == "\n":
        return "⏎"
    if character == " ":
        return "␣"
    if character < " ":
        return chr(_CONTROL + ord(character))
    return "⍽" if character.isspace() and character not in "\x85\u2028\u2029" else f"⟨{ord(character):04X}⟩"


def _prose(text: str) -> str:
    """Keep what a comment says from being taken for Markdown; code in backticks stays code."""
    return _PLAIN.sub(lambda found: found[0] if found[0][0] == "`" else f"\\{found[0]}", text)


def _gives(name: str, start: str, depth: int | None = None) -> str:
    line = shape_line(library_grammar(name, start).shape, depth=depth)
    return code(line) if line else "its text"


def _way(name: str, start: str) -> str:
    grammar = library_grammar(name, start)
    return "compiled" if grammar.program else f"read by LALR: {grammar.declined}"


def _contents(names: list[str]) -> Iterator[str]:
    yield "| grammar | reads | gives | is |"
    yield "|---|---|---|---|"
    for name in names:
        first = " ".join(library_docstring(name).split("\n\n")[0].split())
        sentence = re.split(r"(?<=[^.]{3}[.:])(?: |\Z)", first)[0].rstrip(".:")
        way = "compiled" if library_grammar(name).program else "LALR"
        yield f"| [`std:{name}`](#std{name}) | {_prose(sentence)} | {_gives(name, 'start', _DEPTH)} | {way} |"
    yield ""


def _section(name: str) -> Iterator[str]:
    examples = library_examples(name)
    assert examples is not None
    yield f"## std:{name}"
    yield ""
    for paragraph in library_docstring(name).split("\n\n"):
        yield from _paragraph(paragraph.strip("\n"))
    yield "| rule | gives | is |"
    yield "|---|---|---|"
    for start in starts_of(name):
        yield f"| `{start}` | {_gives(name, start)} | {_way(name, start)} |"
    yield ""
    yield from _good(examples.good)
    yield from _bad(name, examples.bad)


def _paragraph(text: str) -> Iterator[str]:
    """Write a paragraph of a comment; what is aligned or indented stays as it is."""
    if re.search(r"^ |\S {2}", text, re.MULTILINE):
        yield "```text"
        yield from text.split("\n")
        yield "```"
    else:
        yield _prose(text)
    yield ""


def _good(examples: tuple[Good, ...]) -> Iterator[str]:
    rules, notes = any(each.start != "start" for each in examples), any(each.note for each in examples)
    yield from _row("text", "rule" if rules else None, "value", "" if notes else None)
    yield from _row("---", "---" if rules else None, "---", "---" if notes else None)
    for each in examples:
        rule = f"`{each.start}`" if rules else None
        yield from _row(code(each.text), rule, code(_json(each.value)), _prose(each.note) if notes else None)
    yield ""


def _bad(name: str, examples: tuple[Bad, ...]) -> Iterator[str]:
    rules, notes = any(each.start != "start" for each in examples), any(each.note for each in examples)
    yield from _row("refused", "rule" if rules else None, "what is told", "" if notes else None)
    yield from _row("---", "---" if rules else None, "---", "---" if notes else None)
    for each in examples:
        rule = f"`{each.start}`" if rules else None
        yield from _row(code(each.text), rule, _told(name, each), _prose(each.note) if notes else None)
    yield ""


def _row(*cells: str | None) -> Iterator[str]:
    yield f"| {' | '.join(cell for cell in cells if cell is not None)} |"


def _told(name: str, example: Bad) -> str:
    """Tell why a text is refused, as a step does; nothing where it is not."""
    result = library_grammar(name, example.start).read(example.text)
    if not isinstance(result, Failure):
        return "*nothing*"
    line, column, _ = excerpt(example.text, result.at)
    place = f"line {line}, column {column}" if "\n" in example.text else f"column {column}"
    return f"{place}: {code(f'expected {one_of(result.expected)}, got {result.got}')}"


def _json(value: Any) -> str:
    return json.dumps(bare(value), ensure_ascii=False)
