import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pykka
import pytest
import structlog

from etl_actors import logs
from etl_actors.cli.context import Invocation
from etl_actors.errors import DatabaseUnavailable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def undo() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(tell: Callable[[], object], level: str = "info") -> list[dict[str, Any]]:
    stream = io.StringIO()
    logs.configure("json", level, stream)
    tell()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_with_its_keys_level_logger_and_time() -> None:
    (line,) = lines(lambda: structlog.get_logger("etl_actors.test").info("batch.loaded", batch_id=7))
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "batch.loaded", "batch_id": 7, "level": "info", "logger": "etl_actors.test"}


def test_a_line_begins_with_when_how_grave_and_what() -> None:
    (line,) = lines(lambda: structlog.get_logger().info("batch.loaded", batch_id=7))
    assert list(line) == ["timestamp", "level", "event", "batch_id", "logger"]


def test_what_is_below_the_level_is_not_told() -> None:
    assert lines(lambda: structlog.get_logger().info("batch.loaded"), "warning") == []


def test_what_others_log_by_the_standard_library_comes_the_same_way() -> None:
    (line,) = lines(lambda: logging.getLogger("pykka").error("actor %s is gone", "urn:1"))
    assert (line["event"], line["level"], line["logger"]) == ("actor urn:1 is gone", "error", "pykka")


@pytest.mark.parametrize("name", ["pykka", "uvicorn.error", "alembic.runtime.migration", "sqlalchemy.engine"])
def test_others_chat_at_info_is_told_at_debug_only(name: str) -> None:
    assert lines(lambda: logging.getLogger(name).info("hello")) == []
    assert [line["event"] for line in lines(lambda: logging.getLogger(name).info("hello"), "debug")] == ["hello"]


def test_bound_context_is_in_every_event() -> None:
    structlog.contextvars.bind_contextvars(actor="loader")
    (line,) = lines(lambda: structlog.get_logger().info("batch.loaded"))
    assert line["actor"] == "loader"


def test_configuring_again_does_not_tell_twice() -> None:
    logs.configure("json", "info", io.StringIO())
    assert len(lines(lambda: structlog.get_logger().info("batch.loaded"))) == 1


@pytest.mark.parametrize(("stream", "is_json"), [(Terminal(), False), (io.StringIO(), True)])
def test_auto_is_for_reading_on_a_terminal_and_json_elsewhere(stream: io.StringIO, is_json: bool) -> None:  # noqa: FBT001
    logs.configure("auto", "info", stream)
    structlog.get_logger().info("batch.loaded")
    assert stream.getvalue().startswith("{") is is_json


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_turns_colours_off(no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setenv("NO_COLOR", no_color)
    stream = Terminal()
    logs.configure("console", "info", stream)
    structlog.get_logger().info("batch.loaded")
    assert ("\x1b[" in stream.getvalue()) is coloured


def test_no_secret_is_told_by_structlog_nor_by_the_standard_library() -> None:
    def tell() -> None:
        structlog.get_logger().info("database.lost", error="no answer from postgresql://etl:hunter2@db/etl", token="hunter2")
        logging.getLogger("psycopg").warning("failed: %s", "host=db password=hunter2 dbname=etl")

    told = lines(tell)
    assert len(told) == 2
    assert "hunter2" not in json.dumps(told)
    assert "postgresql://etl:***@db/etl" in told[0]["error"]


def test_a_traceback_is_told_without_the_row_that_the_database_quotes() -> None:
    refused = ValueError("null value\nDETAIL:  Failing row contains (1, private).\nHINT:  none")

    def tell() -> None:
        try:
            raise refused
        except ValueError:
            structlog.get_logger().exception("actor.stuck")

    (line,) = lines(tell)
    assert "Traceback" in line["exception"]
    assert "HINT:  none" in line["exception"]
    assert "Failing row" not in line["exception"]


def test_a_value_cannot_steer_the_terminal() -> None:
    stream = Terminal()
    logs.configure("console", "info", stream)
    structlog.get_logger().info("row.rejected", reason="a\x1b]0;owned\x07b\rc")
    assert "\x1b]0" not in stream.getvalue()
    assert "\\u001b]0;owned\\u0007b\\u000dc" in stream.getvalue()


def test_a_value_that_json_does_not_know_is_told_all_the_same() -> None:
    (line,) = lines(lambda: structlog.get_logger().info("row.rejected", reason=object(), message="\ud800"))
    assert line["reason"].startswith("<object")
    assert line["message"] == "\ud800"


class Dying(pykka.ThreadingActor):
    def on_receive(self, message: Exception) -> None:
        raise message


def told_of_the_end_by(error: Exception) -> dict[str, Any]:
    def end() -> None:
        actor = Dying.start()
        actor.tell(error)
        actor.stop()

    (line,) = lines(end)
    return line


def test_an_actor_that_ends_for_want_of_the_database_is_told_in_a_line_without_a_traceback() -> None:
    line = told_of_the_end_by(DatabaseUnavailable("No answer from postgresql://etl:hunter2@db/etl."))
    assert line["event"].startswith("Unhandled exception in Dying (urn:uuid:")
    assert line["event"].endswith("): DatabaseUnavailable: No answer from postgresql://etl:***@db/etl.")
    assert (line["level"], "exception" in line) == ("error", False)


def test_an_actor_that_ends_of_a_bug_is_told_with_its_traceback() -> None:
    line = told_of_the_end_by(KeyError("place"))
    assert "Traceback" in line["exception"]
    assert "KeyError" in line["exception"]


def test_a_commands_warnings_stand_among_its_sentences_and_are_no_json(capfd: pytest.CaptureFixture[str]) -> None:
    Invocation().settings()
    structlog.get_logger().warning("lease.lost", batch_id=7)
    err = capfd.readouterr().err
    assert "lease.lost" in err
    assert not err.startswith("{")
