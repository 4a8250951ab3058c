"""What of Lark is used without being documented has the shape that we know: another release is met here first."""

import inspect
from typing import Any

from lark import Lark, Token

from etl_actors.combinators import lark_inside

_GRAMMAR = """
start: "if" NAME -> when
     | NAME
NAME: /[a-z]+/
%ignore " "
"""


def _lark() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def test_rules_tell_origin_expansion_alias_and_options() -> None:
    rules = {(rule.alias, tuple(symbol.name for symbol in rule.expansion)) for rule in _lark().rules}
    assert rules == {("when", ("IF", "NAME")), (None, ("NAME",))}
    (kept,) = [rule for rule in _lark().rules if rule.alias is None]
    assert (kept.origin.name, kept.options.expand1, kept.options.keep_all_tokens) == ("start", False, False)
    assert [
        getattr(symbol, "filter_out", None) for rule in _lark().rules for symbol in rule.expansion if symbol.name == "IF"
    ] == [True]


def test_the_automaton_has_item_sets_with_transitions_and_look_ahead() -> None:
    analysis = lark_inside.analysed(list(_lark().rules), "start")
    symbols = {symbol.name for state in analysis.lr0_itemsets for symbol in state.transitions}
    assert symbols == {"start", "IF", "NAME"}
    assert set() == analysis.NULLABLE


def test_the_contextual_lexer_has_one_lexer_a_state_that_matches_at_a_place() -> None:
    parser: Any = _lark().parser
    lexer: Any = parser.lexer
    assert type(lexer) is lark_inside.ContextualLexer
    (one,) = {
        id(each): each for each in list[Any](lexer.lexers.values()) if {t.name for t in each.terminals} >= {"IF", "NAME"}
    }.values()
    text = "if a"
    assert one.scanner is not None
    assert one.match(lark_inside.TextSlice(text, 0, len(text)), 0) == ("if", "NAME")
    assert "NAME" in one.callback, "a keyword is read as the name that it matches, and its callback calls it by its own"


def test_a_parse_table_tells_shifts_from_reductions() -> None:
    parser: Any = _lark().parser
    table = parser.parser._parse_table
    actions = [action for state in table.states.values() for action in state.values()]
    assert {action[0] is lark_inside.Shift for action in actions} == {True, False}
    assert set(table.start_states) == set(table.end_states) == {"start"}


def test_grammars_are_read_by_a_parser_of_larks_own() -> None:
    tree = lark_inside.grammar_parser().parse(_GRAMMAR + "\n", "start")
    assert [child.data for child in tree.children if not isinstance(child, Token)][:2] == ["rule", "term"]


def test_the_builder_and_the_parser_are_classes_to_extend() -> None:
    assert set(inspect.signature(lark_inside.LALR_Parser.__init__).parameters) == {"self", "parser_conf", "debug", "strict"}
    assert callable(lark_inside.GrammarBuilder.load_grammar)
    assert callable(lark_inside.GrammarBuilder.do_import)
