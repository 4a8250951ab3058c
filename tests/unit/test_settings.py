import itertools
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.errors import SettingsError
from etl_actors.resources import resource
from etl_actors.settings import Settings, load_settings

_DEFAULTS = resource("config") / "default.toml"


def problems(config: Path | None = None, environ: dict[str, str] | None = None, **overrides: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, environ or {}, **overrides)
    return str(caught.value).splitlines()


def test_the_default_file_lists_every_key_and_no_other() -> None:
    assert set(tomllib.loads(_DEFAULTS.read_text("utf-8"))) == set(Settings.model_fields)


def test_every_key_of_the_default_file_follows_a_comment() -> None:
    lines = _DEFAULTS.read_text("utf-8").splitlines()
    bare = [line for before, line in itertools.pairwise(lines) if re.match(r"\w+ =", line) and not before.startswith("# ")]
    assert bare == []


def test_without_anything_the_defaults_hold_and_what_is_as_needed_is_resolved() -> None:
    settings = load_settings(environ={})
    assert settings.database_url.get_secret_value() == ""
    assert (settings.workers, settings.loaders, settings.batch_rows) == (2, 1, 8000)
    assert settings.inflight_batches == 6
    assert settings.data_dir.name == "etl-actors"
    assert settings.parser_folders == (resource("parsers"),)


def test_the_environment_goes_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("workers = 3\nloaders = 3\nbatch_rows = 3\n")
    settings = load_settings(file, {"ETL_LOADERS": "4", "ETL_BATCH_ROWS": "4"}, batch_rows=5)
    assert (settings.workers, settings.loaders, settings.batch_rows) == (3, 4, 5)


def test_an_override_of_none_and_an_empty_variable_count_as_not_given() -> None:
    assert load_settings(None, {"ETL_LOADERS": ""}, workers=None) == load_settings(None, {})


def test_all_problems_are_told_together_each_with_what_was_expected_what_came_and_from_where(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("loaders = 0\nlease_s = true\n")
    told = problems(file, {"ETL_WORKERS": "two", "ETL_HTTP_PORT": "65536", "ETL_LOG_LEVEL": "loud"}, batch_rows=-1)
    assert sorted(told) == [
        "batch_rows: expected at least 1, got -1 (--batch-rows)",
        "http_port: expected a port, 0 to 65535, or off, got '65536' (ETL_HTTP_PORT)",
        f"lease_s: expected a number, got True ({file})",
        f"loaders: expected at least 1, got 0 ({file})",
        "log_level: expected 'debug', 'info', 'warning' or 'error', got 'loud' (ETL_LOG_LEVEL)",
        "workers: expected a whole number, got 'two' (ETL_WORKERS)",
    ]


@pytest.mark.parametrize("key", sorted(Settings.model_fields))
def test_no_key_takes_a_list(key: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"{key} = [1]\n")
    assert problems(file)[0].startswith(f"{key}: expected ")


def test_an_unknown_key_of_the_file_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("worker = 3\n[http]\nport = 80\n")
    assert problems(file) == [
        f"worker: there is no such setting, did you mean workers? ({file})",
        f"http: there is no such setting ({file})",
    ]


@pytest.mark.parametrize("name", ["ETL_CORPUS", "ETL_JOB", "ETL_HOME", "ETL_RUN_DATE", "ETL_FILE"])
def test_a_variable_that_is_like_none_of_ours_is_another_programs(name: str) -> None:
    assert load_settings(environ={name: "x"}).workers == 2


@pytest.mark.parametrize("name", ["ETL_WORKER", "ETL_DATABASEURL", "ETL_BATCHROWS", "ETL_PARSER", "ETL_HTTPPORT"])
def test_a_slip_of_the_pen_is_told(name: str) -> None:
    assert "there is no such setting, did you mean ETL_" in problems(environ={name: "4"})[0]


def test_an_unknown_variable_is_told_with_the_nearest_one() -> None:
    assert problems(environ={"ETL_DATABSE_URL": "x"}) == [
        "ETL_DATABSE_URL: there is no such setting, did you mean ETL_DATABASE_URL? (environment)"
    ]


@pytest.mark.parametrize("name", ["ETL_ACTORS_SERVICE_HOST", "PATH"])
def test_variables_that_only_look_like_ours_are_left_alone(name: str) -> None:
    assert load_settings(environ={name: "x"}) == load_settings(environ={})


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == [
        f"{tmp_path / 'none.toml'}: the settings cannot be read: No such file or directory"
    ]


def test_a_file_that_is_not_toml_is_a_problem_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("workers = 2\nloaders :\n")
    (told,) = problems(file)
    assert told.startswith(f"{file}: expected TOML: ")
    assert "line 2" in told


def test_a_secret_comes_from_a_file_without_its_last_newline(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://u:pw@h/db\n")
    settings = load_settings(environ={"ETL_DATABASE_URL_FILE": str(secret)})
    assert settings.database_url.get_secret_value() == "postgresql://u:pw@h/db"


def test_any_key_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "n").write_text("7\n")
    assert load_settings(environ={"ETL_WORKERS_FILE": str(tmp_path / "n")}).workers == 7


def test_a_secret_file_that_is_not_there_is_a_problem() -> None:
    assert problems(environ={"ETL_WORKERS_FILE": "/nowhere/n"}) == [
        "workers: the file /nowhere/n cannot be read: No such file or directory (ETL_WORKERS_FILE)"
    ]


def test_a_value_and_a_file_for_one_key_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "n").write_text("7")
    assert problems(environ={"ETL_WORKERS": "2", "ETL_WORKERS_FILE": str(tmp_path / "n")}) == [
        "workers: expected ETL_WORKERS or ETL_WORKERS_FILE, got both (environment)"
    ]


