"""Rows and tombstones of one key where versions of a slip say otherwise of them."""

from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.integration.test_deletes import SLIP, slip_of
from tests.support.documents import one, stage
from tests.support.settle import settle
from tests.support.slips import read


def test_an_older_version_of_the_slip_that_deletes_nothing_respects_what_is_deleted(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    slip = slip_of(service, "newest(at)")
    former = read(slip.files["slip.toml"].replace('delete_when = "gone == true"', ""))
    remember(service, former)
    stage(producer, "library", [{"isbn": 1, "at": 5, "gone": True}])
    settle(service, {"library": slip}, 1)
    for at, there in ((4, (0, 1)), (6, (1, 0))):
        stage(producer, "library", [{"isbn": 1, "at": at, "title": "a"}])
        settle(service, {"library": former}, 1)
        assert (one(service, "SELECT count(*) FROM book"), one(service, "SELECT count(*) FROM book_deleted")) == there
    assert not audit(admin, "public").findings


def test_tombstones_of_a_version_with_another_policy_still_stand(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    first = slip_of(service, "update")
    late, *_ = stage(
        producer,
        "library",
        [{"isbn": 1, "at": 1, "title": "late"}, {"isbn": 1, "at": 0, "gone": True}, {"isbn": 2, "at": 9, "gone": True}],
    )
    admin.execute("DELETE FROM etl.inbox WHERE row_id = %s", [late])
    settle(service, {"library": first}, 4)
    later = read(SLIP.format(policy="newest(at)", kind="int").replace('delete_when = "gone == true"', ""))
    remember(service, later)
    admin.execute("INSERT INTO etl.inbox (source, row_id, bytes) VALUES ('library', %s, 1)", [late])
    stage(producer, "library", [{"isbn": 2, "at": 1, "title": "b"}])
    settle(service, {"library": later}, 4)
    assert service.execute("SELECT isbn FROM book").fetchall() == [(2,)]
    assert service.execute("SELECT isbn FROM book_deleted").fetchall() == [(1,)], "nothing of it says at what time it was"
    assert not audit(admin, "public").findings


def test_a_history_whose_rows_are_deleted_from_now_on_is_told_by_another_view(producer: Connection, service: Connection) -> None:
    text = SLIP.format(policy="history(at)", kind="int")
    without = read(text.replace('delete_when = "gone == true"', ""))
    ensure_tables(service, without.targets, "book")
    remember(service, without)
    stage(producer, "library", [{"isbn": 1, "at": 1, "title": "a"}])
    settle(service, {"library": without}, 1)
    slip = slip_of(service, "history(at)")
    stage(producer, "library", [{"isbn": 1, "at": 2, "gone": True}])
    settle(service, {"library": slip}, 1)
    assert service.execute("SELECT at, _valid_to, _current FROM book_history").fetchall() == [(1, 2, False)]
