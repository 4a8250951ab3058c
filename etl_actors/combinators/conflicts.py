"""Grammars that one token of foresight does not suffice for are refused, in the author's words.

Lark refuses two rules that end alike; where a rule may end or go on it silently goes on, so that texts are refused which
the grammar allows. Here both are refused.
"""

from typing import Any

from lark.exceptions import LarkError
from lark.grammar import Rule

from etl_actors.combinators.definition import Reached
from etl_actors.combinators.grammar_error import GrammarError
from etl_actors.combinators.lark_inside import LALR_Analyzer, LALR_Parser, ParserConf, run_parser
from etl_actors.combinators.words import Words

__all__ = ["Conflict", "StrictParser", "conflict_error"]


class Conflict(LarkError):
    """Two ways are open, and the next token does not tell which.

    Args:
        terminal: Lark's name of that token.
        ends: rules that may have ended there.
        goes_on: rules that may go on with the token.
    """

    def __init__(self, terminal: str, ends: tuple[Rule, ...], goes_on: tuple[Rule, ...]) -> None:
        super().__init__(terminal)
        self.terminal = terminal
        self.ends = ends
        self.goes_on = goes_on


class _Analyzer(LALR_Analyzer):
    def compute_lalr1_states(self) -> None:
        found = []
        for itemset in self.lr0_itemsets:
            for terminal, rules in itemset.lookaheads.items():
                best = max(rule.options.priority or 0 for rule in rules)
                ends = _ordered(rule for rule in rules if (rule.options.priority or 0) == best)
                shifts = terminal in itemset.transitions
                if len(ends) == 1 and not shifts:
                    continue
                on = _ordered(item.rule for item in itemset.closure if not item.is_satisfied and item.next == terminal)
                found.append(Conflict(str(terminal.name), ends, on))
        if found:
            raise min(found, key=lambda each: (len(each.goes_on) > 0, str(each.ends), each.terminal))
        super().compute_lalr1_states()


class StrictParser(LALR_Parser):
    """Lark's LALR parser, that resolves no conflict in silence."""

    def __init__(self, parser_conf: ParserConf, debug: bool = False, strict: bool = False) -> None:  # noqa: FBT001, FBT002 - as Lark calls it
        analysis = _Analyzer(parser_conf, debug=debug, strict=strict)
        analysis.compute_lalr()  # type: ignore[no-untyped-call]
        self._parse_table = analysis.parse_table
        self.parser_conf = parser_conf
        self.parser = run_parser(analysis.parse_table, parser_conf.callbacks, debug)


def _ordered(rules: Any) -> tuple[Rule, ...]:
    return tuple(sorted(set(rules), key=str))


def conflict_error(conflict: Conflict, words: Words, reached: Reached, main: str) -> GrammarError:
    """Tell a conflict in the author's words.

    Args:
        conflict: the conflict.
        words: of the grammar.
        reached: knows where rules are written.
        main: file to name where the rules stand in none.

    Returns:
        The error, with a remedy.
    """
    token = words.of_symbol(conflict.terminal, term=True)
    ends = [f"`{words.of_rule(rule)}`" for rule in conflict.ends]
    on = [f"`{words.of_rule(rule)}`" for rule in conflict.goes_on]
    if len(ends) > 1:
        sentence = (
            f"before {token}, {' and '.join(ends)} have both been read and nothing tells which it is; "
            "make one rule of them, or let them begin or end with different tokens"
        )
    else:
        sentence = (
            f"before {token}, {ends[0]} may have ended or {' or '.join(on)} may go on, and the parser sees no further than "
            "that token; write it so that one token decides: put what both begin with into one rule, or separate them by a token"
        )
    places = (reached.place_of(str(rule.origin.name)) for rule in (*conflict.ends, *conflict.goes_on))
    return GrammarError(*next((place for place in places if place), (main, 1, 1)), sentence)
