"""The parser process answers with whatever ends it, and prints nothing."""

import os
import subprocess
import sys

import pytest

from etl_actors.workers.base import Failure
from etl_actors.workers.pipe import Pipe

_RAISING = """
import sys
from etl_actors.workers import process

def answer(pipe, progress_fd):
    {raising}

process._answer = answer
process.main(int(sys.argv[1]), 0)
"""


def _ended(raising: str) -> tuple[object, int, bytes]:
    """Return what a process answers in which this is raised, its exit status, and what it prints."""
    ours, theirs = Pipe.pair()
    fd = theirs.fileno()
    process = subprocess.Popen(
        [sys.executable, "-c", _RAISING.format(raising=raising), str(fd)],
        pass_fds=(fd,),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=os.curdir,
    )
    with ours, theirs:
        printed, _ = process.communicate(timeout=60)
        return (ours.recv() if ours.poll() else None), process.returncode, printed


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException"])
def test_what_is_no_exception_is_answered_by_its_type_alone(kind: str) -> None:
    answer, status, printed = _ended(f"raise {kind}('terces'[::-1])")
    assert isinstance(answer, Failure)
    assert (answer.kind, answer.text, status, printed) == (kind, "", 0, b"")
    assert "secret" not in answer.frames
    assert "in answer" in answer.frames


def test_an_exception_is_answered_with_its_text() -> None:
    answer, status, printed = _ended("raise LookupError('there is no such thing')")
    assert isinstance(answer, Failure)
    assert (answer.kind, answer.text, status, printed) == ("LookupError", "there is no such thing", 0, b"")


def test_where_nobody_is_there_to_be_answered_it_ends_without_a_word() -> None:
    answer, status, printed = _ended("pipe.close(); raise SystemExit('secret')")
    assert (answer, status, printed) == (None, 0, b"")
