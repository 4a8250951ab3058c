"""Rows wait for a slip that others have, and are rejected where nobody has one."""

import json
from collections.abc import Iterable

from structlog.testing import capture_logs

from etl_actors import events
from etl_actors.actors.guard import Guard
from etl_actors.actors.peers import Peers
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.catalogue import Absent, Catalogue
from etl_actors.store.daemons import Difference
from etl_actors.store.leases import Lease


def _catalogue(*absent: Absent, slips: Iterable[tuple[str, str]] = ()) -> Catalogue:
    texts = [
        f'name = "{name}"\nsource = {json.dumps(source)}\n[tables.{name}]\ncolumns.a = "a | text"\n' for name, source in slips
    ]
    return Catalogue(tuple(read_slip({"slip.toml": text}, "public") for text in texts), (), absent)


def _lease(source: str, slip: str | None = None, *row_ids: int) -> Lease:
    return Lease(1, 1, source, slip, row_ids or (1,), 10, 1)


_SHOP = Absent("shop", ("shop",), "slip shop is elsewhere")
_ANY = Absent("any", None, "slip any is broken")


def test_a_source_waits_that_only_an_absent_slip_takes() -> None:
    guard = Guard(_catalogue(_SHOP))
    assert not guard.offers("shop")
    assert guard.offers("books"), "nobody takes it: its rows are rejected"
    assert guard.awaits(_lease("shop"))
    assert not guard.awaits(_lease("books"))


def test_a_source_that_we_take_too_is_claimed() -> None:
    guard = Guard(_catalogue(_SHOP, slips=[("mine", "shop")]))
    assert guard.offers("shop")
    assert not guard.awaits(_lease("shop"))


def test_of_that_source_the_rows_wait_that_none_of_ours_takes() -> None:
    guard = Guard(_catalogue(_SHOP, slips=[("mine", "shop")]))
    rejects = (
        Reject(1, Stage.ROUTE, "no_slip", "…"),
        Reject(2, Stage.ROUTE, "ambiguous_route", "…"),
        Reject(3, Stage.MAP, "no_slip", "…"),
    )
    parsed = Parsed("mine", "digest", (), rejects, ())
    assert guard.unmatched(_lease("shop"), parsed) == {1}
    assert guard.unmatched(_lease("books"), parsed) == frozenset()
    assert guard.unmatched(_lease("shop", "mine"), parsed) == frozenset(), "the rows name it"


def test_rows_that_name_an_absent_slip_wait_and_those_that_name_an_unknown_one_do_not() -> None:
    guard = Guard(_catalogue(_SHOP, slips=[("mine", "shop")]))
    assert guard.awaits(_lease("shop", "shop"))
    assert not guard.awaits(_lease("shop", "mine"))
    assert not guard.awaits(_lease("shop", "nobodys"))
    assert not guard.awaits(_lease("books", "shop")), "it does not take the source"


def test_a_slip_that_may_take_anything_lets_everything_wait() -> None:
    guard = Guard(_catalogue(_ANY))
    assert not guard.offers("whatever")


def test_why_a_source_waits_is_told_once_and_again_where_it_changes() -> None:
    with capture_logs() as told:
        guard = Guard(_catalogue(_SHOP))
        assert not guard.offers("shop")
        assert not guard.offers("shop")
        reloaded = Guard(_catalogue(_SHOP), guard.waiting)
        assert not reloaded.offers("shop")
        other = Guard(_catalogue(Absent("shop", ("shop",), "slip shop is broken")), reloaded.waiting)
        assert not other.offers("shop")
    assert [(entry["event"], entry["source"], entry["why"]) for entry in told] == [
        (events.SOURCE_UNMATCHED, "shop", "slip shop is elsewhere: its rows wait"),
        (events.SOURCE_UNMATCHED, "shop", "slip shop is broken: its rows wait"),
    ]
    assert guard.sentences == ("Rows of source shop wait: slip shop is elsewhere.",)


def test_a_difference_is_told_when_it_comes_and_when_it_changes() -> None:
    peers, catalogue = Peers(), _catalogue(slips=[("mine", "shop")])
    first = Difference("mine", (("aaaaaaaaaa", "host:1"), ("bbbbbbbbbb", "host:2")))
    other = Difference("mine", (("aaaaaaaaaa", "host:1"), ("cccccccccc", "host:2")))
    foreign = Difference("others", first.versions)
    with capture_logs() as told:
        for found in (None, (first, foreign), (first,), None, (other,), (), (first,)):
            peers.compare(found, catalogue)
    assert [(entry["event"], entry["versions"]) for entry in told] == [
        (events.SLIPS_DIFFER, "aaaaaaaa on host:1, bbbbbbbb on host:2"),
        (events.SLIPS_DIFFER, "aaaaaaaa on host:1, cccccccc on host:2"),
        (events.SLIPS_DIFFER, "aaaaaaaa on host:1, bbbbbbbb on host:2"),
    ]
    assert peers.sentences == ("Daemons have different versions of slip mine: aaaaaaaa on host:1, bbbbbbbb on host:2.",)
