"""What `audit` prints of a report; the terminal's view of the whole command is in tests/sessions/audit.txt."""

import json
from datetime import UTC, datetime

import pytest

from etl_actors.cli import audit as command
from etl_actors.cli.audit import _show, _show_json, _tell
from etl_actors.store.audit.audit import AuditReport, Check, Enqueued, Finding

_CHECKS = (
    Check("unbalanced", 2, "the books add up", "Sources that are off"),
    Check("foreign_rows", 3, "nothing is mixed", "Mixed rows", "Keep the database."),
)
_WELL = AuditReport(1234, _CHECKS, ())
_BAD = AuditReport(1234, _CHECKS, (Finding("foreign_rows", 1500, ("row 7", "row 8")),))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_clean_audit_says_over_how_much_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    _show(_WELL)
    assert lines(capsys)[2:] == [
        "ok   the books add up",
        "ok   nothing is mixed",
        "",
        "2 checks over 1,234 staged rows: all hold.",
    ]


def test_what_failed_stands_first_and_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    _show(_BAD)
    assert lines(capsys)[2:] == [
        "NO   nothing is mixed   1,500",
        "ok   the books add up",
        "",
        "Mixed rows: 1,500 (row 7, row 8, …). Keep the database.",
        "2 checks over 1,234 staged rows: 1 failed.",
    ]


def test_all_examples_there_are_end_without_dots() -> None:
    two = AuditReport(2, _CHECKS, (Finding("unbalanced", 2, ("a", "b")),))
    assert two.sentence(two.findings[0]) == "Sources that are off: 2 (a, b)."
    one = AuditReport(2, _CHECKS, (Finding("unbalanced", 3, ("added: 1, there: 4",)),))
    assert one.sentence(one.findings[0]) == "Sources that are off: 3 (added: 1, there: 4)."


def test_an_audit_since_a_moment_says_of_what_and_what_else_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
    _show(AuditReport(50, _CHECKS, (), moment, 4711))
    assert lines(capsys)[-2:] == [
        "Of rows received before, only the ledger's sums and the number of rows in each table were checked.",
        "2 checks over 50 staged rows received since 2026-01-31 12:30:00 UTC (row 4711 and later): all hold.",
    ]
    _show(AuditReport(0, _CHECKS, (), moment, 2**63 - 1))
    assert lines(capsys)[-1] == "2 checks over 0 staged rows received since 2026-01-31 12:30:00 UTC: all hold."


@pytest.mark.parametrize(
    ("enqueued", "sentence"),
    [
        ((), "Nothing to repair: every staged row waits, is claimed, or is settled."),
        (
            (Enqueued("shop", 1200, 7), Enqueued("web", 1, 9)),
            (
                "Repaired: 1,201 staged rows enqueued that neither waited, were claimed nor settled "
                "(source shop: 1,200, from row 7 on; source web: 1, from row 9 on)."
            ),
        ),
    ],
    ids=["nothing", "two_sources"],
)
def test_a_repair_is_told_in_one_sentence_before_the_checks(
    enqueued: tuple[Enqueued, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _show(_WELL, enqueued)
    assert lines(capsys)[:2] == [sentence, ""]


def test_as_json_every_check_tells_whether_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    _show_json(_BAD, None, {})
    assert json.loads(capsys.readouterr().out) == {
        "holds": False,
        "rows": 1234,
        "since": None,
        "checks": [
            {
                "check": "unbalanced",
                "invariant": 2,
                "proves": "the books add up",
                "holds": True,
                "count": 0,
                "examples": [],
                "sentence": None,
            },
            {
                "check": "foreign_rows",
                "invariant": 3,
                "proves": "nothing is mixed",
                "holds": False,
                "count": 1500,
                "examples": ["row 7", "row 8"],
                "sentence": "Mixed rows: 1,500 (row 7, row 8, …). Keep the database.",
            },
        ],
    }


def test_as_json_a_repair_tells_what_it_enqueued_and_when_it_was_none_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _show_json(_WELL, (Enqueued("shop", 3, 7),), {})
    assert json.loads(capsys.readouterr().out)["enqueued"] == [{"source": "shop", "rows": 3, "first_row": 7}]
    _show_json(_WELL, None, {})
    assert "enqueued" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_what_is_read_is_told_on_a_terminal_only(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    monkeypatch.setattr(
        command, "console", lambda *, error: Console(stderr=error, force_terminal=where == "terminal", color_system=None)
    )
    _tell("public.movie")
    assert capsys.readouterr().err == ("Reading public.movie …\n" if where == "terminal" else "")
