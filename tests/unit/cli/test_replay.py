import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from etl_actors.cli import main
from etl_actors.cli.replay.bar import ReplayBar
from etl_actors.cli.replay.options import choice_of, ids_of, resumed_of
from etl_actors.cli.replay.order import _sources
from etl_actors.cli.replay.told import result_json, result_sentences
from etl_actors.errors import UsageError
from etl_actors.relational.outcome import Outcome
from etl_actors.store.replay.choice import Choice
from etl_actors.store.replay.orders import Progress, Result, Status, Version

_UNDER_WAY = Progress(
    replay_id=4,
    status=Status.OPEN,
    phase="repeating",
    version=Version.CURRENT,
    filter={"source": "shop"},
    actor="ann",
    rate=None,
    rows_total=2000,
    rows_done=500,
    vacated=0,
    sought=0,
    found=0,
    problem=None,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    finished_at=None,
    behind=None,
)
_DONE = replace(_UNDER_WAY, status=Status.DONE, rows_done=2000)


def chosen(**given: object) -> Choice:
    options = {"source": None, "slip": None, "since": None, "until": None, "rejected": False, "reason": None}
    return choice_of(((), ()), **{**options, **given})  # type: ignore[arg-type]


def test_ids_may_stand_one_by_one_with_commas_and_as_ranges() -> None:
    assert ids_of(None, ["7", "9-11,7"], ["20"]) == ((), (7, 9, 10, 11, 20))
    assert ids_of(["3"], None, ["4", "5"]) == ((3, 4, 5), ())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((None, ["a"], None), r"^--rows: expected ids such as 12 or 12,13 or 12-19, got 'a'\.$"),
        ((["9-3"], None, None), r"^--batch: expected a range of at most 1,000,000 ids, the lower first, got '9-3'\.$"),
        ((None, ["1-99999999"], None), r"^--rows: expected a range of at most 1,000,000 ids"),
        ((None, None, ["7"]), r"^7: expected an option before it; write --batch 12,13 --rows 7,8\.$"),
        ((["1"], ["2"], ["7"]), r"^7: it could be a batch or a row; write"),
    ],
)
def test_what_is_no_id_is_wrong_usage(given: tuple[list[str] | None, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ids_of(*given)


def test_after_resume_one_id_may_stand() -> None:
    assert resumed_of(None) is None
    assert resumed_of(["12"]) == 12
    with pytest.raises(UsageError, match=r"^--resume: expected the id of one replay, got 2\.$"):
        resumed_of(["12", "13"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--source shop --source library", "--source: expected it once, got it 2 times."),
        ("--cancel 1 --source x", "--cancel is about a replay that was ordered before: it does not go with --source."),
        ("--cancel 1 2", "--cancel is about a replay that was ordered before: it does not go with further ids."),
        ("--resume --source shop", "--resume is about a replay that was ordered before: it does not go with --source."),
        ("--resume --cancel 1", "--cancel is about a replay that was ordered before: it does not go with --resume."),
        ("--detach --dry-run", "--dry-run orders nothing: it does not go with --detach."),
    ],
)
def test_what_would_go_unheard_is_wrong_usage(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.execute(["replay", *words.split()]) == 2
    assert capsys.readouterr() == ("", f"{said}\n")


def test_of_many_sources_those_with_the_most_rows_are_named() -> None:
    assert _sources({"shop": 3}) == ""
    assert _sources({f"s{at:02}": at for at in range(1, 38)}) == " (s37 37, s36 36, s35 35, s34 34, s33 33 and 32 more)"


def test_a_reason_without_rejected_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"^--reason goes with --rejected"):
        chosen(reason="not_a_number")


def test_a_choice_tells_the_database_only_what_was_given() -> None:
    assert chosen().everything
    found = chosen(source="shop", since="2026-01-31T12:00+02:00", rejected=True, reason="not_a_number")
    assert found.filter == {
        "source": "shop",
        "since": "2026-01-31T10:00:00+00:00",
        "rejected": True,
        "reason": "not_a_number",
    }
    assert found.words() == " of source shop, since 2026-01-31 12:00:00Z, with an open dead letter for not_a_number".replace(
        "12:00:00Z", "10:00:00Z"
    )
    assert Choice(batches=(1, 2), rows=(5,)).words() == " of row 5, of 2 batches"


def test_the_summary_holds_what_the_rows_became_against_what_they_were() -> None:
    done = replace(_DONE, vacated=3, sought=40, found=2)
    loaded, duplicate, rejected = Outcome.LOADED, Outcome.DUPLICATE, Outcome.REJECTED
    went = {(loaded, loaded): 1400, (rejected, loaded): 500, (duplicate, duplicate): 90, (loaded, rejected): 10}
    result = Result(went, letters_closed=500)
    assert result_sentences(done, result) == [
        "Replay 4 is done: 2,000 rows.",
        "They are 1,900 loaded (before: 1,410), 90 duplicate, 10 rejected (before: 500).",
        "500 dead letters closed: what was refused is refused no more.",
        "3 identities lost the row that had won: 40 rows sought for them, 2 found.",
    ]
    told = result_json(done, result)
    assert (told["before"]["rejected"], told["after"]["rejected"], told["ended"]) == (500, 10, True)


def test_one_that_stands_still_says_why_and_how_it_goes_on() -> None:
    first, last = result_sentences(replace(_UNDER_WAY, problem="Slip shop is broken."), Result())
    assert first == "Replay 4 stands still after 500 of 2,000 rows: Slip shop is broken."
    assert last == "It goes on as soon as that is mended: etl-actors replay --resume 4; to end it: --cancel 4"


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_where_nobody_looks_progress_is_a_line_now_and_then() -> None:
    out, clock = io.StringIO(), Clock()
    seeking = replace(_UNDER_WAY, rows_done=2000, phase="seeking", vacated=3, sought=1)
    with ReplayBar(Console(file=out, width=200), _UNDER_WAY, clock) as bar:
        for seconds, now in (
            (5, _UNDER_WAY),
            (11, replace(_UNDER_WAY, rows_done=1600)),
            (12, seeking),
            (22, seeking),
            (40, _DONE),
        ):
            clock.seconds = seconds
            bar.show(now)
    assert out.getvalue().splitlines() == [
        "replayed 1,600 of 2,000 rows, 100 a second",
        "sought 1 row for 3 vacated identities",
    ]


def test_one_that_waits_for_another_says_so() -> None:
    out, clock = io.StringIO(), Clock()
    waiting = replace(_UNDER_WAY, behind=2)
    with ReplayBar(Console(file=out, width=200), waiting, clock) as bar:
        clock.seconds = 11
        bar.show(waiting)
    assert out.getvalue() == "replay 4 waits for replay 2\n"
