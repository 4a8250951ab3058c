from datetime import UTC, datetime

from etl_actors.store.daemons import Living, SlipInForce
from etl_actors.store.waiting import Kept, waiting

_A = Kept("a", "a" * 32, active=True, sources=("shop",))
_ANY = Kept("any", "b" * 32, active=True, sources=None)
_OLD = Kept("a", "c" * 32, active=False, sources=("shop", "web"))


def _daemon(*slips: SlipInForce) -> Living:
    return Living(1, "host:1", "1.0", datetime(2026, 1, 1, tzinfo=UTC), slips)


def _why(source: str, *daemons: Living, kept: tuple[Kept, ...] = (_A,), paused: dict[str, str] | None = None) -> tuple[str, ...]:
    (found,) = waiting([source], daemons, kept, paused or {})
    assert found.source == source
    return found.why


def test_no_reason_is_known_while_a_daemon_has_the_slip_that_takes_the_source() -> None:
    assert _why("shop", _daemon(SlipInForce("a", _A.digest))) == ()


def test_a_slip_that_no_living_daemon_has_is_why_rows_wait_and_how_to_give_it_up_is_told() -> None:
    (why,) = _why("shop", _daemon())
    assert why == (
        "slip a may take them, and no daemon that runs has its version aaaaaaaa "
        "(if it is gone for good: etl-actors slips apply --retire a)"
    )
    assert _why("web", _daemon()) == ()


def test_a_slip_that_takes_any_source_is_waited_for_even_where_another_takes_some_rows() -> None:
    (why,) = _why("shop", _daemon(SlipInForce("a", _A.digest)), kept=(_A, _ANY))
    assert why.startswith("slip any may take them")


def test_an_earlier_version_is_not_the_active_one() -> None:
    (why,) = _why("shop", _daemon(SlipInForce("a", _OLD.digest)), kept=(_A, _OLD))
    assert why.endswith("has its version aaaaaaaa, but another one: etl-actors slips apply there")


def test_a_slip_that_nobody_wrote_is_there_as_soon_as_a_daemon_that_makes_such_meets_its_source() -> None:
    made = Kept("unmatched:shop", "e" * 32, active=True, sources=("shop",))
    (why,) = _why("shop", _daemon(SlipInForce("a", _A.digest)), kept=(made,))
    assert why.startswith("slip unmatched:shop may take them")
    assert _why("shop", _daemon(SlipInForce("unmatched:web", "f" * 32)), kept=(made,)) == ()


def test_without_daemons_it_is_nothing_to_say_of_slips() -> None:
    assert _why("shop") == ()


def test_a_broken_slip_may_be_the_one_of_a_source_that_no_other_takes() -> None:
    broken = SlipInForce("new", None, "slip.toml:1:1: no name")
    assert _why("web", _daemon(broken)) == (
        "slip new is broken on host:1, no version of it is in force there, and it may be theirs",
    )
    assert _why("shop", _daemon(broken, SlipInForce("a", _A.digest))) == ()


def test_a_pause_is_told_with_its_reason() -> None:
    assert _why("shop", paused={"shop": "scraper is broken"}) == ("it is paused in etl.pause (scraper is broken)",)
    assert _why("shop", paused={"shop": ""}) == ("it is paused in etl.pause",)
