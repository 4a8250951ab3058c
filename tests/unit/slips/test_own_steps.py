"""The steps of a slip's own are found by reading `steps.py`, and run only where they are loaded."""

import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import etl_actors
from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.compile import compile_slip
from etl_actors.slips.steps.own_steps import OwnStep
from etl_actors.slips.steps.run_own import StepEnded, load_own_steps
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.refused import Refused
from tests.support.slips import TABLE, first_lines, read, refusal

IMPORT = "from etl_actors import step\n"


def found(text: str) -> dict[str, OwnStep]:
    return dict(read(f'name = "s"{TABLE}', steps_py=text).vocabulary.steps)


def loaded(text: str) -> dict[str, Callable[..., Any]]:
    return load_own_steps({"steps.py": text}, found(text))


def test_the_mark_leaves_a_function_what_it_is() -> None:
    def double(value: int) -> int:
        return value * 2

    assert etl_actors.step(double) is double


def test_reading_a_slip_runs_nothing() -> None:
    assert list(found(f"{IMPORT}raise RuntimeError\n@step\ndef f(value: str) -> str: return value\n")) == ["f"]


@pytest.mark.parametrize(
    ("definition", "step"),
    [
        ("def f(value: str) -> str: ...", OwnStep("f", "str", takes_null=False, least=0, most=0)),
        ("def f(value: int | None): ...", OwnStep("f", "int", takes_null=True, least=0, most=0)),
        ("def f(value: None | float): ...", OwnStep("f", "float", takes_null=True, least=0, most=0)),
        ("def f(value: Optional[Decimal]): ...", OwnStep("f", "Decimal", takes_null=True, least=0, most=0)),
        ("def f(value: decimal.Decimal): ...", OwnStep("f", "Decimal", takes_null=False, least=0, most=0)),
        ("def f(value: list[str]): ...", OwnStep("f", "list", takes_null=False, least=0, most=0)),
        ("def f(value: dict[str, Any] | None): ...", OwnStep("f", "dict", takes_null=True, least=0, most=0)),
        ("def f(value: 'typing.Any'): ...", OwnStep("f", "Any", takes_null=False, least=0, most=0)),
        ("def f(value: bool, a: str, b: int = 1): ...", OwnStep("f", "bool", takes_null=False, least=1, most=2)),
        ("def f(value: str = '', a: int = 2, /): ...", OwnStep("f", "str", takes_null=False, least=0, most=1)),
    ],
)
def test_a_step_is_what_its_definition_says(definition: str, step: OwnStep) -> None:
    assert found(f"{IMPORT}@step\n{definition}\n") == {"f": step}


@pytest.mark.parametrize(
    "text",
    [
        "from etl_actors import step as mark\n@mark\ndef f(value: str): ...",
        "import etl_actors\n@etl_actors.step\ndef f(value: str): ...",
        "import etl_actors as e\n@e.step\ndef f(value: str): ...",
        "from functools import cache\nfrom etl_actors import step\n@step\n@cache\ndef f(value: str): ...\ndef g(x): ...",
    ],
)
def test_steps_are_known_by_their_mark_whatever_it_is_called(text: str) -> None:
    assert list(found(text)) == ["f"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f(:\n", "1:7: this is no Python: invalid syntax"),
        ("a = '''", "1:5: this is no Python: unterminated triple-quoted string literal"),
        ("@step\ndef f(value: str): ...", "1:2: `step` is not imported: `from etl_actors import step` does it"),
        (f"{IMPORT}@step\ndef f(): ...", "3:1: the step `f` needs an argument for the value"),
        (f"{IMPORT}@step\ndef f(value): ...", "3:7: the value of the step `f` needs a type hint: str, int, float, Decimal"),
        (f"{IMPORT}@step\ndef f(value: string): ...", "3:14: the value of a step is hinted str, int"),
        (f"{IMPORT}@step\ndef f(value: str | int): ...", "3:14: the value of a step is hinted str, int"),
        (f"{IMPORT}@step\ndef f(value: None): ...", "3:14: the value of a step is hinted str, int"),
        (
            f"{IMPORT}@step\ndef f(value: str, *rest): ...",
            "3:20: a step takes its arguments by place, and a number that is known; got",
        ),
        (
            f"{IMPORT}@step\ndef f(value: str, **rest): ...",
            "3:21: a step takes its arguments by place, and a number that is known",
        ),
        (
            f"{IMPORT}@step\ndef f(value: str, *, a): ...",
            "3:22: a step takes its arguments by place; `a` can only be given by name",
        ),
        (f"{IMPORT}@step\nasync def f(value: str): ...", "3:1: the step `f` is async; a step is a plain function"),
        (f"{IMPORT}@step\ndef f(value: str):\n  yield 1", "3:1: the step `f` is a generator; a step returns its value"),
        (f"{IMPORT}@step\ndef trim(value: str): ...", "3:1: `trim` is a step or type of the language"),
        (f"{IMPORT}@step\ndef inet(value: str): ...", "3:1: `inet` is a step or type of the language"),
        (f"{IMPORT}@step\ndef parse(value: str): ...", "3:1: `parse` is a step or type of the language"),
        (f"{IMPORT}@step\ndef f(value: str): ...\n@step\ndef f(value: int): ...", "5:1: there is a step `f` already"),
        (f"{IMPORT}class A:\n    @step\n    def f(value: str): ...", "4:5: a step is a function of its own: `f` stands within"),
        (f"{IMPORT}@step\ndef f(ü: str, ä: int, *é): ...", "3:24: a step takes its arguments by place"),
    ],
)
def test_a_wrong_step_is_refused_with_its_place(text: str, wanted: str) -> None:
    (line,) = first_lines(f'name = "s"{TABLE}', steps_py=text)
    assert line.startswith(f"steps.py:{wanted}")


