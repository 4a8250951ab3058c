"""What a test reads from a daemon's log while the daemon still writes it."""

from pathlib import Path

from tests.support.daemon import named


def test_a_line_that_is_still_being_written_is_no_event_yet(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"event": "batch.loaded", "rows": 1}\n{"event": "batch.loaded", "rows":')
    assert named(log, "batch.loaded") == [{"event": "batch.loaded", "rows": 1}]
    log.write_text(log.read_text() + " 2}\n")
    assert [entry["rows"] for entry in named(log, "batch.loaded")] == [1, 2]
