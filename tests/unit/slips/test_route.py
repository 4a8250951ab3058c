"""The choice among slips, by predicates and priority."""

from typing import Any

import pytest

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.mapping.route import Routed, choose, routed
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.slips.values.document import Staged

STAGED = Staged(3, b"", "web", "")


def slip(name: str, when: str | None = None, priority: int = 0) -> Routed:
    line = "" if when is None else f"when = '''{when}'''\n"
    grammar = '[grammars]\nword = { text = "start: /[a-z]+/" }\n'
    toml = f'name = "{name}"\npriority = {priority}\n{line}{grammar}[tables.{name}]\ncolumns.a = "a | text"'
    return routed(read_slip({"slip.toml": toml}, "public"))


@pytest.mark.parametrize(
    ("when", "document", "holds"),
    [
        ("exists(a)", {"a": 0}, True),
        ("exists(a)", {"a": None}, False),
        ("exists(a.b)", {"a": 1}, False),
        ("exists(a[*].b)", {"a": [{"b": None}, {"b": 1}]}, True),
        ("exists(a[*].b)", {"a": [{"b": None}]}, False),
        ("not exists(a)", [], True),
        ("a == 1", {"a": 1.0}, True),
        ("a == 1", {"a": True}, False),
        ("a == true", {"a": 1}, False),
        ("a == true", {"a": True}, True),
        ("a == '1'", {"a": 1}, False),
        ("a == null", {}, True),
        ("a != null", {"a": False}, True),
        ("null == a", {}, True),
        ("a != 'x'", {}, False),
        ("a != 'x'", {"a": 1}, True),
        ("a == b", {}, False),
        ("a == b", {"a": {"x": [1]}, "b": {"x": [1.0]}}, True),
        ("a < 2", {"a": 1.5}, True),
        ("a < 2", {"a": "1"}, False),
        ("a >= 'b'", {"a": "c"}, True),
        ("a <= null", {}, False),
        ("a > false", {"a": True}, False),
        ("a in ['x', 2, null]", {"a": 2}, True),
        ("a in ['x', 2, null]", {}, True),
        ("a in ['x', 2]", {}, False),
        ("a in []", {"a": 1}, False),
        ("type(a) == 'object'", {"a": {}}, True),
        ("type(a) == 'null'", {}, True),
        ("type($) == 'array'", [1], True),
        ("type == 'x' and exists == 1", {"type": "x", "exists": 1}, True),
        ("a == 1 or b == 1 and c == 1", {"a": 1}, True),
        ("(a == 1 or b == 1) and c == 1", {"a": 1}, False),
        ("not (a == 1) and not a == 2", {"a": 3}, True),
        ("a | int > 5", {"a": "6"}, True),
        ("a | int > 5", {"a": "x"}, False),
        ("not (a | int > 5)", {"a": "x"}, False),  # what fails does not hold
        ("@source == 'web' and @row_id == 3", {}, True),
        ("a[1] == 'y'", {"a": ["x", "y"]}, True),
        ("'x' in [a, b]", {"b": "x"}, True),
        ("matches(a, word)", {"a": "abc"}, True),
        ("matches(a, word)", {"a": "abc1"}, False),
        ("matches(a, word)", {"a": 1}, False),
        ("matches(a, word)", {}, False),
        ("not matches(a, word)", {}, True),
        ("matches(a | split(' ') | first, word)", {"a": "abc 1"}, True),
        ("a | parse(word) == 'abc'", {"a": "abc"}, True),
        ("a | parse(word) == 'abc'", {"a": "1"}, False),
        ("if(exists(a), a, b) == 1", {"b": 1}, True),
        ("exists((a | as_list)[*].b)", {"a": {"c": 1}}, False),
        ("exists((a | as_list)[*].b)", {"a": [{"c": 1}, {"b": 1}]}, True),
        ("exists($..deep)", {"a": [{"deep": None}]}, False),
        ("exists($..deep)", {"a": [{"deep": 1}]}, True),
    ],
)
def test_a_predicate_holds(when: str, document: Any, holds: bool) -> None:  # noqa: FBT001
    assert slip("s", when).takes(STAGED, document) is holds


def test_the_highest_priority_that_takes_the_document_wins() -> None:
    candidates = [slip("high", "exists(a)", 2), slip("mid", None, 1), slip("low")]
    assert isinstance(one := choose(candidates, {"a": 1}, STAGED), Routed)
    assert one.slip.name == "high"
    assert isinstance(one := choose(candidates, {}, STAGED), Routed)
    assert one.slip.name == "mid"


def test_two_of_equal_priority_are_a_reject_that_names_both() -> None:
    reject = choose([slip("b", "exists(a)"), slip("a", "exists(a)"), slip("c", "exists(c)")], {"a": 1}, STAGED)
    assert isinstance(reject, Reject)
    assert (reject.stage, reject.reason, reject.row_id) == (Stage.ROUTE, "ambiguous_route", 3)
    assert "a, b" in reject.message
    assert reject.detail["slips"] == ["a", "b"]


def test_a_document_that_no_slip_takes_is_a_reject() -> None:
    for candidates in ([], [slip("s", "exists(a)")]):
        reject = choose(candidates, {}, STAGED)
        assert isinstance(reject, Reject)
        assert (reject.stage, reject.reason) == (Stage.ROUTE, "no_slip")


def test_slips_of_other_sources_cost_nothing() -> None:
    """Of 100 slips of 100 sources, one predicate is asked: that of the row's own."""
    asked: list[str] = []

    def counting(candidate: Routed) -> Routed:
        def takes(staged: Staged, document: Any) -> bool:
            asked.append(candidate.slip.name)
            return candidate.takes(staged, document)

        return Routed(candidate.slip, takes)

    slips = tuple(
        read_slip(
            {"slip.toml": f'name = "s{n}"\nsource = "source{n}"\nwhen = "exists(a)"\n[tables.t{n}]\ncolumns.a = "a | text"'},
            "public",
        )
        for n in range(100)
    )
    catalogue = Catalogue(slips)
    compiled = {one.name: counting(routed(one)) for one in slips}
    for number in (0, 42, 99):
        staged = Staged(1, b"", f"source{number}", "")
        chosen = choose([compiled[one.name] for one in catalogue.for_source(staged.source)], {"a": 1}, staged)
        assert isinstance(chosen, Routed)
        assert chosen.slip.name == f"s{number}"
    assert asked == ["s0", "s42", "s99"]


def test_slips_of_lower_priority_are_not_asked_when_one_is_found() -> None:
    asked: list[str] = []

    def counting(name: str, when: str, priority: int) -> Routed:
        made = slip(name, when, priority)
        return Routed(made.slip, lambda staged, document: asked.append(name) or made.takes(staged, document))  # type: ignore[func-returns-value]

    chosen = choose(
        [counting("a", "exists(a)", 2), counting("b", "exists(b)", 1), counting("c", "exists(c)", 0)], {"b": 1}, STAGED
    )
    assert isinstance(chosen, Routed)
    assert (chosen.slip.name, asked) == ("b", ["a", "b"])


def test_a_predicate_may_use_a_step_of_the_slip_s_own() -> None:
    steps = "from etl_actors import step\n\n@step\ndef half(value: int) -> int:\n    return value // 2\n"
    toml = 'name = "s"\nwhen = "a | half == 2"\n[tables.t]\ncolumns.a = "a | text"'
    takes = routed(read_slip({"slip.toml": toml, "steps.py": steps}, "public")).takes
    assert [takes(STAGED, {"a": value}) for value in (4, 5, 6, None, "x")] == [True, True, False, False, False]
