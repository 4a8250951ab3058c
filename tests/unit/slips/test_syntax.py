"""The syntax of expressions and predicates: what is read as what, and what is said of all else."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.expression import parse_expression, parse_predicate
from etl_actors.slips.source.problems import ExpressionError

from .evaluated import evaluated

# As they stand in the documentation of slips.
EXAMPLES = [
    "message | parse(combined)",
    "log.host | inet",
    "log.time | timestamptz('%d/%b/%Y:%H:%M:%S %z')",
    "log.request | text",
    "log.size | null_if('-') | bigint",
    "line.msg | parse(sshd) / null",
    'line.stamp | timestamptz("%b %e %H:%M:%S", year=2017, tz="UTC")',
    "ssh.accepted.ip | inet",
    "$.subjects",
    "children[*]",
    "@up.id | ref('subject')",
    "$.support.*",
    "@key | text",
    "@ | as_list",
    "if(type(version_added) == 'string', version_added, null) | text",
    "@.offers[*]",
    "price | parse(money)",
    "$.scraped_at | timestamptz",
    "m.amount | numeric(12,2)",
    "tags | int[]",
    "prices | numeric(12,2)[]",
    "a | many(parse(pair))",
    "a | sep_by(parse(pair), ',')",
    "a | map(trim | lower)",
    "a | parse(pair).word",
    "a | split(',')[0]",
    "$..name",
    "a..*",
    "a..[0, 'x']",
    "committee | text | ref('committee')",
    "a | add(b | int) | mul(1.5)",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_what_is_documented_is_read(text: str) -> None:
    assert parse_expression(text) is not None


def test_a_step_takes_arguments_by_name_and_a_type_makes_an_array() -> None:
    node = parse_expression("a | timestamptz('%d', year=2017, tz=\"UTC\")[]")
    assert isinstance(node, n.Pipe)
    assert node.steps == (
        n.Step(
            4, "timestamptz", (n.Literal(16, "%d"),), (("year", n.Literal(27, 2017)), ("tz", n.Literal(36, "UTC"))), array=True
        ),
    )


def test_what_stands_behind_a_step_is_a_segment() -> None:
    node = parse_expression("a | parse(g).x[0] | split(',')[-1]")
    assert isinstance(node, n.Pipe)
    assert [getattr(part, "name", part) for part in node.steps] == ["parse", "x", n.Index(0), "split", n.Index(-1)]


def test_steps_are_arguments_where_a_step_takes_steps_and_names_are_fields_where_not() -> None:
    mapped = parse_expression("a | map(trim | int[])")
    assert isinstance(mapped, n.Pipe)
    assert isinstance(step := mapped.steps[0], n.Step)
    assert step.arguments == (n.Steps(8, (n.Step(8, "trim", ()), n.Step(15, "int", (), array=True))),)
    plain = parse_expression("a | default(trim | int[])")
    assert isinstance(plain, n.Pipe)
    assert isinstance(step := plain.steps[0], n.Step)
    assert isinstance(pipe := step.arguments[0], n.Pipe)
    assert pipe.value == n.Path(12, "", (n.Field("trim"),))


def test_a_ref_knows_what_it_stands_behind() -> None:
    node = parse_expression("a | text | ref('t')")
    assert isinstance(node, n.Pipe)
    assert isinstance(step := node.steps[1], n.Step)
    assert step.behind == n.Pipe(0, n.Path(0, "", (n.Field("a"),)), (n.Step(4, "text", ()),))


def test_a_predicate_knows_where_its_parts_end() -> None:
    text = "exists(a.b) and matches(m | text, pair) or a in [1, 2] and (b == 'x')"
    node = parse_predicate(text)
    assert isinstance(node, n.Any_)
    parts = [part for one in node.parts if isinstance(one, n.All) for part in one.parts]
    shown = [text[part.at : part.end] for part in parts if isinstance(part, n.Exists | n.Matches | n.Member | n.Compare)]
    assert shown == ["exists(a.b)", "matches(m | text, pair)", "a in [1, 2]", "b == 'x'"]


def test_an_if_takes_any_condition() -> None:
    node = parse_expression("if((a == 1 or exists(b)) and not matches(m, pair), if(a > 0, 1, 2), null)")
    assert isinstance(node, n.If)
    assert isinstance(node.condition, n.All)
    assert isinstance(node.then, n.If)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("if(a == 1, 'one', 'other')", "one"),
        ("if(a > 1, 'one', 'other')", "other"),
        ("if(missing == 1, 'one', null)", None),
        ("if(matches(m, pair), m | parse(pair).int | int, 0)", "1"),
        ("if(exists(o), o, null).k", "v"),
        ("if(a == 1, a | int, m | int)", "1"),
        ("type", "kind"),
        ("if", "field"),
        ("exists", "there"),
        ("map", "m"),
        ("@.in | text", "inside"),
    ],
)
def test_it_gives(expression: str, wanted: object) -> None:
    document = {"a": 1, "m": "x=1", "o": {"k": "v"}, "type": "kind", "if": "field", "exists": "there", "map": "m", "in": "inside"}
    assert evaluated(expression, document) == wanted


WRONG = [
    ("", 0, "expected an expression, got nothing"),
    ("a |", 3, "expected a step or a type behind `|`, got the end"),
    ("a | 5", 4, "expected a step or a type behind `|`, got `5`"),
    ("a || b", 3, "expected one `|` before a step; conditions are joined by `or`, a value for want of another by `/`"),
    ("a /", 3, "expected a value, got the end"),
    ("(a", 2, "expected `)`, got the end"),
    ("a b", 2, "expected `/` or `|` or the end, got `b`"),
    ("a.1", 2, "expected a name behind the point; an element of an array is `[0]`, got `1`"),
    ("a[x]", 2, "expected a quoted name or an index or `*`, got `x`"),
    ("a['x]", 2, "this string has no end"),
    ("a['\\q']", 3, "there is no escape `\\q`; a backslash itself is written `\\\\`"),
    ("a[?@.b]", 2, "filters in paths are not supported; `when` and `if(condition, a, b)` take conditions"),
    ("..a", 0, "a path begins with a name, `$` or `@`, as in `$..name`"),
    ("a[]", 1, "expected an index, a name in quotes or `*` between these brackets; every element is `[*]`"),
    ("a | int[][]", 9, "an array of arrays is not supported: a type takes `[]` once"),
    ("a == 1", 2, "an expression gives a value; a condition stands in `when` and in `if(condition, a, b)`"),
    ("a = 1", 2, "two values are compared by `==`; one `=` gives a named argument"),
    ("exists(a)", 0, "`exists` is a condition, which stands in `when` and in `if(condition, a, b)`"),
    ("a | exists(b)", 4, None),
    ("a | if(a == 1, b, c)", 4, "`if` is no step: write `if(condition, then, else)`"),
    (
        "if(a, b, c)",
        3,
        "`if` takes a condition and two values, as in `if(a == 1, b, null)`; this is no condition (`==` compares)",
    ),
    ("if(a == 1, b)", 0, "`if` takes a condition and two values, as in `if(a == 1, b, null)`; got 2 arguments"),
    ("if(a == 1, b == 2, c)", 11, "`if` takes a value here, not a condition"),
    ("if(a == 1, b, c=1)", 14, "`if` takes no argument `c=`"),
    ("type(a, b)", 0, "`type` takes one value; got 2 arguments"),
    ("trim(a)", 0, "there is no function `trim`; a step stands behind a value, as in `field | trim(…)`"),
    ("a | x(y=1, y=2)", 11, "the argument `y=` is given twice"),
    ("a | x(y=1, 2)", 11, "an argument without a name can't follow one with a name"),
    ("a | map('x')", 8, "`map` takes steps, as in `map(trim | lower)`"),
    ("a | map(b == 1)", 8, "`map` takes steps, as in `map(trim | lower)`"),
    ("1e10001", 0, "a number in a slip has an exponent of at most 10,000"),
    ("1e9999999999999999999", 0, "a number in a slip has an exponent of at most 10,000"),
    ("1e999999999999", 0, "a number in a slip has an exponent of at most 10,000"),
    ("1" * 1001, 0, "a number in a slip has at most 1000 digits"),
    ("a[9999999999999999999]", 2, "an index has at most 15 digits"),
]


@pytest.mark.parametrize(("text", "at", "sentence"), WRONG)
def test_what_is_no_expression_is_told_with_its_place(text: str, at: int, sentence: str | None) -> None:
    with pytest.raises(ExpressionError) as wrong:
        parse_expression(text)
    assert wrong.value.at == at
    assert sentence is None or wrong.value.sentence == sentence


@pytest.mark.parametrize(
    ("text", "at", "sentence"),
    [
        ("", 0, "expected a predicate, got nothing"),
        ("a", 1, "expected a comparison or `in`, as in `a == 1`; that a value is there is `exists(a)`"),
        ("a = 1", 2, "two values are compared by `==`; one `=` gives a named argument"),
        ("a == 1 && b == 2", 7, "two conditions are joined by `and`"),
        ("!exists(a)", 0, "a condition is turned round by `not`"),
        ("a in b", 5, "expected a list behind `in`, as in `a in [1, 2]`, got `b`"),
        ("exists a", 7, "expected `(`, as in `exists(name)`, got `a`"),
        ("matches(a)", 0, "`matches` takes a value and a grammar, as in `matches(message, combined)`; got 1 argument"),
        ("matches(a, 'b')", 11, "`matches` takes the name of a grammar here, as in `matches(message, combined)`"),
    ],
)
def test_what_is_no_predicate_is_told_with_its_place(text: str, at: int, sentence: str) -> None:
    with pytest.raises(ExpressionError) as wrong:
        parse_predicate(text)
    assert (wrong.value.at, wrong.value.sentence) == (at, sentence)


@pytest.mark.parametrize(
    ("expression", "at", "sentence"),
    [
        ("a | trimm", 4, "there is no step `trimm`; did you mean `trim`?"),
        ("a | trim(1)", 4, "the step `trim` takes no arguments; got 1"),
        ("a | replace('x')", 4, "the step `replace` takes 2 arguments, as in `replace(',', '.')`; got 1"),
        ("a | concat", 4, "the step `concat` takes at least 1 argument, as in `concat(' ', name)`; got 0"),
        ("a | default(b == 1)", 12, "the step `default` takes a value here, not a condition"),
        ("a | split(b)", 10, "the step `split` takes a quoted text here, as in `split(',')`"),
        ("a | split('')", 10, "the step `split` takes a text here that is not empty, as in `split(',')`"),
        ("a | trim(x=1)", 11, "the step `trim` takes no argument `x=`"),
        ("a | trim[]", 4, "`[]` makes an array of a type; `trim` is a step"),
        ("a | parse('pair')", 10, "the step `parse` takes the name of a grammar here, without quotes, as in `parse(combined)`"),
        ("a | parse(pairs)", 10, "there is no grammar `pairs`; did you mean `pair`?"),
        ("a | parse(other)", 10, "there is no grammar `other`; `[grammars]` declares them"),
        ("a | lookup(countries)", 11, "there is no map `countries`; did you mean `country`?"),
        ("a | match('(')", 10, "this is no regular expression: missing ), unterminated subpattern"),
        (
            "a | match('(a)(b)')",
            10,
            "of several groups each needs a name, as in `(?P<year>[0-9]+)`; one that needs none is `(?:…)`",
        ),
        ("a | many(trim)", 9, "the step `many` takes `parse(grammar)` or `match('regex')` here, as in `many(parse(line))`"),
        ("a | sep_by(parse(pair))", 4, "the step `sep_by` takes 2 arguments, as in `sep_by(parse(item), ',')`; got 1"),
        ("a | many(parse(pairs))", 15, "there is no grammar `pairs`; did you mean `pair`?"),
        ("a | map(trimm)", 8, "there is no step `trimm`; did you mean `trim`?"),
        ("a | int(3)", 8, "the type int takes no arguments"),
        ("if(a == 1, a | int, a | text)", 0, "the options of a condition are of several types: int, text"),
    ],
)
def test_a_step_that_is_used_wrongly_is_told_with_its_place(expression: str, at: int, sentence: str) -> None:
    with pytest.raises(ExpressionError) as wrong:
        evaluated(expression, {})
    assert (wrong.value.at, wrong.value.sentence) == (at, sentence)


@given(
    st.lists(
        st.sampled_from(
            ["a", ".", "..", "[", "]", "*", "0", "|", "/", "(", ")", ",", "=", "==", "'x'", "@up", "$", "if", "map", "not", " "]
        )
    )
)
def test_any_text_is_an_expression_or_has_a_place_where_it_is_none(pieces: list[str]) -> None:
    text = " ".join(pieces)
    for parse in (parse_expression, parse_predicate):
        wrong = _wrong(parse, text)
        if wrong is not None:
            assert 0 <= wrong.at <= len(text)
            assert wrong.sentence


def _wrong(parse: Callable[[str], object], text: str) -> ExpressionError | None:
    try:
        parse(text)
    except ExpressionError as error:
        return error
    return None
