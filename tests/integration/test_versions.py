"""What a daemon puts in force of its folders, and what a rollout does, against a real database."""

from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from etl_actors import events
from etl_actors.errors import SlipError, UsageError
from etl_actors.settings import load_settings
from etl_actors.store.daemons import Node, SlipInForce, declare, differences, living
from etl_actors.store.database import connect
from etl_actors.versions.in_force import Versions
from etl_actors.versions.rollout import Effect, Rollout, apply


def write(folder: Path, name: str, source: str = "notes", column: str = "a | text", more: str = "") -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    text = f'name = "{name}"\nsource = "{source}"\n[tables.{name}]\ncolumns.a = "{column}"\n{more}\n'
    (folder / name / "slip.toml").write_text(text)


def rolled_out(url: str, folder: Path, *names: str, retiring: tuple[str, ...] = ()) -> Rollout:
    settings = load_settings(None, {"ETL_DATABASE_URL": url, "ETL_PARSERS": str(folder)})
    return apply(url, settings, names, retiring=retiring)


def active(url: str) -> list[str]:
    with psycopg.connect(url) as conn:
        return [name for (name,) in conn.execute("SELECT name FROM etl.slip WHERE active ORDER BY name")]


@pytest.fixture
def versions(service_url: str, tmp_path: Path) -> Versions:
    write(tmp_path, "one")
    write(tmp_path, "two", "others")
    made = Versions(service_url, [tmp_path], "public")
    made.start()
    return made


def in_force(versions: Versions) -> dict[str, tuple[str, bool]]:
    """Return of each slip the column in force, and whether it is that of its folder."""
    return {s.name: (s.slip.tables[0].columns[0].text if s.slip else "-", not s.problem) for s in versions.in_force.standings}


def test_a_folder_of_slips_that_is_away_is_no_order_to_forget_them(versions: Versions, tmp_path: Path) -> None:
    tmp_path.rename(tmp_path.with_name("away"))
    with capture_logs() as told:
        versions.read()
    assert in_force(versions) == {"one": ("a | text", False), "two": ("a | text", False)}
    assert {entry["event"] for entry in told} == {events.SLIP_BROKEN}
    assert "there is no such folder" in versions.in_force.broken()[0]
    tmp_path.with_name("away").rename(tmp_path)
    versions.read()
    assert versions.in_force.broken() == ()


def test_an_empty_folder_of_slips_is_none_either(versions: Versions, tmp_path: Path) -> None:
    away = tmp_path.with_name("elsewhere")
    away.mkdir()
    for folder in list(tmp_path.iterdir()):
        folder.rename(away / folder.name)
    versions.read()
    assert in_force(versions) == {"one": ("a | text", False), "two": ("a | text", False)}
    assert "there is none" in versions.in_force.broken()[0]
    for folder in list(away.iterdir()):
        folder.rename(tmp_path / folder.name)
    versions.read()
    assert versions.in_force.broken() == ()


def test_a_version_that_the_database_refuses_leaves_the_last_good_one(versions: Versions, tmp_path: Path) -> None:
    write(tmp_path, "one", column="a | int")
    versions.read()
    assert in_force(versions)["one"] == ("a | text", False)
    write(tmp_path, "one", column="a | upper | text")
    versions.read()
    assert in_force(versions)["one"] == ("a | upper | text", True)


def test_an_edit_back_is_active_again(versions: Versions, tmp_path: Path, database: str) -> None:
    first = {slip.name: slip.digest for slip in versions.in_force.catalogue.slips}["one"]
    for column in ("a | upper | text", "a | text"):
        write(tmp_path, "one", column=column)
        versions.read()
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT digest FROM etl.slip WHERE name = 'one' AND active").fetchall() == [(first,)]


def test_a_start_without_a_good_version_says_all_that_is_wrong(service_url: str, tmp_path: Path) -> None:
    write(tmp_path, "one", column="a | txt")
    write(tmp_path, "two", column="a | it")
    with pytest.raises(SlipError, match=r"(?s)`txt`.*`it`"):
        Versions(service_url, [tmp_path], "public").start()
    with pytest.raises(SlipError, match="there is none"):
        Versions(service_url, [tmp_path / "one"], "public").start()


