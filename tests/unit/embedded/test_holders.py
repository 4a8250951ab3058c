"""Who is counted as a holder: the very process that took the lease, as long as it runs."""

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.embedded import holders, processes
from etl_actors.embedded.holders import Holder

_CAT = shutil.which("cat") or "/bin/cat"


def test_this_process_holds_what_it_took() -> None:
    assert Holder.current().lives
    assert Holder.current().lease != Holder.current().lease


def test_another_process_under_the_same_pid_is_no_holder() -> None:
    me = Holder.current()
    assert not dataclasses.replace(me, started=me.started - 1).lives


def test_the_same_pid_and_ticks_after_another_boot_are_no_holder() -> None:
    assert not dataclasses.replace(Holder.current(), boot="another").lives


def test_a_zombie_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{process.pid}/stat").exists()  # not reaped yet
        assert processes.started(process.pid) is None
    assert processes.command(process.pid) == ()


def test_a_programs_name_may_look_like_the_fields_after_it(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z 1 2"
    odd.symlink_to(_CAT)
    with subprocess.Popen([odd, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(b"runs\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"runs\n"
            assert "a) Z 1 2" in Path(f"/proc/{process.pid}/stat").read_text("utf-8")
            assert (processes.started(process.pid) or 0) >= (processes.started(os.getpid()) or 0)
            assert processes.command(process.pid)[:2] == (os.fsencode(odd), b"-")
        finally:
            process.kill()


def test_a_pid_that_nobody_has_is_nobodys() -> None:
    assert processes.started(4_194_305) is None
    assert processes.command(4_194_305) == ()


@given(count=st.integers(0, 5))
@settings(max_examples=6)
def test_what_is_recorded_is_read_again_less_the_dead(count: int) -> None:
    living = tuple(Holder.current() for _ in range(count))
    dead = dataclasses.replace(Holder.current(), started=0)
    with tempfile.TemporaryDirectory() as folder:
        holders.record(Path(folder), (dead, *living))
        assert holders.living(Path(folder)) == living


def test_a_record_that_was_cut_short_counts_nobody(tmp_path: Path) -> None:
    holders.record(tmp_path, (Holder.current(),))
    whole = (tmp_path / "holders.json").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "holders.json").write_bytes(whole[:length])
        assert holders.living(tmp_path) == ()


def test_one_at_a_time_is_in_the_lock_even_within_one_process(tmp_path: Path) -> None:
    entered = threading.Event()

    def second() -> None:
        with holders.locked(tmp_path):
            entered.set()

    with holders.locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(30)
    thread.join()
