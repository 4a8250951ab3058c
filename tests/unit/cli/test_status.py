from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl_actors.cli.status import _show, _show_daemons
from etl_actors.store.daemons import Living, SlipInForce, differences
from etl_actors.store.ledger import LedgerRow
from etl_actors.store.waiting import Waiting

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(source: str, **given: Any) -> LedgerRow:
    counts = dict.fromkeys(("staged", "pending", "claimed", "loaded", "duplicate", "skipped", "rejected", "pruned"), 0)
    return LedgerRow(**{"source": source, "oldest_pending_at": None, "balanced": True, **counts, **given})


def shown(capsys: pytest.CaptureFixture[str], *rows: LedgerRow) -> list[str]:
    _show(rows, _NOW)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_an_empty_store_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = shown(capsys)
    assert line == "Nothing is staged yet. Insert documents into etl.staging (source, payload), or: etl-actors feed SOURCE FILE"


def test_one_source_has_a_line_and_no_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, row("shop", staged=12345, loaded=12000, duplicate=300, rejected=45)) == [
        "source   staged   pending   loaded   duplicate   rejected",
        "─" * 57,
        "shop     12,345         0   12,000         300         45",
        "",
        "Nothing is pending.",
        "The books balance.",
    ]


def test_several_sources_have_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, row("a", staged=2, loaded=2), row("b", staged=3, skipped=3))
    assert lines[0].split() == ["source", "staged", "pending", "loaded", "duplicate", "skipped", "rejected"]
    assert lines[4].split() == ["all", "5", "0", "2", "0", "3", "0"]


def test_what_is_pending_is_told_with_the_age_of_the_oldest_of_all_sources(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(
        capsys,
        row("a", staged=1, pending=1, oldest_pending_at=_NOW - timedelta(seconds=5)),
        row("b", staged=2, pending=2, oldest_pending_at=_NOW - timedelta(minutes=3)),
        row("c"),
    )
    assert "Pending: 3 rows, the oldest for 3 min. No daemon runs that would work on them: etl-actors run" in lines


def test_where_a_daemon_runs_it_is_told_where_to_see_that_a_source_is_set_aside(capsys: pytest.CaptureFixture[str]) -> None:
    waits = (Waiting("shop", ("slip a may take them", "slip b is broken")), Waiting("web", ()))
    _show([row("shop", staged=1, pending=1), row("web", staged=1, pending=1)], _NOW, waits, [_daemon("host:1")])
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "Pending: 2 rows. A daemon works on them, unless their source is set aside after a failure: see source.set_aside in its log.",
        "Rows of source shop may wait: slip a may take them; slip b is broken.",
        "The books balance.",
    ]


def test_what_is_in_work_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nothing is pending; 1 row in work." in shown(capsys, row("a", staged=1, claimed=1))


def test_books_that_do_not_balance_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, row("good"), row("bad", staged=1, balanced=False), row("worse", balanced=False))
    assert lines[-1] == "The books of bad, worse do not balance; what is wrong: etl-actors audit"


def test_millions_of_rows_fit_into_eighty_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(capsys, row("wiki_movies", staged=20_000_000, loaded=18_000_000, duplicate=1_900_000, rejected=100_000))
    assert lines[2].split()[-1] == "100,000"
    assert max(map(len, lines)) <= 80


def _daemon(name: str, **slips: str | None) -> Living:
    return Living(1, name, "1.0", _NOW, tuple(SlipInForce(slip, digest) for slip, digest in slips.items()))


def test_daemons_are_told_with_how_many_slips_they_work_by_and_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    broken = SlipInForce("shop", "a" * 32, "slip.toml:3:1: there is no key `colums`")
    _show_daemons([Living(1, "host:1", "1.0", _NOW, (SlipInForce("book", "b" * 32), broken))], ())
    assert capsys.readouterr().out.splitlines() == [
        "The daemon host:1 works by 2 slips.",
        "Slip shop is broken there, version aaaaaaaa stays in force: slip.toml:3:1: there is no key `colums`",
    ]


def test_slips_that_differ_between_daemons_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    daemons = [_daemon("host:1", a="1" * 32, b="2" * 32), _daemon("host:2", a="3" * 32, b="2" * 32), _daemon("host:3", a=None)]
    _show_daemons((), differences(daemons))
    assert capsys.readouterr().out == "The daemons have different versions of slip a: 11111111 on host:1, 33333333 on host:2.\n"
