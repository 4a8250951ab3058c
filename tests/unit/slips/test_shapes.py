"""Shapes of expressions: unknown fields of a grammar's value are told without any document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from etl_actors.combinators.shape import AnyOf, Many, Object, Shape, Text
from etl_actors.slips.checking.shapes import check_predicate, item_shape, shape_of
from etl_actors.slips.expressions.expression import parse_expression, parse_predicate
from etl_actors.slips.model.vocabulary import Vocabulary
from etl_actors.slips.source.problems import ExpressionError

TEXT = Text()
REQUEST = Object("request", {"method": TEXT, "path": TEXT, "protocol": TEXT})
HEADER = Object("header", {"name": TEXT, "value": TEXT})
LINE = Object("line", {"message": TEXT, "request": REQUEST, "headers": Many(HEADER), "words": Many(TEXT)})
TREE = Object("tree", {"label": TEXT})
TREE.fields["children"] = Many(TREE)
EITHER = AnyOf((REQUEST, Object("dash", {"dash": TEXT}), TEXT))


@dataclass
class _Grammar:
    shape: Shape


_GRAMMARS: Any = {"combined": _Grammar(LINE), "word": _Grammar(TEXT), "request": _Grammar(REQUEST)}
VOCABULARY = Vocabulary(_GRAMMARS)
NAMES: dict[str, Shape | None] = {"log": LINE, "tree": TREE, "either": EITHER, "of_document": None}


def _shape(expression: str, names: Mapping[str, Shape | None] = NAMES) -> Shape | None:
    return shape_of(parse_expression(expression), names, VOCABULARY)


def _refused(expression: str, names: Mapping[str, Shape | None] = NAMES) -> tuple[int, str]:
    with pytest.raises(ExpressionError) as caught:
        _shape(expression, names)
    return caught.value.at, caught.value.sentence


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("message | parse(combined)", LINE),
        ("$.message | trim | parse(combined)", LINE),
        ("(message | parse(combined)).message", TEXT),
        ("(message | parse(combined)).request.path", TEXT),
        ("(message | parse(combined)).headers[*].name", Many(TEXT)),
        ("log", LINE),
        ("log.message", TEXT),
        ("log.headers", Many(HEADER)),
        ("log.headers[0]", HEADER),
        ("log.headers[-1].name", TEXT),
        ("log.headers[*]", Many(HEADER)),
        ("log.headers[*].name", Many(TEXT)),
        ("log.headers[1:3].value", Many(TEXT)),
        ("log.request['method', 'path']", Many(TEXT)),
        ("log.request.*", Many(TEXT)),
        ("log.headers | first", HEADER),
        ("(log.headers | last).value", TEXT),
        ("log.headers | as_list", Many(HEADER)),
        ("log.request | as_list", Many(REQUEST)),
        ("log.request | required", REQUEST),
        ("log.message | null_if('-')", TEXT),
        ("log.message | default('-')", TEXT),
        ("log.request | default(null)", REQUEST),
        ("tree.children[0].children[0].children[0].label", TEXT),
        ("either.method", TEXT),
        ("either.dash", TEXT),
        ("log.request / null", REQUEST),
        ("(log.message | parse(request) / null).path", TEXT),
        ("log.request / tree", AnyOf((REQUEST, TREE))),
        ("log.request / $.request", None),
        ("log.request | jsonb", None),
        ("$.anything.at.all", None),
        ("anything", None),
        ("of_document.anything", None),
        ("log.message | from_json_of_own", None),
        ("type(log.message)", None),
        ("'text'", TEXT),
        ("@key", None),
    ],
)
def test_an_expression_has_the_shape_that_its_grammar_decides(expression: str, shape: Shape | None) -> None:
    assert _shape(expression) == shape


@pytest.mark.parametrize(
    ("expression", "at", "sentence"),
    [
        ("log.mesage", 0, "`line` has no field `mesage`; did you mean `message`?"),
        ("log.zzz", 0, "`line` has no field `zzz`; it has `message`, `request`, `headers`, `words`"),
        ("x / log.request.pth | text", 4, "`request` has no field `pth`; did you mean `path`?"),
        ("(message | parse(combined)).mesage", 0, "`line` has no field `mesage`; did you mean `message`?"),
        ("log.message.text", 0, "`log.message` is a text: it has no fields, and so no `text`"),
        (
            "log.headers.name",
            0,
            "`log.headers` is a list, which has no field `name`: `[0]` takes its first element, `[*]` all, and a table with `each` has a row for each",
        ),
        ("log.headers[*].nme", 0, "`header` has no field `nme`; did you mean `name`?"),
        ("log.headers[0].nme", 0, "`header` has no field `nme`; did you mean `name`?"),
        (
            "log.request[0]",
            0,
            "`log.request` is an object of `request` and no list: `[0]` finds nothing in it (`as_list` makes a list)",
        ),
        ("log.message[0]", 0, "`log.message` is a text: `[0]` finds nothing in it"),
        ("log.message[*]", 0, "`log.message` is a text: `[*]` finds nothing in it"),
        ("log.request['path', 'nmae']", 0, "`request` has no field `nmae`; it has `method`, `path`, `protocol`"),
        ("tree.children[0].children[0].labl", 0, "`tree` has no field `labl`; did you mean `label`?"),
        ("either.methd", 0, "`request` or `dash` has no field `methd`; did you mean `method`?"),
        ("(log.headers | first).nme", 0, "`header` has no field `nme`; did you mean `name`?"),
        ("(log.headers | first | required).value.x", 0, "what stands before `.x` is a text: it has no fields, and so no `x`"),
        ("type(log.mesage)", 5, "`line` has no field `mesage`; did you mean `message`?"),
        ("x | default(log.mesage)", 12, "`line` has no field `mesage`; did you mean `message`?"),
        ("x | parse(combind)", 4, "there is no grammar `combind`; did you mean `combined`?"),
        ("x | parse(zzz)", 4, "there is no grammar `zzz`; `[grammars]` declares them"),
    ],
)
def test_what_no_value_has_is_told_with_a_remedy(expression: str, at: int, sentence: str) -> None:
    assert _refused(expression) == (at, sentence)


@pytest.mark.parametrize("step", ["many(parse(request))", "sep_by(trim | parse(request), ',')", "map(trim | parse(request))"])
def test_steps_on_many_pieces_give_lists_of_their_shape(step: str) -> None:
    assert _shape(f"log.words | {step}") == Many(REQUEST)
    assert _shape(f"(log.words | {step})[0].path") == TEXT
    sentence = "`request` has no field `pth`; did you mean `path`?"
    assert _refused(f"(log.words | {step})[0].pth") == (0, sentence)
    assert _refused(f"log.words | {step.replace('parse(request)', 'parse(request).pth')}")[1] == sentence


def test_a_mapped_step_sees_the_elements() -> None:
    assert _shape("log.headers | map(required)") == Many(HEADER)
    assert _shape("log.headers | map(upper)") is None


def test_both_branches_of_an_if_and_its_condition_are_checked() -> None:
    assert _shape("if(exists(log.request.path), log.request, null)") == REQUEST
    assert _shape("if(exists(log.request.path), log.request, $.x)") is None
    assert _refused("if(exists(log.request.pth), log.request, null)")[0] == len("if(exists(")
    assert _refused("if(exists(x), log.request, log.mesage)")[1] == "`line` has no field `mesage`; did you mean `message`?"


def test_descendants_are_found_at_any_depth_and_told_where_there_are_none() -> None:
    assert _shape("log..path") == Many(TEXT)
    assert _shape("tree..label") == Many(TEXT)
    assert _shape("(x | parse(combined))..value") == Many(TEXT)
    found = _shape("tree..*")
    assert isinstance(found, Many)
    assert isinstance(found.item, AnyOf)
    assert set(found.item.options) == {TEXT, TREE, Many(TREE)}
    assert _refused("log..pth")[1].endswith("has no field `pth`; did you mean `path`?")


def test_the_item_of_each_is_what_bare_names_are_fields_of() -> None:
    item = item_shape(_shape("log.headers"))
    names: dict[str, Shape | None] = {"@": item, "value": LINE}
    assert item is HEADER
    assert _shape("name", names) == _shape("@.name", names) == _shape("@.value", names) == TEXT
    assert _shape("value", names) == LINE  # a let wins
    assert _refused("nme", names) == (0, "`header` has no field `nme`; did you mean `name`?")
    assert _refused("@.nme | text", names) == (0, "`header` has no field `nme`; did you mean `name`?")
    assert _shape("@up.anything", names) is None
    assert _refused("@up.nme", {"@up": HEADER})[1] == "`header` has no field `nme`; did you mean `name`?"


def test_the_items_of_what_is_no_list_have_no_shape() -> None:
    assert item_shape(None) is None
    assert item_shape(LINE) is None
    assert item_shape(AnyOf((Many(HEADER), Many(REQUEST)))) == AnyOf((HEADER, REQUEST))


@pytest.mark.parametrize(
    "predicate",
    [
        "exists(log.mesage)",
        "log.mesage == 'x'",
        "'x' < log.mesage",
        "log.mesage in ['x']",
        "message in [log.mesage]",
        "exists(x) and not (exists(y) or exists(log.mesage))",
    ],
)
def test_predicates_are_checked_in_every_part(predicate: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_predicate(parse_predicate(predicate), NAMES, VOCABULARY)
    assert caught.value.sentence == "`line` has no field `mesage`; did you mean `message`?"
    assert caught.value.at == predicate.index("log.mesage")
    check_predicate(parse_predicate(predicate.replace("mesage", "message")), NAMES, VOCABULARY)


def test_a_grammar_that_a_predicate_names_must_be_there() -> None:
    check_predicate(parse_predicate("matches(log.message, word)"), NAMES, VOCABULARY)
    with pytest.raises(ExpressionError, match="there is no grammar `wrd`; did you mean `word`"):
        check_predicate(parse_predicate("matches(log.message, wrd)"), NAMES, VOCABULARY)
