"""Batches on the command line, asked by an operator who may do nothing else."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest

from etl_actors.store.daemons import Node
from tests.support.dead_letters import load_dead_letters
from tests.support.documents import one
from tests.support.servers import Server

Ask = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture(scope="module")
def loaded(server: Server, template: str) -> Iterator[str]:
    """Make a database with three finished batches, one that was split, one of a replay and one that is claimed; its name."""
    name = server.create(template)
    url = server.admin_url(name)
    load_dead_letters(url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, finished_at) "
            "VALUES ('shop', '{1,2}', 1, 2, 10, 1, 'released', now())"
        )
        conn.execute("UPDATE etl.batch SET parent_id = 4 WHERE batch_id = 2")
        conn.execute("INSERT INTO etl.replay (filter) VALUES ('{}')")
        conn.execute(
            "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, replay_id, prior_batches) "
            "VALUES ('web', '{8}', 8, 8, 10, 2, 'released', 1, '{3}')"
        )
        conn.execute(
            "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, attempt) VALUES ('web', '{9}', 9, 9, 10, 1, 3)"
        )
    yield name
    server.drop(name)


@pytest.fixture
def url(server: Server, loaded: str, operator_login: dict[str, str]) -> str:
    """Give its URL as an operator."""
    return server.url(loaded, **operator_login)


def listed(ask: Ask, url: str, *words: str) -> list[int]:
    status, out, _ = ask(url, "batches", "--json", *words)
    assert status == 0
    return [batch["batch_id"] for batch in json.loads("\n".join(out))["batches"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), [6, 5, 4, 3, 2, 1]),
        (("--source", "shop"), [4, 2]),
        (("--slip", "offer"), [2]),
        (("--status", "claimed"), [6]),
        (("--status", "released", "--source", "web"), [5]),
        (("--replay", "1"), [5]),
        (("--since", "1h", "--limit", "2"), [6, 5]),
        (("--until", "2020-01-01"), []),
    ],
)
def test_the_newest_come_first_and_filters_hold_together(ask: Ask, url: str, words: tuple[str, ...], found: list[int]) -> None:
    assert listed(ask, url, *words) == found


def test_a_list_has_rows_outcomes_and_time_and_says_that_there_are_more(ask: Ask, url: str) -> None:
    _, out, _ = ask(url, "batches", "--status", "done", "--limit", "2")
    (web, shop), end = (line.split() for line in out[2:4]), out[-1]
    assert (web[0], web[3:5]) == ("3", ["web", "line"])
    assert shop[4:9] == ["offer", "5", "1", "1", "3"]
    assert end == "Older ones are not shown: --limit, which is 2."


@pytest.mark.parametrize("page", [60, 80])
def test_on_a_narrow_page_titles_stay_whole_and_columns_are_left_out(
    ask: Ask, url: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(page))
    _, out, _ = ask(url, "batches")
    table = out[: out.index("")]
    assert len(table) == 2 + 6, "a line each"
    assert {"batch", "age", "source", "rows", "status"} <= set(table[0].split())
    assert max(map(len, table)) <= page


def test_one_is_shown_whole_with_where_it_came_from_and_its_rejects(ask: Ask, url: str) -> None:
    _, out, _ = ask(url, "batches", "2")
    assert out[0] == "batch 2, done: 5 rows of source shop"
    assert "  outcome  1 loaded, 1 duplicate, 3 rejected; 1 of the duplicates differed" in out
    assert "  tables   public.maker +1, public.offer +1, public.review +1" in out
    assert "  split    from batch 4" in out
    assert "  rejects  2 not_a_number (such as 2), 1 not_an_integer (such as 5), 1 null_key (such as 4)" in out
    assert "  into     batches 2" in ask(url, "batches", "4")[1]
    _, out, _ = ask(url, "batches", "2", "--json")
    told = json.loads("\n".join(out))
    assert (told["row_ids"], told["outcomes"], told["parent_id"]) == ([1, 2, 3, 4, 5], "lrrrd", 4)


def test_the_owner_is_named_while_its_daemon_lives(ask: Ask, url: str, server: Server, loaded: str) -> None:
    with psycopg.connect(server.admin_url(loaded), autocommit=True) as admin:
        node = Node(server.admin_url(loaded))
        try:
            admin.execute("UPDATE etl.batch SET owner = %s WHERE batch_id = 6", [node.number])
            name = one(admin, "SELECT name FROM etl.daemon WHERE node = %s", node.number)
            assert f"  owner    {name}" in ask(url, "batches", "6")[1]
            assert "  attempt  3" in ask(url, "batches", "6")[1]
        finally:
            node.close()
    assert any("which is no daemon that runs now" in line for line in ask(url, "batches", "6")[1])


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("99",), 1, "There is no batch 99."),
        (("1", "--source", "shop"), 1, "There is no batch 1 of that kind."),
        (("--since", "noon"), 2, "--since: expected a time such as"),
        (("x",), 2, "Invalid value for 'BATCH_ID'"),
    ],
)
def test_what_is_wrong_is_one_sentence(ask: Ask, url: str, words: tuple[str, ...], status: int, sentence: str) -> None:
    ended, out, err = ask(url, "batches", *words)
    assert (ended, out, len(err)) == (status, [], 1)
    assert err[0].startswith(sentence)


def test_where_there_are_none_it_says_so(ask: Ask, url: str) -> None:
    assert ask(url, "batches", "--source", "nobody")[:2] == (0, ["There are no such batches."])
