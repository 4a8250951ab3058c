import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from etl_actors.cli.audit import _show, _show_json, _time
from etl_actors.errors import UsageError
from etl_actors.store.audit import AuditReport, Check, Finding

_CHECKS = (Check("unbalanced", 2, "the books add up"), Check("foreign_rows", 3, "nothing is mixed"))
_WELL = AuditReport(1234, _CHECKS, ())
_BAD = AuditReport(1234, _CHECKS, (Finding("foreign_rows", 1500, ("batch 7", "batch 8")),))


def test_a_clean_audit_says_over_how_much_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    _show(_WELL)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[2:] == ["ok   the books add up", "ok   nothing is mixed", "", "2 checks over 1,234 staged rows: all hold."]


def test_a_finding_is_counted_and_shown_by_example(capsys: pytest.CaptureFixture[str]) -> None:
    _show(_BAD)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[2:] == [
        "ok   the books add up",
        "NO   nothing is mixed   1,500",
        "",
        "foreign_rows: 1,500 found, such as batch 7, batch 8",
        "2 checks over 1,234 staged rows: 1 failed.",
    ]


def test_as_json_every_check_tells_whether_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    _show_json(_BAD)
    assert json.loads(capsys.readouterr().out) == {
        "holds": False,
        "rows": 1234,
        "checks": [
            {"check": "unbalanced", "invariant": 2, "proves": "the books add up", "holds": True, "count": 0, "examples": []},
            {
                "check": "foreign_rows",
                "invariant": 3,
                "proves": "nothing is mixed",
                "holds": False,
                "count": 1500,
                "examples": ["batch 7", "batch 8"],
            },
        ],
    }


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31 12:00+02:00", datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, time: datetime) -> None:
    assert _time(text) == time


def test_what_is_no_time_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"^--since: expected a date or time such as .*, got 'yesterday'"):
        _time("yesterday")
