"""``etl-actors replay`` as an operator uses it, where a daemon works and where none does."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.integration.cli.conftest import Ask
from tests.support.daemon import wait_until
from tests.support.documents import one, stage
from tests.support.servers import Server
from tests.support.settle import settle
from tests.support.slips import read

_SLIP = """name = "shop"
source = "shop"
[tables.offer]
key = ["id"]
columns.id = "id | int"
columns.mail = { expr = "mail | lower | text", private = true }
"""


@pytest.fixture
def operator_url(server: Server, database_name: str, operator_login: dict[str, str]) -> str:
    """Give the database's URL for a login that is an operator, and no more than that."""
    return server.url(database_name, **operator_login)


@pytest.fixture
def rows(producer: Connection, service: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Settle three rows, of which the third is rejected, by a slip that is in the folder."""
    slip = read(_SLIP)
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "slip.toml").write_text(_SLIP, "utf-8")
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path))
    settled = stage(producer, "shop", [{"id": 1, "mail": "Ann@X"}, {"id": 1, "mail": "Bob@X"}, {"id": "x"}])
    settle(service, {"shop": slip}, 10)
    return settled


@pytest.fixture
def daemon(service_url: str) -> Iterator[Node]:
    """Look like a daemon that lives; nothing is worked."""
    node = Node(service_url)
    yield node
    node.close()


def test_without_any_filter_it_is_refused_with_the_count(ask: Ask, operator_url: str, rows: list[int]) -> None:
    said = ask(operator_url, "replay")
    assert said == (2, [], [f"{len(rows)} rows would be replayed: choose some by id or filter, or say --yes."])


@pytest.mark.usefixtures("rows")
def test_where_nothing_is_chosen_it_says_so(ask: Ask, operator_url: str) -> None:
    assert ask(operator_url, "replay", "--source", "web") == (
        0,
        ["There are no settled rows of source web in staging: nothing is replayed. Nothing was ever staged of source web."],
        [],
    )
    bogus = ask(operator_url, "replay", "--source", "shop", "--rejected", "--reason", "bogus", "--dry-run")
    assert (bogus[0], bogus[1][0].endswith("nothing would be replayed. Nothing was ever rejected for bogus.")) == (0, True)
    status, out, _ = ask(operator_url, "replay", "--source", "web", "--dry-run", "--json")
    found = json.loads("\n".join(out))
    assert (status, found["dry_run"], found["chosen"], found["tables"]) == (0, True, 0, [])


@pytest.mark.usefixtures("rows")
def test_an_order_stands_where_no_daemon_runs_and_the_login_may_not_do_its_work(
    ask: Ask, operator_url: str, service: Connection
) -> None:
    status, out, err = ask(operator_url, "replay", "--source", "shop")
    assert (status, out) == (1, [])
    assert err == ["No daemon runs, and this login may not do its work; replay 1 stands, and begins with: etl-actors run"]
    assert one(service, "SELECT status, rows_total FROM etl.replay") == ("open", 3)


@pytest.mark.usefixtures("rows", "daemon")
def test_a_replay_is_ordered_followed_and_cancelled(ask: Ask, operator_url: str, service: Connection) -> None:
    assert ask(operator_url, "replay", "--rejected", "--detach") == (
        0,
        ["Replay 1 of 1 row is ordered; it begins at once. To follow: etl-actors replay --resume 1"],
        [],
    )
    service.execute("UPDATE etl.replay SET status = 'done', rows_done = 1, finished_at = now()")
    assert ask(operator_url, "replay", "--resume", "1") == (0, ["Replay 1 is done: 1 row."], [])
    assert ask(operator_url, "replay", "--cancel", "1") == (0, ["Replay 1 is done already."], [])
    assert ask(operator_url, "replay", "--resume") == (2, [], ["There is no open replay to be followed."])
    assert ask(operator_url, "replay", "--rejected", "--detach", "--json")[0] == 0
    assert ask(operator_url, "replay", "--cancel", "2") == (
        0,
        ["Replay 2 is cancelled: 0 of 1 rows are replayed, and stay so."],
        [],
    )


@pytest.mark.usefixtures("rows", "daemon")
def test_one_that_stands_still_with_a_problem_ends_the_command_and_stays_open(
    ask: Ask, operator_url: str, service: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl_actors.cli.replay.follow._STILL_S", 0.0)

    def hindered() -> bool:
        return service.execute("UPDATE etl.replay SET problem = 'Slip shop is broken.'").rowcount == 1

    meeting = threading.Thread(target=wait_until, args=(hindered, "the replay is ordered", 10))
    meeting.start()
    status, out, err = ask(operator_url, "replay", "--source", "shop")
    meeting.join()
    assert (status, err) == (1, [])
    assert out == [
        "Replay 1 stands still after 0 of 3 rows: Slip shop is broken.",
        "It goes on as soon as that is mended: etl-actors replay --resume 1; to end it: --cancel 1",
    ]
    assert one(service, "SELECT status FROM etl.replay") == "open"


@pytest.mark.usefixtures("rows", "daemon")
def test_control_c_leaves_the_replay_to_the_daemon(
    ask: Ask, operator_url: str, service: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("etl_actors.cli.replay.follow.time.sleep", pressed)
    status, out, err = ask(operator_url, "replay", "--source", "shop")
    assert (status, out) == (130, [])
    assert err == [
        "Replay 1 goes on without you; to follow it again: etl-actors replay --resume 1, to end it: etl-actors replay --cancel 1"
    ]
    assert one(service, "SELECT status FROM etl.replay") == "open"


@pytest.mark.usefixtures("rows")
def test_control_c_before_the_commands_own_work_has_begun_says_that_the_order_stands(
    ask: Ask, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_given: object, **_more: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("etl_actors.app.run", pressed)
    status, out, err = ask(database, "replay", "--source", "shop")
    assert (status, out) == (130, [])
    assert err == [
        "No daemon runs: this command does the work.",
        "Stopped; replay 1 stands: etl-actors replay --resume 1, or --cancel 1",
    ]


@pytest.mark.usefixtures("rows")
def test_a_dry_run_by_a_login_that_could_change_no_table_shows_before_and_after_but_nothing_private(
    ask: Ask, operator_url: str, tmp_path: Path, admin: Connection
) -> None:
    made = _SLIP.replace("mail | lower", "mail | upper") + "columns.name = \"if(id == 1, 'one', id) | text\"\n"
    (tmp_path / "shop" / "slip.toml").write_text(made, "utf-8")
    before = one(admin, "SELECT array_agg((_id, ctid, xmin)::text), (SELECT count(*) FROM etl.batch) FROM offer")
    status, out, err = ask(operator_url, "replay", "--source", "shop", "--dry-run")
    assert (status, err) == (0, [])
    text = "\n".join(out)
    assert "public.offer       0         1         0           0" in text
    assert "public.offer: column name would be new: etl-actors slips apply" in text
    assert "      name: null → one" in out
    assert "      mail: … → …" in out
    assert "@x" not in text.lower()
    assert "not_an_integer" in text
    assert one(admin, "SELECT array_agg((_id, ctid, xmin)::text), (SELECT count(*) FROM etl.batch) FROM offer") == before


@pytest.mark.usefixtures("rows")
def test_the_version_that_settled_rows_is_refused_where_its_code_is_not_installed(
    ask: Ask, operator_url: str, service: Connection
) -> None:
    service.execute('UPDATE etl.slip SET files = files || \'{"steps.py": "# other"}\'')
    status, out, err = ask(operator_url, "replay", "--source", "shop", "--slip-version", "original", "--detach")
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].endswith('code out of the database runs only with stored_steps = "any" (ETL_STORED_STEPS).')
    assert one(service, "SELECT count(*) FROM etl.replay") == 0


@pytest.mark.usefixtures("rows")
def test_who_could_not_be_sought_is_told_before_a_part_of_their_rivals_is_replayed(
    ask: Ask, operator_url: str, service: Connection, rows: list[int]
) -> None:
    service.execute('UPDATE etl.slip SET files = files || \'{"steps.py": "# other"}\'')
    status, out, err = ask(operator_url, "replay", "--rows", str(rows[0]), "--detach")
    assert (status, out, len(err)) == (2, [], 1), "the second row has lost to the first"
    assert err[0].startswith("1 other row may win what these let go, but the version that settled them (")
    assert one(service, "SELECT count(*) FROM etl.replay") == 0
    status, _, err = ask(operator_url, "replay", "--rows", str(rows[0]), "--detach", "--yes")
    assert (status, err[0][:11]) == (0, "1 other row")
    assert ask(operator_url, "replay", "--rows", str(rows[1]), "--detach")[0] == 0, "the first is there, and has lost none"
    assert ask(operator_url, "replay", "--source", "shop", "--detach")[0] == 0, "all of them are parsed by what is installed"


@pytest.mark.usefixtures("rows", "daemon")
def test_a_replay_that_is_cancelled_while_it_cannot_seek_says_what_stays_vacant(
    ask: Ask, operator_url: str, service: Connection
) -> None:
    assert ask(operator_url, "replay", "--source", "shop", "--detach")[0] == 0
    service.execute("INSERT INTO etl.vacancy VALUES (1, 'public.offer', gen_random_uuid())")
    service.execute("UPDATE etl.replay SET phase = 'seeking', problem = 'Slip shop has another steps.py.'")
    status, out, err = ask(operator_url, "replay", "--cancel", "1")
    assert (status, out[1:], err) == (
        0,
        [
            (
                "1 identity that it took a row from stays without one, since it could not seek who wins: Slip shop has another "
                "steps.py. Once that is mended: etl-actors replay --resume 1"
            )
        ],
        [],
    )


@pytest.mark.parametrize("rate", ["inf", "nan", "0", "1e-300"])
def test_a_rate_that_is_none_is_wrong_usage(ask: Ask, operator_url: str, rate: str) -> None:
    status, out, _ = ask(operator_url, "replay", "--source", "shop", "--rate", rate)
    assert (status, out) == (2, [])
