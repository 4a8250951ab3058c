"""What Lark does not document, reached from here alone.

The package is pinned to one minor release of Lark (`pyproject.toml`), and a test holds the shape of what is used: another
release is met there, not in a grammar that reads otherwise than before.
"""

from typing import Any

from lark.common import ParserConf
from lark.grammar import Rule, Symbol
from lark.lexer import BasicLexer, ContextualLexer, LexerState, LineCounter, TerminalDef, UnlessCallback
from lark.load_grammar import GrammarBuilder, _error_repr, _find_used_symbols, _get_parser, stdlib_loader
from lark.parsers.lalr_analysis import LALR_Analyzer, Shift
from lark.parsers.lalr_parser import LALR_Parser, _Parser
from lark.utils import TextSlice

__all__ = [
    "BasicLexer",
    "ContextualLexer",
    "GrammarBuilder",
    "ItemSet",
    "LALR_Analyzer",
    "LALR_Parser",
    "LexerState",
    "LineCounter",
    "ParserConf",
    "Rule",
    "Shift",
    "Symbol",
    "TextSlice",
    "UnlessCallback",
    "analysed",
    "error_words",
    "grammar_parser",
    "look_order",
    "run_parser",
    "stdlib_loader",
    "used_symbols",
]

ItemSet = Any  # lark.parsers.lalr_analysis.LR0ItemSet, which has no types
run_parser = _Parser
error_words = _error_repr
used_symbols = _find_used_symbols


def grammar_parser() -> Any:
    """Return the parser that reads grammars themselves."""
    return _get_parser()  # type: ignore[no-untyped-call]


def analysed(rules: list[Rule], start: str) -> Any:
    """Build the LALR automaton of a grammar with its items, which a compiled grammar has no more.

    Args:
        rules: as Lark has compiled them.
        start: the rule that a text is parsed by.

    Returns:
        Lark's analysis, of which `lr0_itemsets` and `NULLABLE` are used.
    """
    analysis: Any = LALR_Analyzer(ParserConf(rules, {}, [start]))
    analysis.compute_lr0_states()
    analysis.compute_reads_relations()
    analysis.compute_includes_lookback()
    analysis.compute_lookaheads()
    return analysis


def look_order(lexer: Any) -> list[TerminalDef]:
    """List the terminals that a lexer tries at each place, in its order: the first that matches is the token.

    Args:
        lexer: of one state, of the contextual lexer.

    Returns:
        Without the literals that are found by a regular expression and called by their name afterwards.
    """
    return list(lexer.scanner.terminals)
