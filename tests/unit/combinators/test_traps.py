"""The traps of Lark: each is shown to be one, is told at its place with its remedy, and is gone by the remedy."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from lark import Lark
from lark.exceptions import GrammarError as LarkGrammarError
from lark.exceptions import LarkError

from etl_actors.combinators.grammar import load_grammar
from etl_actors.combinators.library import library_text
from etl_actors.combinators.result import Success
from etl_actors.combinators.traps.found import find_traps, traps_of
from etl_actors.combinators.traps.telling import Trap


def _find(name: str) -> str | None:
    return library_text(name.removeprefix("std/").removesuffix(".lark")) if name.startswith("std/") else None


def _value(grammar: str, text: str) -> Any:
    """Read a text; None where the grammar refuses it."""
    result = load_grammar(grammar, name="a.lark", find=_find).read(text)
    return result.value if isinstance(result, Success) else None


def _traps(grammar: str) -> list[Trap]:
    return find_traps(grammar, _find, "start", "a.lark")


@dataclass(frozen=True)
class Case:
    """A trap, and the way out.

    Args:
        grammar: that has the trap.
        place: line and column of it.
        told: what is said, the remedy too.
        text: that is not read as it looks.
        value: that it looks to have.
        remedied: the grammar by the remedy.
    """

    grammar: str
    place: tuple[int, int]
    told: tuple[str, ...]
    text: str
    value: Any
    remedied: str


CASES = {
    "a terminal takes the literal that has to follow": Case(
        'start: SAID " (" LOGGER ")"\nSAID: /.+/\nLOGGER: /[a-z.]+/',
        (2, 1),
        ('`SAID` goes on over " (", which has to follow it in rule `start`', "let it stop before", "(?:(?!END).)+"),
        "it began (a.b)",
        {"said": "it began", "logger": "a.b"},
        'start: SAID " (" LOGGER ")"\nSAID: /(?:(?! \\().)+/\nLOGGER: /[a-z.]+/',
    ),
    "a terminal takes the literal that has to follow its rule": Case(
        'start: user " from " HOST\nuser: [TITLE] NAME\nTITLE.2: /Dr\\b/\nNAME: /[^0-9]+/\nHOST: /[0-9.]+/',
        (4, 1),
        ('`NAME` goes on over " from ", which has to follow it in rule `start`',),
        "ann lee from 1.2",
        {"user": {"title": None, "name": "ann lee"}, "host": "1.2"},
        'start: user " from " HOST\nuser: [TITLE] NAME\nTITLE.2: /Dr\\b/\nNAME: /(?:(?! from )[^0-9])+/\nHOST: /[0-9.]+/',
    ),
    "all but a comma is a line's end too": Case(
        'start: (row _NL)+\nrow: FIELD ("," FIELD)*\nFIELD: /[^,]+/\n_NL: "\\n"',
        (3, 1),
        ("`FIELD` goes on over `_NL`, which has to follow it in rule",),
        "a,b\nc\n",
        {"row": [{"field": ["a", "b"]}, {"field": ["c"]}]},
        'start: (row _NL)+\nrow: FIELD ("," FIELD)*\nFIELD: /[^,\\n]+/\n_NL: "\\n"',
    ),
    "one of several ways to go on is never found": Case(
        'start: USER (" from " HOST | "(" HOST ")")\nUSER: /[^(]+/\nHOST: /[0-9.]+/',
        (2, 1),
        ('`USER` goes on over " from "',),
        "ann from 1.2",
        {"user": "ann", "host": "1.2"},
        'start: USER (" from " HOST | "(" HOST ")")\nUSER: /[^( ]+/\nHOST: /[0-9.]+/',
    ),
    "two terminals are one regular expression": Case(
        'start: USER "@" | HOST "!"\nUSER: /[a-z]+/\nHOST: /[a-z]+/',
        (2, 1),
        ("`USER` and `HOST` match the same texts, and where both may stand only `HOST` is read", "have one terminal for both"),
        "ann@",
        {"user": "ann", "host": None},
        'start: user | host\nuser: NAME "@"\nhost: NAME "!"\nNAME: /[a-z]+/',
    ),
    "a terminal is part of another": Case(
        'start: COUNT "x" | HEX "h" | "-"\nCOUNT: /[0-9]+/\nHEX: /[0-9a-f]+/\n%ignore " "',
        (2, 1),
        ("`COUNT` is never read where `HEX` may stand too: `7` is taken for `HEX`", "COUNT.2: /…\\b/"),
        "12 x",
        {"count": "12", "hex": None},
        'start: COUNT "x" | HEX "h" | "-"\nCOUNT.2: /[0-9]+\\b/\nHEX: /[0-9a-f]+/\n%ignore " "',
    ),
    "a word of several is a name": Case(
        'start: KEY "=" (BOOL | NAME)\nKEY: /[a-z]+/\nBOOL: "true" | "false"\nNAME: /[a-z]+/',
        (3, 1),
        ("`BOOL` is never read where `NAME` may stand too: `", "BOOL.2: /(?:false|true)\\b/"),
        "on=true",
        {"key": "on", "bool": "true", "name": None},
        'start: KEY "=" (BOOL | NAME)\nKEY: /[a-z]+/\nBOOL.2: /(?:true|false)\\b/\nNAME: /[a-z]+/',
    ),
    "a literal in any case is a name in some": Case(
        'start: [NOT] NAME\nNOT: "NOT"i\nNAME: /[a-z]+/\n%ignore " "',
        (2, 1),
        ("`NOT` is not always read: `not` is taken for `NAME` where both may stand", "NOT.2: /not\\b/i"),
        "not me",
        {"not": "not", "name": "me"},
        'start: [NOT] NAME\nNOT.2: /not\\b/i\nNAME: /[a-z]+/\n%ignore " "',
    ),
    "a literal without a name is told where it stands": Case(
        'start: NAME\n     | "IF"i NAME -> condition\nNAME: /[a-z]+/\n%ignore " "',
        (2, 8),
        ('"IF" is not always read: `if` is taken for `NAME`', "IF.2: /if\\b/i"),
        "if me",
        {"condition": "me", "name": None},
        'start: NAME\n     | _IF NAME -> condition\n_IF.2: /if\\b/i\nNAME: /[a-z]+/\n%ignore " "',
    ),
    "a word with a priority is read out of a longer one": Case(
        'start: [NOT] NAME\nNOT.2: "not"i\nNAME: /[a-z]+/\n%ignore " "',
        (2, 1),
        ("`NOT` has priority over `NAME`, so that `notx` is read as `not` and a rest", "NOT.2: /not\\b/i"),
        "nothing",
        {"not": None, "name": "nothing"},
        'start: [NOT] NAME\nNOT.2: /not\\b/i\nNAME: /[a-z]+/\n%ignore " "',
    ),
    "what is ignored is never read": Case(
        "start: (line _NL)+\nline: WORD+\nWORD: /[a-z]+/\n_NL: /\\n/\n%ignore /\\s+/",
        (4, 1),
        ("`_NL` is never read where it may stand: `\\n` is taken for what %ignore leaves out", "let %ignore leave out less"),
        "a b\nc\n",
        {"line": [{"word": ["a", "b"]}, {"word": ["c"]}]},
        "start: (line _NL)+\nline: WORD+\nWORD: /[a-z]+/\n_NL: /\\n/\n%ignore /[ \\t]+/",
    ),
    "a lazy end is reached at once": Case(
        'start: TEXT [MARK]\nMARK: "!"\nTEXT: /[a-z]+?/',
        (3, 1),
        ("`TEXT` ends in a lazy repetition, which takes as little as it may", "make it greedy"),
        "hey!",
        {"text": "hey", "mark": "!"},
        'start: TEXT [MARK]\nMARK: "!"\nTEXT: /[a-z]+/',
    ),
    "a choice takes along what it is joined to": Case(
        "start: SIZE\nSIZE: /[0-9]+/ _UNIT\n_UNIT: /kB|MB/",
        (2, 16),
        ("in `SIZE` the choice /kB|MB/ takes along what stands beside it", "put it in brackets: /(?:kB|MB)/"),
        "12MB",
        "12MB",
        "start: SIZE\nSIZE: /[0-9]+/ _UNIT\n_UNIT: /(?:kB|MB)/",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_trap_is_one_and_is_told_and_goes_by_the_remedy(case: Case) -> None:
    assert _value(case.grammar, case.text) != case.value, "Lark does what the grammar looks like: no trap"
    (trap,) = _traps(case.grammar)
    assert (trap.file, trap.line, trap.column) == ("a.lark", *case.place)
    assert all(said in trap.sentence for said in case.told), trap.sentence
    assert _traps(case.remedied) == []
    assert _value(case.remedied, case.text) == case.value


def test_a_terminal_that_can_be_empty_is_refused_with_its_place() -> None:
    grammar = 'start: "(" [NOTE] ")"\nNOTE: /[a-z]*/'
    with pytest.raises(LarkError, match="zero-width"):
        Lark(grammar, parser="lalr")
    (trap,) = _traps(grammar)
    assert (trap.line, trap.column) == (2, 1)
    assert "NOTE can match nothing at all" in trap.sentence
    remedied = grammar.replace("*", "+")
    assert _traps(remedied) == []
    assert [_value(remedied, text) for text in ("()", "(a)")] == [{"note": None}, {"note": "a"}]


def test_alternatives_that_begin_alike_under_two_names_are_refused() -> None:
    grammar = 'start: user "," user ";" | host "," host "."\nuser: WORD\nhost: WORD\nWORD: /[a-z]+/'
    assert Lark(grammar, parser="earley").parse("a,b.").children
    with pytest.raises(LarkGrammarError, match="Reduce/Reduce"):
        Lark(grammar, parser="lalr")
    (trap,) = _traps(grammar)
    assert (trap.line, trap.column) == (3, 1)
    assert "have both been read and nothing tells which it is; make one rule of them" in trap.sentence
    remedied = 'start: name "," name (USERS | HOSTS)\nname: WORD\nUSERS: ";"\nHOSTS: "."\nWORD: /[a-z]+/'
    assert _traps(remedied) == []
    assert _value(remedied, "a,b.") == {"name": ["a", "b"], "users": None, "hosts": "."}


def test_a_rule_that_goes_on_where_it_should_end_is_refused_though_lark_takes_it() -> None:
    grammar = 'start: names WORD "!"\nnames: WORD+\nWORD: /[a-z]+/\n%ignore " "'
    assert Lark(grammar, parser="earley").parse("a b !").children
    with pytest.raises(LarkError):
        Lark(grammar, parser="lalr").parse("a b !")  # it is taken, and then fails
    (trap,) = _traps(grammar)
    assert "the parser sees no further than that token" in trap.sentence
    remedied = grammar.replace("names WORD", 'names "," WORD')
    assert _traps(remedied) == []
    assert _value(remedied, "a b, c !") == {"names": {"word": ["a", "b"]}, "word": "c"}


CLEAN = {
    "json": """
        start: _value
        _value: object | array | STRING | NUMBER | TRUE | FALSE | NULL
        object: "{" [pair ("," pair)*] "}"
        pair: STRING ":" _value
        array: "[" [_value ("," _value)*] "]"
        TRUE: "true"
        FALSE: "false"
        NULL: "null"
        STRING: /"(?:[^"\\\\]|\\\\.)*"/
        NUMBER: /-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/
        %ignore /[ \\t\\r\\n]+/
    """,
    "csv": """
        start: row (_NL row)* [_NL]
        row: _field ("," _field)*
        _field: QUOTED | PLAIN
        QUOTED: /"(?:[^"]|"")*"/
        PLAIN: /[^",\\r\\n]+/
        _NL: /\\r?\\n/
    """,
    "ini": """
        start: (section | _NL)*
        section: "[" NAME "]" _NL (entry _NL)*
        entry: KEY "=" [VALUE]
        NAME: /[^\\]\\n]+/
        KEY: /[A-Za-z][A-Za-z0-9_.-]*/
        VALUE: /[^\\n]+/
        _NL: /(?:[ \\t]*[;#][^\\n]*)?\\n/
    """,
    "logfmt": """
        start: pair (_BLANK pair)*
        pair: KEY ["=" (QUOTED | BARE)]
        KEY: /[^ ="]+/
        QUOTED: /"(?:[^"\\\\]|\\\\.)*"/
        BARE: /[^ "]+/
        _BLANK: /[ ]+/
    """,
    "arithmetic": """
        start: sum
        ?sum: product | sum "+" product -> add | sum "-" product -> sub
        ?product: atom | product "*" atom -> mul | product "/" atom -> div
        atom: NUMBER | NAME | "(" sum ")"
        NUMBER: /[0-9]+(?:\\.[0-9]+)?/
        NAME: /[a-z_]+/
        %ignore " "
    """,
    "query": """
        start: "select" columns "from" NAME [where]
        columns: NAME ("," NAME)*
        where: "where" test ("and" test)*
        test: NAME OPERATOR (NUMBER | STRING | NAME)
        OPERATOR: "<=" | ">=" | "<" | ">" | "="
        NAME: /[a-z_][a-z0-9_]*/
        NUMBER: /[0-9]+/
        STRING: /'[^']*'/
        %ignore /\\s+/
    """,
    "ingredient": """
        start: [QUANTITY [UNIT]] NAME ["," NOTE]
        QUANTITY: /[0-9]+(?:[.\\/][0-9]+)?/
        UNIT.2: /(?:cups?|g|kg|ml|l|tsp|tbsp)\\b/i
        NAME: /[A-Za-z][^,\\n]*/
        NOTE: /[^\\n]+/
        %ignore " "
    """,
    "text with words, numbers and blanks": """
        start: (WORD | NUMBER | SIGN | _BLANK)+
        WORD: /\\w+/
        NUMBER.2: /[0-9]+\\b/
        SIGN: /[^\\w\\s]/
        _BLANK: /\\s+/
    """,
    "key and value with an optional blank": """
        start: KEY _BLANK? VALUE
        KEY: /[a-z]+:?/
        VALUE: /[a-z0-9]+/
        _BLANK: " "
    """,
    "template": """
        start: (TEXT | hole)*
        hole: "{" NAME [":" FORMAT] "}"
        TEXT: /[^{}]+/
        NAME: /[a-z]+/
        FORMAT: /[^{}]+/
    """,
    "url": """
        start: SCHEME "://" [USER "@"] HOST [":" PORT] [PATH] ["?" QUERY] ["#" FRAGMENT]
        SCHEME: /[a-z][a-z0-9+.-]*/
        USER.2: /[^@\\/?#]+(?=@)/
        HOST: /[^:\\/?#@]+/
        PORT: /[0-9]+/
        PATH: /\\/[^?#]*/
        QUERY: /[^#]+/
        FRAGMENT: /.+/
    """,
    "time": """
        start: date ["T" clock [ZONE]]
        date: YEAR "-" TWO "-" TWO
        clock: TWO ":" TWO [":" TWO ["." FRACTION]]
        YEAR: /[0-9]{4}/
        TWO: /[0-9]{2}/
        FRACTION: /[0-9]+/
        ZONE: /Z|[+-][0-9]{2}:[0-9]{2}/
    """,
    "keywords against names": """
        start: _clause+
        _clause: when | NAME
        when: (IF | UNLESS) NAME
        IF: "if"i
        UNLESS: "unless"
        NAME: /[a-zA-Z]+/
        %ignore " "
        %ignore /#[^\\n]*/
    """,
}


@pytest.mark.parametrize("grammar", CLEAN.values(), ids=CLEAN)
def test_a_grammar_without_traps_is_told_none(grammar: str) -> None:
    assert _traps(grammar) == []


def test_a_trap_of_an_imported_grammar_is_told_in_its_own_file() -> None:
    other = 'pair: KEY "=" VALUE\nVALUE: /x/\n KEY: /.+/'
    main = "%import .other.pair\nstart: pair"
    (trap,) = find_traps(main, {"other.lark": other}.get, "start", "a.lark")
    assert (trap.file, trap.line, trap.column) == ("other.lark", 3, 2)
    assert '`KEY` goes on over "=", which has to follow it in rule `pair`' in trap.sentence


def test_a_trap_with_what_a_library_brings_is_told_where_it_is_used() -> None:
    grammar = '%import common.CNAME\n%import common.INT\nstart: (CNAME\n  | INT "." | ANY "!")+\n%import common.WS\nANY.3: /[^!?]+/\n%ignore WS'
    found = _traps(grammar)
    assert [(trap.file, trap.line, trap.column, trap.sentence.partition(" where")[0]) for trap in found] == [
        ("a.lark", 3, 9, "`CNAME` is never read"),
        ("a.lark", 4, 5, "`INT` is never read"),
    ]
    assert "INT.4: /…\\b/" in found[1].sentence


def test_traps_are_told_by_place_each_once_and_quickly() -> None:
    grammar = 'start: (A "=" | B "!")+\nA: /[a-z]+/\nB: /[a-z]+/\nC: /(?:x+)+y/\nD: /(?:x+)+z/\n%extend B: C | D'
    begun = time.process_time()
    found = _traps(grammar)
    assert [trap.line for trap in found] == sorted(trap.line for trap in found)
    assert len(found) == len(set(found))
    assert time.process_time() - begun < 10
    loaded = load_grammar(grammar, name="a.lark", find=_find)
    assert traps_of(loaded) == found


def test_a_literal_is_told_at_its_own_place_be_there_slashes_in_it_or_before_it() -> None:
    (trap,) = _traps('start: NAME | "//" "x//"  // "x//" is a literal\nNAME.2: /[a-z\\/]+/')
    assert trap.sentence.startswith('"//" is never read')
    assert (trap.line, trap.column) == (1, 15)


def test_blanks_that_an_import_does_not_bring_are_told_with_what_to_write() -> None:
    (trap,) = _traps("start: it\n%import std.money.start -> it")
    assert (trap.file, trap.line) == ("a.lark", 2)
    assert trap.sentence.startswith("std/money.lark leaves something out between what its rules read")
    remedy = trap.sentence.rpartition(", ")[2]
    assert _value(f"start: it\n%import std.money.start -> it\n{remedy}", "€ 1.298,00") is not None
    assert _traps(f"start: it\n%import std.money.start -> it\n{remedy}") == []
    assert _traps("start: IP\n%import std.ip.IP") == []


def test_a_grammar_that_is_too_large_is_not_searched_and_says_so() -> None:
    words = " | ".join(f'"word{number}"' for number in range(4_000))
    begun = time.process_time()
    (trap,) = _traps(f"start: WORD\nWORD: {words}")
    assert "too large to be searched for traps" in trap.sentence
    assert time.process_time() - begun < 10


def test_a_regex_without_a_name_is_told_where_it_stands() -> None:
    (trap,) = _traps('start: A\nA: "a"\n\n%ignore /(\\s+)*;/')
    assert (trap.line, trap.column) == (4, 9)


def test_a_regex_that_is_nested_too_deeply_is_told_to_be() -> None:
    (trap,) = _traps(f"start: A\nA: /{'(' * 300}a{')' * 300}/")
    assert "nested too deeply" in trap.sentence