def test_the_caret_stands_in_the_line_of_steps_py() -> None:
    _, source, caret = refusal(f'name = "s"{TABLE}', steps_py=f"{IMPORT}@step\ndef f(value: string): ...").splitlines()
    assert source[caret.index("^") :] == "string): ..."


def test_a_generator_within_a_step_is_its_own_affair() -> None:
    assert found(f"{IMPORT}@step\ndef f(value: list):\n  def g():\n    yield 1\n  return list(g())\n")


def test_what_uses_steps_of_a_broken_file_is_not_called_wrong_too() -> None:
    lines = first_lines('name = "s"\n[tables.t]\ncolumns.a = "a | f | text"', steps_py="?")
    assert [line.split(": ")[0] for line in lines] == ["steps.py:1:1"]


def test_a_loaded_step_takes_the_value_and_the_arguments() -> None:
    call = loaded(f"{IMPORT}@step\ndef f(value: str, a: str, b: str = 'z') -> str: return value + a + b\n")["f"]
    assert (call("x", "y"), call("x", "y", "!")) == ("xyz", "xy!")


def test_null_passes_a_step_unless_it_wants_to_see_it() -> None:
    steps = loaded(
        f"{IMPORT}@step\ndef plain(value: str) -> str: return 'never'\n"
        "@step\ndef seen(value: str | None) -> str: return 'none' if value is None else value\n"
    )
    assert (steps["plain"](None), steps["seen"](None)) == (None, "none")


@pytest.mark.parametrize(
    ("hint", "value", "taken"),
    [
        ("int", 3, 3),
        ("int", Decimal(12345678901234567890), 12345678901234567890),
        ("int", 3.0, 3),
        ("float", Decimal("0.5"), 0.5),
        ("float", 3, 3.0),
        ("Decimal", 0.1, Decimal("0.1")),
        ("Decimal", 3, Decimal(3)),
        ("list", [1], [1]),
        ("dict", {"a": 1}, {"a": 1}),
        ("bool", True, True),
        ("Any", "x", "x"),
    ],
)
def test_a_value_comes_as_the_kind_that_the_hint_names(hint: str, value: Any, taken: Any) -> None:
    top = f"{IMPORT}from decimal import Decimal\nfrom typing import Any\nseen = []\n"
    call = loaded(f"{top}@step\ndef f(value: {hint}): return value\n")["f"]
    assert call(value) == taken
    assert type(call(value)) is type(taken)


