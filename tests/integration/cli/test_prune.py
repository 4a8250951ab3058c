"""`etl-actors prune`: what it drops, asks and refuses, as an operator who may do nothing else."""

import json
from collections.abc import Callable

import psycopg
import pytest
import typer

from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from tests.integration.cli.conftest import Ask
from tests.support.documents import one, stage
from tests.support.partitions import seal, tiny_partitions
from tests.support.servers import Server
from tests.support.settle import settle

SLIP = read_slip(
    {"slip.toml": 'name = "book"\nsource = "library"\n[tables.book]\ncolumns.year = "year | int"\n'},
    "public",
)
LEFT = "SELECT array_agg(row_lo ORDER BY row_lo) FROM etl.staging_partition WHERE sealed_at IS NOT NULL AND dropped_at IS NULL"


@pytest.fixture
def url(
    server: Server,
    database_name: str,
    operator_login: dict[str, str],
    service: Connection,
    producer: Connection,
    admin: Connection,
) -> str:
    """Settle 35 rows, the 17th of which is rejected, in partitions of ten; those of the first were received in 2020."""
    tiny_partitions(admin, service, 10)
    remember(service, SLIP)
    for first in (1, 21):
        stage(producer, "library", [{"year": "MCM" if n == 17 else n} for n in range(first, min(36, first + 20))])
        seal(service, 10, 1)
    settle(service, {"library": SLIP}, 8)
    seal(service, 10)
    admin.execute(
        "UPDATE etl.staging_partition SET first_received_at = '2020-01-01Z', last_received_at = '2020-01-31Z' WHERE row_lo = 1"
    )
    return server.url(database_name, **operator_login)


def test_what_is_older_goes_without_a_question(url: str, ask: Ask, admin: Connection) -> None:
    status, out, err = ask(url, "prune", "--older-than", "30d")
    assert (status, err) == (0, [])
    assert out[2].split()[:4] == ["1", "to", "10", "10"]
    assert "2020-01-01 00:00" in out[2]
    assert out[-2].startswith("1 partition of staging (10 rows, ")
    assert out[-2].endswith(" MB) dropped.")
    assert out[-1] == "2 younger partitions stay."
    assert one(admin, LEFT) == [11, 21]


def test_by_default_what_is_older_than_the_setting_goes(
    url: str, ask: Ask, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_RETENTION_DAYS", "0.5")
    status, out, _ = ask(url, "prune", "--json")
    told = json.loads("\n".join(out))
    assert (status, [each["row_lo"] for each in told["partitions"]], told["younger"]) == (0, [1], 2)
    assert one(admin, LEFT) == [11, 21]


def test_without_an_age_it_is_refused_with_what_it_would_drop(url: str, ask: Ask, admin: Connection) -> None:
    status, out, err = ask(url, "prune")
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith("2 partitions of staging (20 rows, ")
    assert err[0].endswith(" MB) would be dropped for good: choose an age by --older-than, or say --yes.")
    assert one(admin, LEFT) == [1, 11, 21]


def test_on_a_terminal_it_asks(url: str, ask: Ask, admin: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = iter([False, True])

    def confirm(text: str, **_: object) -> None:
        asked.append(text)
        if not next(answers):
            raise typer.Abort

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", confirm)
    assert ask(url, "prune")[0] != 0
    assert one(admin, LEFT) == [1, 11, 21]
    assert ask(url, "prune")[0] == 0
    assert one(admin, LEFT) == [11]
    assert all(text.endswith("would be dropped for good. Go on?") for text in asked)


def test_with_yes_everything_goes_that_can(url: str, ask: Ask, admin: Connection) -> None:
    status, out, err = ask(url, "prune", "--yes")
    assert (status, err) == (0, []), "a dead letter that nobody has looked into is no problem of retention's"
    assert [line.split("  ")[0] for line in out[2:5]] == ["1 to 10", "11 to 20", "21 to 30"]
    assert "1 row openly rejected" in out[3]
    assert out[-1] == "1 partition kept back."
    assert one(admin, LEFT) == [11]


def test_a_dry_run_shows_the_same_and_drops_nothing(url: str, ask: Ask, admin: Connection) -> None:
    status, out, _ = ask(url, "prune", "--dry-run", "--json")
    told = json.loads("\n".join(out))
    assert status == 0
    assert (told["older_than"], told["dry_run"], told["younger"]) == (None, True, 0)
    assert [(each["row_lo"], each["row_hi"], each["outcome"]) for each in told["partitions"]] == [
        (1, 10, "would be dropped"),
        (11, 20, "kept"),
        (21, 30, "would be dropped"),
    ]
    assert told["partitions"][1]["kept_for"] == [{"why": "rejected", "rows": 1, "sentence": "1 row openly rejected"}]
    assert one(admin, LEFT) == [1, 11, 21]


def _lose(admin: Connection) -> None:
    admin.execute("UPDATE etl.batch SET row_ids = array_replace(row_ids, 3, 1003) WHERE 3 = ANY (row_ids)")


def _depend(admin: Connection) -> None:
    admin.execute("CREATE VIEW public.early AS SELECT * FROM etl.staging_0000000000000000001")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lose, "1 row never enqueued (etl-actors audit --repair)"),
        (_depend, "others depend on its table: view public.early depends on table etl.staging_0000000000000000001"),
    ],
)
def test_one_that_is_kept_for_a_reason_to_look_into_ends_with_1(
    url: str, ask: Ask, admin: Connection, spoil: Callable[[Connection], None], said: str
) -> None:
    spoil(admin)
    status, out, _ = ask(url, "prune", "--older-than", "30d")
    assert status == 1
    assert out[2].endswith(said)
    assert out[-3:] == ["Nothing was dropped.", "1 partition kept back.", "2 younger partitions stay."]
    assert one(admin, LEFT) == [1, 11, 21]


def test_while_others_have_staging_nothing_goes_and_the_status_is_1(url: str, ask: Ask, admin: Connection, database: str) -> None:
    with psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM etl.staging")
        status, out, _ = ask(url, "prune", "--yes")
        pid = reader.info.backend_pid
    assert status == 1
    assert [line.split("  ")[-1].strip() for line in out[2:5]] == [
        f"other sessions use etl.staging all the time (just now {pid})",
        "1 row openly rejected",
        f"other sessions use etl.staging all the time (just now {pid})",
    ]
    assert one(admin, LEFT) == [1, 11, 21]


def test_nothing_to_drop_is_one_sentence(database: str, ask: Ask) -> None:
    assert ask(database, "prune") == (
        0,
        ["No partition of staging is complete and old enough: nothing is dropped."],
        [],
    )
