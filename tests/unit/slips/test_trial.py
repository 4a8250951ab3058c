"""A trial: what a slip makes of one document, as values to look at."""

from collections.abc import Callable
from typing import Any

import pytest

from etl_actors.errors import SlipError
from etl_actors.relational.reject import Stage
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.trying.trial import Outcome, Trier, as_stored, takes, value_of

SLIP = """\
name = "s"
source = ["a", "b"]
when = "exists(id) or exists(items)"
[tables.t]
when = "not (skip == true)"
columns.id = "id | text"
columns.n  = "n | int"
[tables.item]
parent = "t"
each = "items[*]"
on_error = "item"
columns.n = "n | required | int"
"""


def trier(toml: str = SLIP, **files: str) -> Trier:
    named = {name.replace("__", "."): text for name, text in files.items()}
    return Trier(read_slip({"slip.toml": toml, **named}, "public"))


def test_rows_are_told_by_table_as_postgresql_writes_them() -> None:
    trial = trier().attempt(b'{"id": "a\\tb\\\\N\\n", "n": 12.0, "items": [{"n": 1}]}')
    assert trial.outcome is Outcome.ROWS
    assert trial.rows == {"t": [{"id": "a\tb\\N\n", "n": "12"}], "item": [{"n": "1"}]}
    assert trial.rejects == ()


def test_items_that_fail_alone_are_told_beside_the_rows() -> None:
    trial = trier().attempt(b'{"id": "a", "items": [{"n": "x"}, {"n": 2}]}')
    assert trial.outcome is Outcome.ROWS
    assert trial.rows["item"] == [{"n": "2"}]
    assert [(reject.item, reject.reason, reject.detail["path"]) for reject in trial.rejects] == [
        (True, "not_an_integer", "$.items[0].n")
    ]


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (b'{"id": 1, "skip": true}', Outcome.SKIPPED),
        (b'{"else": 1}', Outcome.NOT_TAKEN),
        (b'{"id": 1, "n": "x"}', Outcome.REJECTED),
        (b'{"$raw": "{", "$reason": "cut_short", "$error": "line 1"}', Outcome.REJECTED),
        (b"[" * 600 + b"]" * 600, Outcome.REJECTED),
    ],
)
def test_what_gives_no_rows_says_why(payload: bytes, outcome: Outcome) -> None:
    trial = trier().attempt(payload)
    assert trial.outcome is outcome
    assert trial.rows == {}
    assert len(trial.rejects) == (outcome is Outcome.REJECTED)


def test_a_bug_in_a_step_is_told_with_what_it_raised() -> None:
    steps = "from etl_actors import step\n\n@step\ndef half(value: int) -> int:\n    return value // 0\n"
    trial = trier('name = "s"\n[tables.t]\ncolumns.n = "n | half | int"\n', steps__py=steps).attempt(b'{"n": 1}')
    (reject,) = trial.rejects
    assert (reject.stage, reject.reason) == (Stage.MAP, "bug")
    assert "ZeroDivisionError" in reject.message
    assert any(frame.startswith("half:") for frame in reject.detail["frames"])


@pytest.mark.parametrize("raised", ["SystemExit", "KeyboardInterrupt"])
def test_a_step_that_would_end_the_process_is_a_bug_as_in_production(raised: str) -> None:
    steps = f"from etl_actors import step\n\n@step\ndef half(value: int) -> int:\n    raise {raised}(value)\n"
    trial = trier('name = "s"\n[tables.t]\ncolumns.n = "n | half | int"\n', steps__py=steps).attempt(b'{"n": 1}')
    (reject,) = trial.rejects
    assert (reject.stage, reject.reason) == (Stage.MAP, "bug")
    assert f"the step `half` raised {raised}" in reject.message


@pytest.mark.parametrize(("raised", "told"), [("sys.exit(9)", "SystemExit: 9"), ("raise KeyboardInterrupt", "KeyboardInterrupt")])
def test_steps_that_would_end_the_process_as_they_are_imported_are_a_sentence(raised: str, told: str) -> None:
    steps = f"import sys\nfrom etl_actors import step\n{raised}\n@step\ndef half(value: int) -> int:\n    return value\n"
    with pytest.raises(SlipError, match=rf"^slip s: its steps\.py raised {told}$"):
        trier('name = "s"\n[tables.t]\ncolumns.n = "n | half | int"\n', steps__py=steps)


def test_a_document_is_of_the_slips_first_source_unless_another_is_named() -> None:
    toml = 'name = "s"\nsource = ["a", "b"]\n[tables.t]\ncolumns.s = "@source | text"\n'
    assert trier(toml).attempt(b"{}").rows["t"] == [{"s": "a"}]
    assert Trier(read_slip({"slip.toml": toml}, "public"), "b").attempt(b"{}").rows["t"] == [{"s": "b"}]
    assert trier(toml.replace('source = ["a", "b"]\n', "")).attempt(b"{}").rows["t"] == [{"s": "s"}]


@pytest.mark.parametrize(
    ("source", "payload", "taken"), [("a", b'{"id": 1}', True), ("a", b"{}", False), ("c", b'{"id": 1}', False)]
)
def test_a_slip_takes_what_is_of_its_source_and_fulfils_its_when(source: str, payload: bytes, *, taken: bool) -> None:
    assert takes(read_slip({"slip.toml": SLIP}, "public"), source, payload) is taken


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (b'{"a": 1e3}', b'{"a":1000}'),
        (b'{"a": 1.50}', b'{"a":1.50}'),
        (b'{"a": 1, "a": 2}', b'{"a":2}'),
        (b"[12345678901234567890.5]", b"[12345678901234567890.5]"),
        (b"[1e5000]", b"[1" + 5000 * b"0" + b"]"),
        (b"[" + 5000 * b"9" + b"]", b"[" + 5000 * b"9" + b"]"),
    ],
)
def test_json_is_taken_as_jsonb_gives_it_back(text: bytes, stored: bytes) -> None:
    assert as_stored(text) == stored


@pytest.mark.parametrize("text", [b"{", b'"\\u0000"', b'"\\ud800"'])
def test_what_jsonb_does_not_take_is_refused(text: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's own sentence, or ours
        as_stored(text)


@pytest.mark.parametrize("read", [as_stored, value_of])
def test_what_is_nested_deeper_than_can_be_read_is_refused_like_what_is_no_json(read: Callable[[bytes], Any]) -> None:
    with pytest.raises(ValueError, match="expected a document at most 512 deep, got a deeper one"):
        read(b"[" * 5000 + b"]" * 5000)