@pytest.mark.parametrize(
    ("hint", "value", "reason", "sentence"),
    [
        ("str", 1, "not_text", "expected a string (`text` makes one), got 1"),
        ("int", True, "not_an_integer", "expected an integer (`int` makes one), got true"),
        ("int", 1.5, "not_an_integer", "expected an integer (`int` makes one), got 1.5"),
        ("int", float("inf"), "not_an_integer", "expected an integer (`int` makes one), got inf"),
        ("float", "1", "not_a_number", "expected a number (`double` makes one), got '1'"),
        ("Decimal", None, "", ""),
        ("bool", 1, "not_a_boolean", "expected a boolean (`boolean` makes one), got 1"),
        ("list", {}, "not_an_array", "expected an array (`as_list` makes one), got an object of 0 keys"),
        ("dict", [], "not_an_object", "expected an object, got an array of 0"),
    ],
)
def test_a_value_of_another_kind_is_refused(hint: str, value: Any, reason: str, sentence: str) -> None:
    call = loaded(f"{IMPORT}from decimal import Decimal\n@step\ndef f(value: {hint}): return value\n")["f"]
    if not reason:
        assert call(value) is None
        return
    with pytest.raises(Refused) as refused:
        call(value)
    assert (refused.value.reason, refused.value.sentence) == (reason, sentence)


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [
        ("ValueError('ten digits')", "expected ten digits, got 'x'"),
        ("ValueError", "expected what the step `f` takes, got 'x'"),
    ],
)
def test_a_value_error_refuses_the_value(raised: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        loaded(f"{IMPORT}@step\ndef f(value: str): raise {raised}\n")["f"]("x")
    assert (refused.value.reason, refused.value.sentence) == ("step_failed", sentence)
    assert refused.value.__cause__ is None


def test_any_other_error_of_a_step_is_a_bug_whose_traceback_shows_its_line() -> None:
    with pytest.raises(KeyError) as bug:
        loaded(f"{IMPORT}@step\ndef f(value: str): return {{}}[value]\n")["f"]("x")
    assert "return {}[value]" in "".join(traceback.format_exception(bug.value))


@pytest.mark.parametrize("raised", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException"])
def test_what_is_no_exception_is_one_when_it_leaves_a_step_and_its_text_is_left_behind(raised: str) -> None:
    call = loaded(f"{IMPORT}@step\ndef f(value: str): raise {raised}(value)\n")["f"]
    with pytest.raises(StepEnded, match=rf"^the step `f` raised {raised}$") as ended:
        call("terces"[::-1])
    assert ended.value.kind == raised
    assert "secret" not in "".join(traceback.format_exception(ended.value))
    assert traceback.extract_tb(ended.value.__traceback__)[-1].name == "f", "the traceback goes down to the step's own line"


def test_ctrl_c_while_a_step_runs_is_nobodys_bug() -> None:
    call = loaded(f"{IMPORT}import signal\n@step\ndef f(value: str): signal.raise_signal(signal.SIGINT)\n")["f"]
    with pytest.raises(KeyboardInterrupt):
        call("x")


def test_what_a_step_returns_is_a_value_of_json() -> None:
    with pytest.raises(TypeError, match=r"expected the step `f` to return str, int, .*, got date"):
        loaded(f"{IMPORT}import datetime\n@step\ndef f(value: str): return datetime.date.today()\n")["f"]("x")


def test_a_file_may_use_what_looks_up_its_module() -> None:
    text = (
        f"from __future__ import annotations\n{IMPORT}from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n"
        "@step\ndef f(value: int) -> int: return A(value).x\n"
    )
    assert loaded(text)["f"](3) == 3


def test_a_file_that_fails_raises_what_it_raises_and_one_without_steps_is_not_run() -> None:
    with pytest.raises(ZeroDivisionError):
        loaded(f"{IMPORT}1 / 0\n@step\ndef f(value: str): ...\n")
    assert loaded("1 / 0\n") == {}


@pytest.mark.parametrize("made", ["float('nan')", "float('-inf')", "Decimal('sNaN')", "[1, {'a': [float('inf')]}]"])
@pytest.mark.parametrize("kind", ["jsonb", "text", "double", "numeric", "int", "real", "boolean", "date"])
def test_a_step_that_gives_no_finite_number_is_refused_whatever_the_column(made: str, kind: str) -> None:
    steps = f"from decimal import Decimal\n{IMPORT}@step\ndef odd(value: str) -> float: return {made}\n"
    slip = read(f'name = "s"\n[tables.t]\ncolumns.c = "a | odd | {kind}"\n', steps_py=steps)
    reject = compile_slip(slip).map(Staged(1, b"{}", "s", ""), {"a": "b"}, compile_slip(slip).begin())
    assert isinstance(reject, Reject)
    assert reject.reason == "not_a_number"
    assert reject.message.startswith("expected a finite number, got ")


def test_a_list_that_holds_itself_is_looked_at_once() -> None:
    steps = f"{IMPORT}@step\ndef odd(value: str) -> list:\n    made = []\n    made.append(made)\n    return made\n"
    assert len(loaded(steps)["odd"]("a")) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"x = {'-' * 100_000}1", "steps.py:1:1: this is nested deeper than Python reads"),
        (f"{IMPORT}@step\nclass f: pass", "steps.py:3:1: a step is a function, and `f` is a class"),
    ],
)
def test_what_is_no_step_is_told(text: str, sentence: str) -> None:
    assert refusal(f'name = "s"{TABLE}', steps_py=text).startswith(sentence)


POPPED = """name = "s"
[grammars]
list = { text = "start: item (\\",\\" item)*\\nitem: NAME \\"=\\" VALUE\\nNAME: /[a-z]+/\\nVALUE: /[0-9]+/" }
[let]
v = "a | parse(list)"
[tables.t]
columns.n = "v | without_last | int"
columns.a = "v.item[0] | text"
columns.b = "v | text"
"""


def test_a_value_that_a_step_has_changed_is_still_of_its_text() -> None:
    steps = f"{IMPORT}@step\ndef without_last(value: dict):\n    value['item'].pop()\n    return len(value['item'])\n"
    mapper = compile_slip(read(POPPED, steps_py=steps))
    lines = mapper.begin()
    assert mapper.map(Staged(1, b"", "s", ""), {"a": "x=1,y=2,z=3"}, lines) is True
    assert lines[0][0].split("\t")[2:] == ["2", "x=1", "x=1,y=2,z=3"]