def test_what_others_have_is_awaited_and_what_is_retired_is_not(versions: Versions, service_url: str, tmp_path: Path) -> None:
    write(tmp_path / "b", "other", "zoo")
    Versions(service_url, [tmp_path / "b"], "public").start()
    before = versions.in_force
    assert versions.look() is not before
    absent = versions.in_force.catalogue.awaited("zoo")
    assert absent is not None
    assert absent.name == "other"
    assert versions.in_force.catalogue.awaited("notes") is None
    same = versions.in_force
    assert versions.look() is same
    rolled_out(service_url, tmp_path, retiring=("other",))
    versions.look()
    assert versions.in_force.catalogue.awaited("zoo") is None


def test_a_rollout_that_nobody_heard_is_met_at_the_next_look(versions: Versions, service_url: str, tmp_path: Path) -> None:
    write(tmp_path, "one", column="a | upper | text")
    versions.look()
    assert in_force(versions)["one"] == ("a | text", True), "an edit alone is no order"
    rolled_out(service_url, tmp_path)
    versions.look()
    assert in_force(versions)["one"] == ("a | upper | text", True)


def test_a_rollout_applies_what_is_good_refuses_the_rest_and_is_recorded(
    versions: Versions, service_url: str, tmp_path: Path, database: str
) -> None:
    assert versions.node is None
    write(tmp_path, "one", column="a | upper | text", more='columns.b = "b | int"')
    write(tmp_path, "two", "others", column="a | txt")
    write(tmp_path, "three", "thirds")
    done = rolled_out(service_url, tmp_path)
    assert [(slip.name, slip.effect, slip.tables) for slip in done.slips] == [
        ("one", Effect.CHANGED, ("public.one",)),
        ("three", Effect.NEW, ("public.three",)),
        ("two", Effect.REFUSED, ()),
    ]
    assert done.refused
    assert "`txt`" in done.slips[2].problem
    assert active(database) == ["one", "three", "two"]
    with psycopg.connect(database) as conn:
        (detail,) = conn.execute("SELECT detail FROM etl.action").fetchone() or ({},)
    assert detail["changed"] == {"one": done.slips[0].digest}
    assert detail["refused"].keys() == {"two"}


def test_a_rollout_of_named_slips_leaves_the_others_as_they_are(versions: Versions, service_url: str, tmp_path: Path) -> None:
    for name, source in (("one", "notes"), ("two", "others")):
        write(tmp_path, name, source, column="a | upper | text")
    assert [slip.name for slip in rolled_out(service_url, tmp_path, "one").slips] == ["one"]
    done = rolled_out(service_url, tmp_path)
    assert [(slip.name, slip.effect) for slip in done.slips] == [("one", Effect.UNCHANGED), ("two", Effect.CHANGED)]
    assert versions.in_force.broken() == ()


def test_a_rollout_of_what_is_not_there_is_a_sentence(versions: Versions, service_url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^There is no slip on in the folders of slips; there are one, two\.$"):
        rolled_out(service_url, tmp_path, "on")
    with pytest.raises(UsageError, match="holds the slip one: a slip is retired once its folder is gone"):
        rolled_out(service_url, tmp_path, retiring=("one",))
    assert versions.in_force.broken() == ()


def test_daemons_say_what_they_work_by_as_long_as_they_live(service_url: str) -> None:
    with connect(service_url) as conn:
        first, second = Node(service_url), Node(service_url)
        declare(conn, first.number, [SlipInForce("one", "a" * 32), SlipInForce("two", None, "a NUL \0 in a broken file")])
        declare(conn, second.number, [SlipInForce("one", "b" * 32)])
        found = living(conn)
        assert [daemon.node for daemon in found] == [first.number, second.number]
        assert found[0].slips == (SlipInForce("one", "a" * 32), SlipInForce("two", None, "a NUL ? in a broken file"))
        (differing,) = differences(found)
        assert (differing.slip, [digest for digest, _ in differing.versions]) == ("one", ["a" * 32, "b" * 32])
        second.close()
        first.close()
