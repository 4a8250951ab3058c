"""`audit --repair` on a real database: its exit status, what it says, and who may not."""

import json
from typing import Any

import psycopg
import pytest

from tests.support.servers import Server


def lose(url: str, rows: int) -> None:
    """Stage rows of a shop, and take them out of the inbox as no program of ours does."""
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', '{}' FROM generate_series(1, %s)", [rows])
        conn.execute("DELETE FROM etl.inbox")


def test_after_a_repair_by_an_operator_all_holds_and_the_exit_status_says_so(
    server: Server, database_name: str, operator_login: dict[str, str], ask: Any
) -> None:
    lose(server.admin_url(database_name), 12)
    database = server.url(database_name, **operator_login)
    status, out, _ = ask(database, "audit")
    assert status == 1
    assert out[2].startswith("NO"), "what failed stands first"
    assert any(line.endswith("enqueue them: etl-actors audit --repair") for line in out)
    status, out, err = ask(database, "audit", "--repair")
    assert (status, err) == (0, [])
    assert (
        out[0]
        == "Repaired: 12 staged rows enqueued that neither waited, were claimed nor settled (source shop: 12, from row 1 on)."
    )
    assert out[-1].endswith("over 12 staged rows: all hold.")
    status, out, _ = ask(database, "audit", "--repair")
    assert (status, out[0]) == (0, "Nothing to repair: every staged row waits, is claimed, or is settled.")


def test_json_alone_repairs_nothing(database: str, ask: Any) -> None:
    lose(database, 2)
    for _ in range(2):
        status, out, _ = ask(database, "audit", "--json")
        told = json.loads("\n".join(out))
        assert (status, told["holds"], "enqueued" in told) == (1, False, False)
    status, out, _ = ask(database, "audit", "--json", "--repair")
    told = json.loads("\n".join(out))
    assert (status, told["holds"], told["enqueued"]) == (0, True, [{"source": "shop", "rows": 2, "first_row": 1}])


def test_who_may_not_repair_is_told_so_in_a_sentence(database: str, service_url: str, ask: Any) -> None:
    lose(database, 1)
    status, out, err = ask(service_url, "audit", "--repair")
    assert (status, out, len(err)) == (1, [], 1)
    assert "permission denied for function enqueue_lost" in err[0]


@pytest.mark.parametrize("since", ["yesterday", "", "2026-13-01"])
def test_what_is_no_time_is_wrong_usage(since: str, database: str, ask: Any) -> None:
    status, out, err = ask(database, "audit", "--since", since)
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith("--since: expected a time such as 2026-01-31")


def test_only_a_table_that_batches_have_filled_can_be_recounted(database: str, ask: Any) -> None:
    status, out, err = ask(database, "audit", "--recount", "etl.staging")
    told = ["--recount: expected a target table, got etl.staging: no finished batch has filled a table of that name."]
    assert (status, out, err) == (2, [], told)
