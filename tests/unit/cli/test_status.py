from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl_actors.cli.status import _show, _show_daemons, _show_pauses, _show_replays
from etl_actors.store.daemons import Living, SlipInForce, differences
from etl_actors.store.ledger import LedgerRow
from etl_actors.store.replay.orders import Progress, Status, Version
from etl_actors.store.waiting import Pause, Waiting

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


def test_a_source_with_a_line_break_in_its_name_stays_on_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    _show([row("a\nb", pending=1, balanced=False)], _NOW, [Waiting("a\nb", ("no slip takes it",))])
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told if "000ab" in line] == [r"a\u000ab", "Rows", "The"]
    assert "b" not in {line.partition(" ")[0] for line in told}


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


def test_books_of_which_too_much_waits_to_be_counted_are_not_said_to_balance(capsys: pytest.CaptureFixture[str]) -> None:
    uncounted = row("b", staged=5_000_000, pending=5_000_000, balanced=None)
    assert shown(capsys, row("a"), uncounted)[-1] == (
        "Too much waits to be counted at a glance: pending is what is neither claimed nor settled. To prove the books: etl-actors audit"
    )
    assert shown(capsys, row("a", balanced=False), uncounted)[-1].startswith("The books of a do not balance")


def test_millions_of_rows_fit_into_eighty_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(capsys, row("wiki_movies", staged=20_000_000, loaded=18_000_000, duplicate=1_900_000, rejected=100_000))
    assert lines[2].split()[-1] == "100,000"
    assert max(map(len, lines)) <= 80


def _daemon(name: str, **slips: str | None) -> Living:
    return Living(1, name, "1.0", _NOW, tuple(SlipInForce(slip, digest) for slip, digest in slips.items()))


def test_daemons_are_told_with_how_many_slips_they_work_by_and_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    broken = SlipInForce("shop", "a" * 32, "slip.toml:3:1: there is no key `colums`")
    _show_daemons([Living(1, "host:1", "1.0", _NOW, (SlipInForce("book", "b" * 32), broken))], (), _NOW + timedelta(hours=5))
    assert capsys.readouterr().out.splitlines() == [
        "The daemon host:1 has run for 5 h and works by 2 slips.",
        "Slip shop is broken there, version aaaaaaaa stays in force: slip.toml:3:1: there is no key `colums`",
    ]


def test_slips_that_differ_between_daemons_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    daemons = [_daemon("host:1", a="1" * 32, b="2" * 32), _daemon("host:2", a="3" * 32, b="2" * 32), _daemon("host:3", a=None)]
    _show_daemons((), differences(daemons), _NOW)
    assert capsys.readouterr().out == "The daemons have different versions of slip a: 11111111 on host:1, 33333333 on host:2.\n"


def test_what_is_paused_is_told_with_who_did_it_why_and_for_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    since = _NOW - timedelta(days=2)
    _show_pauses([Pause("shop", None, "the scraper is broken", "ada", since), Pause(None, "book", "", "bob", since)], _NOW)
    assert capsys.readouterr().out.splitlines() == [
        "Source shop is paused, by ada for 2 d: the scraper is broken",
        "Slip book is paused, by bob for 2 d.",
    ]


def _replay(number: int, **given: Any) -> Progress:
    plain = {
        "replay_id": number,
        "status": Status.OPEN,
        "phase": "repeating",
        "version": Version.CURRENT,
        "filter": {},
        "actor": "ada",
        "rate": None,
        "rows_total": 5000,
        "rows_done": 1200,
        "vacated": 0,
        "sought": 0,
        "found": 0,
        "problem": None,
        "created_at": _NOW,
        "finished_at": None,
        "behind": None,
    }
    return Progress(**{**plain, **given})


def test_replays_are_told_with_how_far_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    _show_replays(
        [
            _replay(1),
            _replay(2, behind=1, rows_done=0, rows_total=1),
            _replay(3, problem="slip book is broken."),
            _replay(4, status=Status.CANCELLED),
        ],
        alive=True,
    )
    assert capsys.readouterr().out.splitlines() == [
        "Replay 1 is under way, 1,200 of 5,000 rows done.",
        "Replay 2 waits for replay 1 to end, 0 of 1 row done.",
        "Replay 3 does not go on, 1,200 of 5,000 rows done: slip book is broken.",
        "Replay 4 is cancelled, and the rows that may win what it has vacated are looked for, 1,200 of 5,000 rows done.",
    ]


def test_a_replay_that_no_daemon_works_on_says_what_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    _show_replays([_replay(1), _replay(2, status=Status.CANCELLED, behind=1)], alive=False)
    assert capsys.readouterr().out.splitlines() == [
        "Replay 1 waits for a daemon, 1,200 of 5,000 rows done: etl-actors run",
        "Replay 2 is cancelled, 1,200 of 5,000 rows done; a daemon ends it: etl-actors run",
    ]
