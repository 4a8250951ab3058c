"""Documents that no text can hold: the commands say so, and go on with the others."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.store.database import connect
from etl_actors.store.loading.load import Loading
from etl_actors.store.replay.queue import ReplayQueue
from tests.support.leases import OWNER, claim
from tests.support.servers import Server

Ask = Callable[..., tuple[int, list[str], list[str]]]

_STAGE = """
INSERT INTO etl.staging (source, payload) SELECT 'shop', CASE n WHEN 2 THEN jsonb_build_object('id', n, 'items',
    (SELECT jsonb_agg('1e131000'::numeric * g) FROM generate_series(1, 8300) g)) ELSE jsonb_build_object('id', n) END
  FROM generate_series(1, 2) n
"""


@pytest.fixture(scope="module")
def loaded(server: Server, template: str, service_login: dict[str, str]) -> Iterator[str]:
    """Make a database with two documents, of which the second has more than 1 GB as text; all were rejected."""
    name = server.create(template)
    with psycopg.connect(server.admin_url(name), autocommit=True) as admin, connect(server.url(name, **service_login)) as service:
        admin.execute(_STAGE)
        why = {1: "bug", 2: "too_large"}
        rejects = [Reject(row_id, Stage.PARSE, reason, "no") for row_id, reason in why.items()]
        Loading(service).load(claim(service), Parsed(None, None, (), tuple(rejects), ()))
    yield name
    server.drop(name)


@pytest.fixture
def url(server: Server, loaded: str, operator_login: dict[str, str]) -> str:
    return server.url(loaded, **operator_login)


def test_an_export_leaves_it_out_and_says_so(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "rejects", "export")
    assert status == 0, err
    told = [json.loads(line) for line in out]
    assert [(letter["row_id"], letter["payload"]) for letter in told] == [(1, {"id": 1}), (2, None)]
    assert [letter.get("payload_too_large") for letter in told] == [None, True]
    assert err == ["2 rejects written, 1 document left out that has 1 GB or more as text."]


def test_a_trace_tells_all_but_the_document(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "trace", "2", "--payload")
    assert status == 0, err
    assert out[0].startswith("row 2 of source shop")
    assert out[-1] == "the document has 1 GB or more as text"
    status, out, _ = ask(url, "trace", "2", "--payload", "--json")
    told = json.loads("\n".join(out))
    assert status == 0
    assert (told["payload"], told["payload_hidden"], told["payload_too_large"]) == (None, False, True)


def test_a_dead_letter_of_it_is_shown(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "rejects", "show", "--row", "2")
    assert status == 0, err
    assert "too_large" in out[0]


def test_a_dry_run_tells_that_it_would_be_rejected_again(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "replay", "--rows", "1", "--rows", "2", "--dry-run", "--json")
    assert status == 0, err
    told = json.loads("\n".join(out))
    assert "too_large" in json.dumps(told), told


def test_a_replay_claims_it_by_what_it_weighs(
    server: Server, loaded: str, service_login: dict[str, str], ask: Ask, url: str
) -> None:
    assert ask(url, "replay", "--rejected", "--yes", "--detach")[0] == 0
    with connect(server.url(loaded, **service_login)) as service:
        queue = ReplayQueue(service, OWNER, "public")
        replay = queue.current()
        assert replay is not None
        queue.advance(replay)
        (lease,) = queue.claim(replay, 10, 2**30)
    assert lease.row_ids == (1, 2)
    assert 100_000 < lease.nbytes < 1_000_000


def test_it_may_be_staged_from_a_table_where_it_is_compressed(server: Server, loaded: str) -> None:
    with psycopg.connect(server.admin_url(loaded)) as admin:
        admin.execute("CREATE TEMP TABLE document AS SELECT payload FROM etl.staging WHERE row_id = 2")
        assert admin.execute("SELECT pg_column_compression(payload) IS NULL FROM document").fetchall() == [(False,)]
        admin.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', payload FROM document")
        ((weight,),) = admin.execute("SELECT bytes FROM etl.inbox WHERE row_id > 2").fetchall()
        assert 100_000 < weight < 1_000_000
        admin.rollback()
