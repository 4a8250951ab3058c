"""The image: built from the base that PYTHON_IMAGE names, and run as its own configuration says.

`buildah run` leaves out entry point and health check, so both are read from the image and run as they stand there.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

_TOP = Path(__file__).parents[2]
_PRODUCT = {
    "sku": "A-1",
    "title": "kettle",
    "price": "€ 12,50",
    "currency": "eur",
    "offers": [{"seller": "s", "price": 9.5, "days": 2}],
}

_SLIP = """\
name = "book"
source = "library"
[tables.book]
key = ["isbn"]
columns.isbn = "isbn | text"
"""
_MOST = 250e6  # bytes beyond the base

pytestmark = [pytest.mark.container, pytest.mark.timeout(500)]

_Run = Callable[..., str]


def _buildah(*arguments: str, stdin: str | None = None, timeout_s: float = 400) -> str:
    # Without a grant of the kernel's, as in most CI jobs, these two work; whoever has more says so in the environment.
    env = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"} | os.environ
    done = subprocess.run(
        ["buildah", *arguments], env=env, input=stdin, check=False, capture_output=True, text=True, timeout=timeout_s
    )
    assert done.returncode == 0, f"buildah {arguments[0]}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    base = os.environ.get("PYTHON_IMAGE")
    if not base:
        pytest.skip("PYTHON_IMAGE is not set: it names the base of the image")
    if not shutil.which("buildah"):
        pytest.fail("buildah is not installed (Debian and Ubuntu: apt install buildah)")
    name = f"localhost/etl-actors-test:{secrets.token_hex(4)}"
    _buildah("bud", "--quiet", "--format", "docker", "--build-arg", f"PYTHON_IMAGE={base}", "--tag", name, str(_TOP))
    yield name
    _buildah("rmi", "--force", name)


def _described(image: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(_buildah("inspect", "--type", "image", image))
    return described


def _layers(image: str) -> dict[str, int]:
    """Return the size of each layer in bytes, by digest."""
    return {layer["digest"]: layer["size"] for layer in json.loads(_described(image)["Manifest"])["layers"]}


@pytest.fixture(scope="module")
def config(image: str) -> dict[str, Any]:
    settings: dict[str, Any] = _described(image)["Docker"]["config"]
    return settings


@pytest.fixture
def container(image: str) -> Iterator[str]:
    name = _buildah("from", image).strip()
    yield name
    _buildah("rm", name)


@pytest.fixture
def run(container: str) -> _Run:
    def in_container(*command: str, stdin: str | None = None, mounted: Mapping[Path, str] = MappingProxyType({})) -> str:
        volumes = [word for here, there in mounted.items() for word in ("--volume", f"{here}:{there}:ro")]
        return _buildah("run", "--env", "ETL_HTTP_PORT=off", *volumes, container, "--", *command, stdin=stdin)

    return in_container


def test_the_program_is_run_without_a_shell_so_that_signals_reach_it(config: dict[str, Any]) -> None:
    assert config["Entrypoint"][0] == "etl-actors"
    assert config["Cmd"] == ["run"]
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]


def test_the_program_is_not_run_as_root_and_cannot_change_itself(run: _Run) -> None:
    assert run("id", "-un").strip() == "etl"
    assert run("find", "/opt/etl-actors", "/app", "-writable", "-not", "-type", "l") == ""


def test_what_only_builds_and_tests_stays_out(run: _Run) -> None:
    look = "import importlib.util as u; print([m for m in ('pip', 'pytest', 'hatchling', 'ruff') if u.find_spec(m)])"
    assert run("/opt/etl-actors/bin/python", "-I", "-c", look).strip() == "[]"


def test_the_libraries_that_steps_wrap_are_in_it(run: _Run) -> None:
    look = "from etl_actors.slips.steps.known import STEPS; print(all(kind.library.versions() for kind in STEPS.values() if kind.library))"
    assert run("/opt/etl-actors/bin/python", "-I", "-c", look).strip() == "True"


def test_it_adds_less_than_a_quarter_of_a_gigabyte_to_its_base(image: str) -> None:
    base, made = _layers(os.environ["PYTHON_IMAGE"]), _layers(image)
    assert base.keys() < made.keys()
    added = sum(size for digest, size in made.items() if digest not in base)
    print(f"{added / 1e6:.0f} MB beyond the base")
    assert 1e6 < added < _MOST


def test_folders_of_slips_and_settings_that_are_mounted_take_effect(config: dict[str, Any], run: _Run, tmp_path: Path) -> None:
    (tmp_path / "parsers" / "book").mkdir(parents=True)
    (tmp_path / "parsers" / "book" / "slip.toml").write_text(_SLIP)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "default.toml").write_text('target_schema = "mart"\n')
    mounted = {tmp_path / "parsers": "/app/parsers", tmp_path / "config": "/app/config"}
    program = config["Entrypoint"]
    (slip,) = json.loads(run(*program, "slips", "list", "--json", mounted=mounted))["slips"]
    assert slip["name"] == "book"
    assert "table mart.book" in run(*program, "slips", "show", "book", mounted=mounted)


def test_documents_become_rows_in_the_embedded_database(config: dict[str, Any], run: _Run) -> None:
    program = config["Entrypoint"]
    run(*program, "migrate")
    run(*program, "feed", "shop", "-", stdin=json.dumps(_PRODUCT) + "\n")
    run(*program, "run", "--once")
    run(*program, "audit")
    (books,) = json.loads(run(*program, "status", "--json"))["sources"]
    assert (books["staged"], books["loaded"], books["balanced"]) == (1, 1, True)


def test_sigterm_drains_a_healthy_daemon_which_ends_well(config: dict[str, Any], container: str, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = ["--env", f"ETL_HTTP_PORT={port}", "--env", "ETL_LOG_FORMAT=json"]
    env = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"} | os.environ
    log = tmp_path / "log"
    command = ["buildah", "run", *given, container, "--", *config["Entrypoint"], *config["Cmd"]]
    with log.open("wb") as output, subprocess.Popen(command, env=env, stdout=output, stderr=output) as daemon:
        try:
            _until_healthy(daemon, ["run", *given, container, "--", *config["Healthcheck"]["Test"][1:]], log)
            os.kill(_program_on(port), signal.SIGTERM)
            assert daemon.wait(60) == 0, log.read_text("utf-8")
        finally:
            daemon.kill()
    assert "daemon.stopped" in log.read_text("utf-8")


def _until_healthy(daemon: "subprocess.Popen[bytes]", check: list[str], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert daemon.poll() is None, log.read_text("utf-8")
        try:
            _buildah(*check)
        except AssertionError:
            time.sleep(0.2)  # as a health check's interval: nothing tells us when the port is open
        else:
            return
    pytest.fail(f"the daemon never became healthy\n{log.read_text('utf-8')}")


def _program_on(port: str) -> int:
    """Find the program by what only it was given: the tool's own processes stand between it and us."""
    (found,) = (int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_program(path, f"ETL_HTTP_PORT={port}"))
    return found


def _is_program(process: Path, setting: str) -> bool:
    try:
        command, environment = (process.joinpath(name).read_text("utf-8").split("\0") for name in ("cmdline", "environ"))
    except (OSError, UnicodeDecodeError):
        return False  # it has ended, or is none of ours
    return setting in environment and "/opt/etl-actors/bin/etl-actors" in command[:2]
