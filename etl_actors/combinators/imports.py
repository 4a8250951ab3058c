"""Grammars that import one another: files that are found by name, never by the file system, and names that lose no key.

Lark puts the path of an import before each name that comes with it (``%import .ip.host`` brings ``ip__octet`` along).
Here every such name is written down with what its author calls it, so that values have keys without prefixes.

A file of a slip imports from the slip and from the library (``%import .other.rule``, ``%import other (a, B)``,
``%import std.ip.IP``), a file of the library from the library only; both may import from Lark's own (``common``).
"""

import posixpath
from collections.abc import Iterator
from typing import Any

from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from etl_actors.combinators.backreferences import check_backreferences
from etl_actors.combinators.definition import Definition, Reached
from etl_actors.combinators.grammar_error import GrammarError
from etl_actors.combinators.lark_inside import GrammarBuilder, grammar_parser, stdlib_loader, used_symbols
from etl_actors.combinators.naming import Naming
from etl_actors.combinators.same import unite
from etl_actors.combinators.told import told, told_syntax

__all__ = ["LIBRARY", "Builder"]

LIBRARY = "std/"
_EXTENSION = ".lark"
_RELATIVE = "."


class Builder(GrammarBuilder):
    """Builds one grammar of a main file and all that it imports.

    Args:
        reached: is filled with what was reached.
        chain: the files that import this one, outermost first.
    """

    def __init__(self, reached: Reached, chain: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.reached = reached
        self.chain = chain
        self.file = ""
        self._import_places: dict[tuple[str, ...], tuple[int, int]] = {}

    def load_grammar(self, grammar_text: str, grammar_name: str = "", mangle: Any = None) -> None:
        """Read a file and those that it imports.

        Args:
            grammar_text: its text.
            grammar_name: its name.
            mangle: names its rules and terminals.
        """
        self.file = grammar_name
        self.chain = (*self.chain, grammar_name)
        try:
            tree = grammar_parser().parse(grammar_text + "\n", "start")
        except UnexpectedInput as error:
            raise told_syntax(error, grammar_text, grammar_name) from None
        check_backreferences(tree, grammar_name)
        lines = grammar_text.split("\n")
        for statement in tree.children:
            if statement.data == "ignore":
                token = next(statement.scan_values(lambda value: isinstance(value, Token)), None)
                at = int(token.line or 1) if token is not None else 1
                self.reached.ignoring.setdefault(grammar_name, []).append(lines[at - 1].strip())
            self._note(statement, mangle)
        try:
            super().load_grammar(grammar_text, grammar_name, mangle)
        except (LarkError, AssertionError) as error:
            raise told(error, self.reached, self.file) from None

    def _note(self, statement: Any, naming: Naming | None) -> None:
        if statement.data in ("override", "extend"):
            (statement,) = statement.children
            self.reached.altered = True
        if statement.data == "declare":
            place = next((one for one in _symbols(statement)), None)
            line, column = (place.line, place.column) if place is not None else (1, 1)
            sentence = (
                f"{place or 'a terminal'} is only declared, and nothing would ever read it: give it a pattern, as in NAME: /…/"
            )
            raise GrammarError(self.file, int(line or 1), int(column or 1), sentence)
        if statement.data not in ("rule", "term", "ignore"):
            return
        if statement.data != "ignore":
            token = next(child for child in statement.children if isinstance(child, Token))
            known = naming(token) if naming else str(token)
            author = naming.author(token) if naming else str(token)
            definition = Definition(str(author), self.file, int(token.line or 1), int(token.column or 1), str(token))
            self.reached.definitions[known] = definition
        for used in _names(statement):
            use = Definition(naming.author(used) if naming else str(used), self.file, int(used.line), int(used.column), str(used))
            self.reached.uses.setdefault(naming(used) if naming else str(used), use)

    def _unpack_import(self, stmt: Any, _: str) -> tuple[tuple[str, ...], None, dict[str, str]]:
        """Tell Lark what an import takes, and mark its path, lest Lark take two imports from one file for one."""
        path, *taken = stmt.children
        place = (int(path.children[0].line), int(path.children[0].column))
        several = bool(taken) and isinstance(taken[0], Tree)
        if not several and len(path.children) == 1:
            name = path.children[0]
            raise GrammarError(self.file, *place, f"say what to import: %import {name}.rule, or %import {name} (rule, TERMINAL)")
        dotted = tuple(str(part) for part in (path.children if several else path.children[:-1]))
        names = taken[0].children if several else path.children[-1:]
        aliases = {str(name): str(name if several or not taken else taken[0]) for name in names}
        marked = (_RELATIVE if path.data == "import_rel" else "", str(len(self._import_places)), *dotted)
        self._import_places[marked] = place
        return marked, None, aliases

    def do_import(self, dotted_path: Any, base_path: str | None, aliases: dict[str, str], base_mangle: Any = None) -> None:
        """Load a file that this one imports.

        Args:
            dotted_path: of the import, marked, without the names that it takes.
            base_path: of no use here.
            aliases: the names that it takes, and what they are called here.
            base_mangle: names what is called something here.
        """
        del base_path
        relative, _, *path = dotted_path
        here = (self.file, *self._import_places[dotted_path])
        name, text = self._found(tuple(path), relative=relative == _RELATIVE, here=here)
        if name in self.chain:
            circle = " → ".join((*self.chain[self.chain.index(name) :], name))
            raise GrammarError(*here, f"grammars import one another in a circle: {circle}; move what both use into a third file")
        if not all(alias.isupper() for alias in aliases):
            self.reached.taken.append((*here, name))
        naming = Naming(tuple(path), aliases, base_mangle)
        before = {known: self.reached.definitions[known] for known in self._definitions if known in self.reached.definitions}
        inner = Builder(self.reached, self.chain)
        inner.load_grammar(text, name, naming)
        for wanted, alias in naming.aliases.items():
            if wanted.isupper() != alias.isupper():
                raise GrammarError(*here, f"{wanted} cannot be renamed to {alias}: terminals have capitals, rules have none")
            if naming(wanted) not in inner._definitions:
                kind = "terminal" if wanted.isupper() else "rule"
                raise GrammarError(*here, f"{name} has no {kind} {wanted}; it has {inner.listed()}")
        inner._remove_unused(map(naming, naming.aliases))  # type: ignore[no-untyped-call]
        for known in inner._definitions:
            if known in self._definitions and before.get(known) != self.reached.definitions[known]:
                called = self.reached.called(known)
                raise GrammarError(*here, f"two imports bring {called}; rename one of them: %import … -> another_name")
        self._definitions.update(inner._definitions)

    def _found(self, path: tuple[str, ...], *, relative: bool, here: tuple[str, int, int]) -> tuple[str, str]:
        for name in self._candidates(path, relative=relative):
            text = self.reached.text_of(name)
            if text is not None:
                return name, text
        if not relative or self.file.startswith("lark/"):
            try:
                _, own = stdlib_loader(None, posixpath.join(*path) + _EXTENSION)
            except OSError:
                pass
            else:
                return f"lark/{'/'.join(path)}{_EXTENSION}", own
        names = " or ".join(self._candidates(path, relative=relative))
        raise GrammarError(*here, f"there is no grammar {'.'.join(path)} to import from: expected a file {names}")

    def _candidates(self, path: tuple[str, ...], *, relative: bool) -> list[str]:
        name = posixpath.join(*path) + _EXTENSION
        if self.file.startswith("lark/"):
            return []
        in_library = self.file.startswith(LIBRARY)
        if relative:
            return [posixpath.join(posixpath.dirname(self.file), name)]
        if in_library:
            return [name] if name.startswith(LIBRARY) else [LIBRARY + name]
        return [name]

    def unite(self) -> None:
        """Let what is reached by two ways be one."""
        unite(self._definitions, self._ignore_names, self.reached)

    def check_names(self) -> None:
        """Refuse names that are used and not defined, where they are used.

        Raises:
            GrammarError: there is one.
        """
        for definition in self._definitions.values():
            if definition.tree is None:
                continue
            for symbol in sorted(used_symbols(definition.tree)):  # type: ignore[no-untyped-call]
                if symbol not in self._definitions and symbol not in definition.params:
                    self._undefined(str(symbol))
        for ignored in self._ignore_names:
            if ignored not in self._definitions:
                self._undefined(str(ignored))

    def check_start(self, start: str) -> None:
        """Refuse what no text can be parsed by.

        Args:
            start: name of a rule.

        Raises:
            GrammarError: there is no such rule, or its value would be left out.
        """
        definition = self._definitions.get(start)
        if definition is None:
            sentence = f"there is no rule {start} to start by; there is {self.listed()}"
        elif definition.is_term or definition.params or start.startswith("_"):
            kind = "a terminal" if definition.is_term else "a template" if definition.params else "left out of values"
            sentence = f"a text cannot be parsed by {start}, which is {kind}: name a rule"
        else:
            return
        raise GrammarError(*(self.reached.place_of(start) or (self.file, 1, 1)), sentence)

    def listed(self, most: int = 12) -> str:
        """List the rules and terminals that are defined so far.

        Args:
            most: how many are named.

        Returns:
            As in ``host, IP``.
        """
        names = sorted({self.reached.called(str(name)) for name in self._definitions if not str(name).startswith("__")})
        return ", ".join(names[:most]) + (", …" if len(names) > most else "") if names else "nothing"

    def _undefined(self, symbol: str) -> None:
        kind = "terminal" if symbol.isupper() else "rule"
        use = self.reached.uses.get(symbol) or Definition(symbol, self.file, 1, 1, symbol)
        raise GrammarError(use.file, use.line, use.column, f"there is no {kind} {use.name}: define it, or import it with %import")


def _names(statement: Any) -> Iterator[Any]:
    for token in statement.scan_values(lambda value: isinstance(value, Token)):
        if token.type in ("RULE", "TERMINAL"):
            yield token


def _symbols(statement: Any) -> list[Token]:
    """List the tokens of a %declare."""
    several = [getattr(one, "name", one) for one in statement.children]
    tokens = [one for one in several if isinstance(one, Token)]
    return tokens or list(statement.scan_values(lambda value: isinstance(value, Token)))