def test_the_database_url_is_in_no_text_of_the_settings() -> None:
    settings = load_settings(environ={"ETL_DATABASE_URL": "postgresql://u:hunter2@h/db"})
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_a_wrong_database_url_is_not_shown() -> None:
    (told,) = problems(environ={"ETL_DATABASE_URL": "mysql://u:hunter2@h/db"})
    assert told == "database_url: expected postgresql://user@host:port/database, got a value that is not shown (ETL_DATABASE_URL)"


@pytest.mark.parametrize("url", ["postgres://h/db", "postgresql:///db?host=/run/pg", "host=h dbname=db"])
def test_urls_and_conninfo_are_database_urls(url: str) -> None:
    assert load_settings(environ={"ETL_DATABASE_URL": url}).database_url.get_secret_value() == url


@pytest.mark.parametrize(("text", "port"), [("off", None), ("OFF", None), ("0", 0), ("8080", 8080), (" 80 ", 80)])
def test_the_http_port_is_a_number_or_off(text: str, port: int | None) -> None:
    assert load_settings(environ={"ETL_HTTP_PORT": text}).http_port == port


def test_folders_of_slips_are_joined_by_a_colon(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    settings = load_settings(environ={"ETL_PARSERS": f"{tmp_path}/a:{tmp_path}/b"})
    assert settings.parser_folders == (tmp_path / "a", tmp_path / "b")


def test_a_folder_of_slips_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (told,) = problems(environ={"ETL_PARSERS": f"{tmp_path}:{tmp_path}/none"})
    assert told.startswith(f"parsers: expected folders joined by ':', and there is no folder {tmp_path}/none, got ")


@pytest.mark.parametrize("name", ["", "etl", "pg_catalog", "x" * 64])
def test_targets_do_not_go_into_a_schema_of_ours_or_the_servers(name: str) -> None:
    assert problems(target_schema=name)[0].startswith("target_schema: expected the name of a schema")


@given(workers=st.integers(1, 64), loaders=st.integers(1, 64))
def test_credit_follows_workers_and_loaders(workers: int, loaders: int) -> None:
    settings = load_settings(environ={}, workers=workers, loaders=loaders)
    assert settings.inflight_batches == 2 * workers + 2 * loaders


def test_one_batch_fits_into_what_is_in_flight() -> None:
    assert problems(batch_bytes=100, inflight_bytes=99) == [
        "inflight_bytes: expected at least batch_bytes, 100, got 99 (--inflight-bytes)"
    ]


def test_producers_are_asked_to_ring_for_longer_than_a_safety_poll() -> None:
    assert problems(asleep_s=5, safety_poll_s=5) == ["asleep_s: expected more than safety_poll_s, 5.0, got 5 (--asleep-s)"]


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0"])
def test_seconds_are_finite_and_positive(value: str) -> None:
    assert problems(environ={"ETL_LEASE_S": value})[0].startswith("lease_s: expected ")


def test_settings_cannot_be_changed() -> None:
    settings = load_settings(environ={})
    with pytest.raises(ValueError, match="frozen"):
        settings.workers = 3


def test_the_example_is_valid_and_names_only_what_differs() -> None:
    example = resource("config") / "example.toml"
    named = tomllib.loads(example.read_text("utf-8"))
    settings, defaults = load_settings(example, {}), load_settings(environ={})
    assert settings.workers == named["workers"]
    assert [key for key in named if getattr(settings, key) == getattr(defaults, key)] == []


@pytest.mark.parametrize(("text", "days"), [("0", None), ("0.5", 0.5), ("30", 30.0)])
def test_documents_are_kept_for_ever_or_for_some_days(text: str, days: float | None) -> None:
    kept = load_settings(environ={"ETL_RETENTION_DAYS": text}).retention
    assert kept == (None if days is None else timedelta(days=days))


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "for ever", "100001"])
def test_any_other_text_is_no_number_of_days(text: str) -> None:
    (problem,) = problems(environ={"ETL_RETENTION_DAYS": text})
    assert problem.startswith("retention_days: expected ")
