"""A grammar whose values have no fixed shape, or that no parser can be made of, is refused where it is wrong."""

import pytest

from etl_actors.combinators.grammar import load_grammar
from etl_actors.combinators.result import Success
from tests.support.grammars import refused

WORDS = '\nA: "a"\nB: "b"\nN: /[0-9]/\n'


@pytest.mark.parametrize(
    ("grammar", "told"),
    [
        pytest.param("start: word WORD\nword: A B\nWORD: /w/", "1:1 in rule start, the rule word of main.lark and the terminal WORD of main.lark would both have the key", id="a rule and a terminal"),
        pytest.param("start: A -> a | B a\na: N B", '1:1 in rule start, an alias and a child would both have the key "a"', id="an alias and a rule"),
        pytest.param('!start: literal "," A\nliteral: N', 'would both have the key "literal"', id="a rule that is called literal"),
        pytest.param('start: two{A} "," two{N}\ntwo{x}: x x', 'would both have the key "two"', id="a template with different arguments"),
        pytest.param('start: A s\ns: ","', "2:1 rule s keeps nothing of the text: write !s to keep its literals", id="nothing is kept"),
        pytest.param("start: /x/ /y/", "1:1 rule start keeps nothing", id="nothing has a name"),
        pytest.param('start: (A "=" [B])*', '1:1 in rule start, "a" and "b" are repeated together and may give lists of unequal length', id="a value that may be missing"),
        pytest.param('start: N ("+" A N)*', '"a" and "n" are repeated together', id="one more of the first"),
        pytest.param("start: (A B B)*", '"a" and "b" are repeated together', id="two of one"),
        pytest.param("start: _p+\n_p: A B*", '"a" and "b" are repeated together', id="in a _rule"),
        pytest.param('start: _p\n_p: A B | _p "," A', '"a" and "b"', id="in a _rule of its own making"),
        pytest.param("start: (A B)* N | A A", '"a" and "b" are repeated together', id="in another alternative"),
        pytest.param("start: x | y\nx: A\ny: A", "2:1 before the end, `x: A` and `y: A` have both been read and nothing tells which it is", id="reduce and reduce"),
        pytest.param('start: "if" N start ["else" start] | A', '1:1 before "else", `start: "if" N start` may have ended or `start: "if" N start "else" start` may go on', id="shift and reduce"),
        pytest.param("start: foo A", "1:8 there is no rule foo: define it, or import it", id="an unknown rule"),
        pytest.param("start: A\n%ignore FOO", "2:9 there is no terminal FOO", id="an unknown terminal"),
        pytest.param("begin: A", "1:1 there is no rule start to start by; there is A, B, N, begin", id="no start"),
        pytest.param("start: start A", "1:1 no text can satisfy rule start", id="a rule without an end"),
        pytest.param("start A", "1:7 this is no grammar of Lark's: expected rule or terminal definition (missing colon)", id="no colon"),
        pytest.param("start: A )", "1:10 this is no grammar of Lark's: ')' is out of place here", id="a parenthesis"),
        pytest.param("start: A -> Foo", "1:13 this is no grammar of Lark's: Alias expects lowercase name", id="an alias in capitals"),
        pytest.param("start: §", "1:8 this is no grammar of Lark's", id="a strange character"),
        pytest.param("start: Z\nZ: /x*/", "2:1 Z can match nothing at all", id="zero width"),
        pytest.param("start: Z\nZ: /x(/", "2:1 the regex of Z cannot be compiled: missing ), unterminated subpattern", id="a broken regex"),
        pytest.param("start: Z\nZ: Y\nY: Z", "terminal Z contains itself: only rules can", id="a terminal in itself"),
        pytest.param("start: [A] [A]", "1:1 two alternatives of rule start come to the same", id="twice the same"),
        pytest.param("start: A Z\nZ: /(['\"]).*?\\1/s", "2:4 a group is meant by its number, \\1, and a lexer joins all regexes to one, in which it has another: give the group a name, as in (?P<quote>", id="a group's number"),
        pytest.param("start: A Z\n\nZ: /(?i)ab/", "3:4 flags within a regex, as (?i), are flags of all terminals at once: write", id="flags within a regex"),
        pytest.param("start: s{A}\ns{x, y}: x (y x)*", "2:1 the template s takes 2 arguments, and is used with 1", id="arguments of a template"),
        pytest.param('start: Z\n\nZ: "ab".."z"', "3:4 a range goes from one character to another", id="a range that begins with a word"),
        pytest.param('start: l{w} ";" l{n}\nl{x}: x ("," x)*\nw: /[a-z]+/\nn: /[0-9]+/', "1:1 in rule start, the template l is used with several arguments", id="a template twice"),
        pytest.param("start: A\nA: /(?#[)(a)\\1(?#])/", "2:4 a group is meant by its number, \\1", id="a group's number between comments"),
        pytest.param("start: A /(x)?(?(1)y|z)/", "1:10 a group is meant by its number, (?(1), and", id="a condition on a group's number"),
        pytest.param("start: A\nstart: B", "2:1 start is defined more than once", id="defined twice"),
        pytest.param('start: "a".."zz"', 'a range goes from one character to another: "a".."z"', id="a range of words"),
        pytest.param("start: A Y | Z\nZ: /x(/ | B\nY: /y/", "2:4 the regex /x(/ cannot be compiled: missing ), unterminated subpattern", id="a broken regex among others"),
        pytest.param("start: /\\p{L}/ | /x/", "Python's regexes have no Unicode categories", id="a Unicode category"),
        pytest.param("start: A Z\nZ: start", "2:1 terminal Z has a rule in it", id="a rule in a terminal"),
        pytest.param("start: A Z\nZ: FOO", "2:4 there is no terminal FOO: define it", id="an unknown terminal in a terminal"),
        pytest.param("start: Y Z\nY: /(?P<n>y)/\nZ: /(?P<n>z)/\n%ignore /(?P<n>x)/", "1:1 two regexes have a group called n", id="a group's name twice"),
        pytest.param("start: A~2..1", "2..1", id="less than more"),
    ],
)  # fmt: skip
def test_a_grammar_that_is_wrong_is_told_with_its_place(grammar: str, told: str) -> None:
    error = refused(grammar + WORDS)
    assert told in f"{error.line}:{error.column} {error.sentence}"
    assert error.file == "main.lark"
    assert "\n" not in error.sentence


