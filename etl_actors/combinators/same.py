"""What reaches a grammar by two ways is one and the same rule or terminal in it.

Two files that each import ``IP`` from a third would bring two terminals that match the same; Lark's lexer would choose
one by its name, and its parser refuse what asks for the other.
"""

from typing import Any

from lark.grammar import Symbol

from etl_actors.combinators.definition import Reached

__all__ = ["unite"]


def unite(definitions: dict[str, Any], ignored: list[str], reached: Reached) -> None:
    """Let one definition stand for all that are the same, in place.

    Args:
        definitions: Lark's, by its names.
        ignored: names of terminals that are ignored.
        reached: knows what is written where.
    """
    if reached.altered:  # an importing file overrides or extends something: what is written once may mean two things
        return
    names: dict[str, str] = {}
    first: dict[tuple[str, str, str], str] = {}
    for name in sorted(definitions, key=lambda each: (len(each), each)):
        known = reached.definitions.get(name)
        if known is None:
            continue
        kept = first.setdefault((known.file, known.written, known.name), name)
        if kept != name:
            names[name] = kept
    if not names:
        return
    for name in names:
        del definitions[name]
    for definition in definitions.values():
        if definition.tree is not None:
            _rename(definition.tree, names)
    ignored[:] = [names.get(name, name) for name in ignored]


def _rename(tree: Any, names: dict[str, str]) -> None:
    for inner in tree.iter_subtrees():
        for index, child in enumerate(inner.children):
            if isinstance(child, Symbol) and child.name in names:
                inner.children[index] = child.renamed(names.get)  # type: ignore[no-untyped-call]
