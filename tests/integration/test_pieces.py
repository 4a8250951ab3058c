"""What reads all documents holds a few megabytes of them at once, however large they are."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.seen import seen_in
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.audit.identities import wrong_identities
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.breakout.reshape import looked_at_again, reshape
from etl_actors.store.database import Connection, connect
from etl_actors.store.loading.load import Loading
from etl_actors.store.pieces import PIECE_BYTES, cut, in_pieces, payloads_of, portions
from etl_actors.store.reject_filter import RejectFilter
from etl_actors.store.rejects import stream_rejects
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.documents import one
from tests.support.leases import leased
from tests.support.servers import Server

SLIP = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public")
DOCUMENTS = 64
LARGE = 2**20
"""Bytes of one of these."""
MOST = DOCUMENTS * LARGE / 1.5
"""Less than all payloads. A piece of them is in memory in several forms, and still takes less than that: 30 MB where all would take more than 64."""


def _held(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what some work gives, and the most bytes that Python held for it at once."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def landing(server: Server, template: str, service_login: dict[str, str]) -> Iterator[tuple[str, Slip]]:
    """Land large documents by a slip that breaks them out; give the database, for each test to copy, and the slip's version."""
    name = server.create(template)
    with connect(server.url(name, **service_login)) as service, psycopg.connect(server.admin_url(name), autocommit=True) as admin:
        ensure_tables(service, SLIP.targets, SLIP.name)
        remember(service, SLIP)
        breakouts, loading = Breakouts(service, "public"), Loading(service)
        parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=breakouts)
        role = Role((RoleSlip(SLIP.digest, SLIP.files),))
        for first in range(0, DOCUMENTS, 4):
            lease = leased(admin, service, [{"n": number, "m": {"x": "x" * LARGE}} for number in range(first, first + 4)])
            parsed = parser.parse(Job(lease.row_ids, role))
            assert isinstance(parsed, Parsed)
            assert loading.load(lease, parsed).loaded == 4
        version = breakouts.current(SLIP)
    yield name, version
    server.drop(name)


@pytest.fixture
def database_name(server: Server, landing: tuple[str, Slip]) -> Iterator[str]:
    """Make a copy of that database; this is its name."""
    name = server.create(landing[0])
    yield name
    server.drop(name)


@pytest.fixture
def landed(landing: tuple[str, Slip]) -> Slip:
    """Give the version of the slip."""
    return landing[1]


def test_tables_are_filled_anew_piece_by_piece(service: Connection, admin: Connection, landed: Slip) -> None:
    before = one(admin, "SELECT 'shop'::regclass::oid")
    _, held = _held(lambda: Breakouts(service, "public").grow(landed, seen_in({"m": {"1.0": "y"}})))
    assert one(admin, "SELECT 'shop'::regclass::oid") != before, "it was filled anew"
    assert one(admin, "SELECT count(*), count(DISTINCT length(value)) FROM shop__m") == (DOCUMENTS, 1)
    assert held < MOST


def test_documents_are_looked_at_again_piece_by_piece(service: Connection, admin: Connection, landed: Slip) -> None:
    other = read_slip({"slip.toml": landed.files["slip.toml"] + 'maps = ["$.m"]\n'}, "public")
    again, held = _held(lambda: looked_at_again(service, other, "public"))
    assert again is not None
    assert held < MOST
    _, held = _held(lambda: reshape(service, other, "public"))
    assert held < MOST
    assert one(admin, "SELECT count(*), count(DISTINCT length(value)) FROM shop__m") == (DOCUMENTS, 1)


@pytest.mark.parametrize("most", [None, DOCUMENTS - 1], ids=["all", "some"])
def test_documents_are_made_again_of_their_rows_piece_by_piece(
    service: Connection, admin: Connection, landed: Slip, most: int | None
) -> None:
    admin.execute("UPDATE shop SET n = -1 WHERE _row_id IN (SELECT min(_row_id) FROM shop UNION SELECT max(_row_id) FROM shop)")
    (looked, wrong), held = _held(lambda: differing(service, landed, "public", most))
    assert looked == (most or DOCUMENTS)
    assert len(wrong) in ({2} if most is None else {1, 2})
    assert held < MOST


def test_identities_by_documents_are_made_again_piece_by_piece(service: Connection, admin: Connection, landed: Slip) -> None:
    admin.execute("UPDATE shop SET _id = gen_random_uuid() WHERE n = 17")
    with service.transaction():
        (wrong, _), held = _held(lambda: wrong_identities(service, landed, landed.root))
    assert wrong == 1
    assert held < MOST


def test_rejects_are_read_out_piece_by_piece(service: Connection, admin: Connection) -> None:
    admin.execute(
        "INSERT INTO etl.reject (row_id, batch_id, slip, stage, reason, message) "
        "SELECT row_id, (SELECT min(batch_id) FROM etl.batch), 'shop', 'map', 'bug', '' FROM etl.staging"
    )

    def read() -> int:
        with closing(stream_rejects(service, RejectFilter())) as letters:
            return sum(len(payload or "") > LARGE for _, payload, _ in letters)

    read_out, held = _held(read)
    assert read_out == DOCUMENTS
    assert held < MOST


def test_an_example_of_a_source_is_read_piece_by_piece_and_a_document_larger_than_a_piece_is_one(
    service: Connection, producer: psycopg.Connection
) -> None:
    sizes = [1, PIECE_BYTES, PIECE_BYTES, *([LARGE] * 20)]
    producer.execute(
        "INSERT INTO etl.staging (source, payload) SELECT 'blobs', jsonb_build_object('n', n, 't', repeat('x', size)) "
        "FROM unnest(%s::int[]) WITH ORDINALITY AS u (size, n)",
        [sizes],
    )
    row_ids = [row_id for (row_id,) in service.execute("SELECT row_id FROM etl.staging WHERE source = 'blobs' ORDER BY 1")]
    assert [len(piece) for piece in in_pieces(service, row_ids)] == [1, 1, 1, 7, 7, 6]
    counted, held = _held(lambda: sum(map(len, payloads_of(service, "blobs", 1000))))
    assert counted > sum(sizes)
    assert held < 3 * PIECE_BYTES
    gone = [*row_ids, row_ids[-1] + 1000]
    assert [row_id for piece in portions(service, gone, 4, PIECE_BYTES) for row_id in piece] == gone
    assert max(map(len, portions(service, gone, 4, PIECE_BYTES))) == 4


@given(st.lists(st.integers(0, 20)), st.integers(1, 6), st.integers(1, 30))
def test_pieces_keep_the_order_and_stay_within_their_bounds(weights: list[int], rows: int, nbytes: int) -> None:
    given_rows = list(enumerate(weights))
    pieces = list(cut(given_rows, rows, nbytes))
    assert [row for piece in pieces for row in piece] == given_rows
    for piece, after in zip(pieces, [*pieces[1:], None], strict=False):
        weight = sum(its for _, its in piece)
        assert len(piece) == 1 or (len(piece) <= rows and weight <= nbytes)
        assert after is None or len(piece) == rows or weight + after[0][1] > nbytes, "no piece ends before it is full"