def test_a_text_cannot_be_parsed_by_a_terminal() -> None:
    assert refused("start: A\nA: /a/", start="A").sentence == "a text cannot be parsed by A, which is a terminal: name a rule"


def test_a_text_cannot_be_parsed_by_a_rule_that_values_leave_out() -> None:
    assert "left out of values" in refused("_x: A\nA: /a/", start="_x").sentence


def test_a_text_cannot_be_parsed_by_a_template() -> None:
    assert "a template" in refused("x{y}: y y\nA: /a/", start="x").sentence


def test_an_empty_grammar_has_nothing_to_start_by() -> None:
    assert refused("").sentence == "there is no rule start to start by; there is nothing"


def test_the_same_conflict_is_told_each_time() -> None:
    grammar = "start: x | y | z\nx: A\ny: A\nz: A\nA: /a/"
    assert len({refused(grammar).sentence for _ in range(5)}) == 1


def test_a_group_is_meant_by_its_name_and_what_only_looks_like_a_number_of_one_is_left_alone() -> None:
    text = r"""start: A B
A: /(?P<letter>[xy])(?P=letter)/
B: /[\1]?\101\\1(?P<quote>["']).*?(?P=quote)/
"""
    grammar = load_grammar(text, name="main.lark", find=lambda _: None)
    assert grammar.read("xxA\\1'b'") == Success({"a": "xx", "b": "A\\1'b'"}, 8)
