"""What users see: the sessions of `tests/sessions`, played."""

import re
import time
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from etl_actors.cli.commands import COMMANDS
from tests.support.forks import programs
from tests.support.servers import Server
from tests.support.sessions import SESSIONS, Session, play
from tests.support.steady import Steady

FILES = sorted(SESSIONS.glob("*.txt"))
LONG_S = 8.0  # a session that took longer may show an age of two digits
ANEW = "to record it anew, and then to read it: .venv/bin/python -m tests.support.sessions"


@pytest.fixture(scope="module")
def bin_folder() -> Iterator[Path]:
    with programs() as folder:
        yield folder


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_session_goes_as_it_was_recorded(path: Path, server: Server, template: str, bin_folder: Path) -> None:
    recorded = Session.read(path.read_text("utf-8"))
    began = time.monotonic()
    played = play(recorded, server, template, bin_folder)
    loosely = time.monotonic() - began > LONG_S
    assert _changed(recorded.text, played.text, loosely=loosely) == "", f"{ANEW} {path.stem}"


def _changed(recorded: str, played: str, *, loosely: bool) -> str:
    if loosely:
        recorded, played = _loosely(recorded), _loosely(played)
    return "\n".join(unified_diff(recorded.splitlines(), played.splitlines(), "recorded", "played", n=1, lineterm=""))


def _loosely(text: str) -> str:
    """Leave out how wide the columns of tables are: on a machine that is busy, ages have more digits or fewer."""
    text = re.sub(r"(?<=  )\d+(?:\.\d)? (?:s|min)\b", "0.1 s", text)
    return re.sub(r"─+", "─", re.sub(r" {2,}", "  ", text))


def test_on_a_busy_machine_ages_may_be_wider() -> None:
    quick, slow = "id     age   rows\n─────────\n 1   0.1 s      1\n", "id    age   rows\n────────\n 1   12 s      1\n"
    assert _changed(quick, slow, loosely=False) != ""
    assert _changed(quick, slow, loosely=True) == ""
    assert _changed(quick, slow.replace("1\n", "2\n"), loosely=True) != ""


def test_every_command_has_a_session() -> None:
    named = {path.stem.split("_")[0] for path in FILES}
    assert [name for name in COMMANDS if name not in named] == []


def test_the_text_of_a_session_is_read_and_written_without_a_change() -> None:
    text = "A head.\n\n$ cat > a <<'EOF'\n> x\n>\n> EOF\n$ cat a\nx\n\nshown\n[exit status 1]\n\n\n$ true\n"
    session = Session.read(text)
    assert [step.typed for step in session.steps] == [("cat > a <<'EOF'", "x", "", "EOF"), ("cat a",), ("true",)]
    assert session.steps[1].shown == "x\n\nshown\n[exit status 1]"
    assert session.text == text


def test_moments_of_the_session_are_steady_and_those_of_documents_stay() -> None:
    steady = Steady([("/tmp/x", "/home/ann")])
    now = re.sub(r"\..*", "", steady._began.isoformat())
    assert steady.said(f"{now}.123456+00:00 and {now}Z") == "2026-01-02T03:04:05.678901+00:00 and 2026-01-02T03:04:05Z"
    assert steady.said("at 2026-05-17 10:05:03+00, 10:05") == "at 2026-05-17 10:05:03+00, 10:05"
    assert (
        steady.said("/tmp/x/data: 1,234.5 rows/s, the oldest for 12 min") == "/home/ann/data: 1,000 rows/s, the oldest for 0.1 s"
    )


def test_equal_identifiers_stay_equal_and_different_ones_different() -> None:
    steady = Steady([])
    one, other = "5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"
    assert steady.said(f"{one} {other} {one[:8]}") == f"{'1' * 32} {'2' * 32} {'1' * 8}"
    uuid = "5d41402a-bc4b-2a76-b971-9d911017c592"
    assert steady.said(f"{uuid} {uuid}") == " ".join(["00000000-0000-0000-0000-000000000001"] * 2)
