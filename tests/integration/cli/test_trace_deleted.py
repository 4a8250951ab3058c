"""Traces of documents that delete rows, and of rows that were deleted."""

from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from tests.integration.cli.conftest import Ask
from tests.support.documents import one, stage
from tests.support.settle import settle

_SLIP = """name = "book"
source = "library"
[tables.book]
key = ["isbn"]
on_duplicate = "update"
delete_when = "gone == true"
columns.isbn = "isbn | int"
"""


def test_a_trace_tells_by_which_row_another_was_deleted(
    producer: Connection, service: Connection, database: str, ask: Ask
) -> None:
    slip = read_slip({"slip.toml": _SLIP}, "public")
    remember(service, slip)
    stage(producer, "library", [{"isbn": 1}, {"isbn": 1, "gone": True}, {"isbn": 2, "gone": True}])
    settle(service, {"library": slip}, 1)
    identity = one(service, "SELECT _id::text FROM book_deleted WHERE isbn = 1")
    assert ask(database, "trace", "book", identity) == (
        1,
        [],
        [f"There is no row {identity} in public.book: row 2 deletes it (etl-actors trace public.book_deleted {identity})."],
    )
    assert ask(database, "trace", "public.book_deleted", identity)[0] == 0
    assert "row 2 took its place" in ask(database, "trace", "1")[1][0]
    assert any(line.startswith("public.book_deleted: 1 row") for line in ask(database, "trace", "2")[1])
