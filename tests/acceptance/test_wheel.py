"""The built wheel: what is in it, and that it does the main job in an empty environment, from another folder."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[2]
_CONTENT = ("config", "migrations", "parsers")
_KEPT = {"PATH", "LD_LIBRARY_PATH", "TMPDIR"}

_Command = Callable[..., subprocess.CompletedProcess[str]]


def _run(*command: object, cwd: Path, env: dict[str, str] | None = None, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == status, f"{command[0]}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def _files_of(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, _TOP, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel as a user would, from what the lock vouches for; this is the environment's folder of programs."""
    folder = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "--only-binary", ":all:", "-d", "wheels",
         "-r", _TOP / "requirements.lock", cwd=folder)  # fmt: skip
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--find-links", "wheels",
         f"{wheel}[embedded]", cwd=folder)  # fmt: skip
    return python.parent


@pytest.fixture
def command(installed: Path, tmp_path: Path) -> _Command:
    """Run a program of the environment in a folder of no project, with nothing set but where the data goes."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {key: value for key, value in os.environ.items() if key in _KEPT}
    env |= {"HOME": str(tmp_path / "home"), "ETL_DATA_DIR": str(tmp_path / "data"), "ETL_HTTP_PORT": "off", "LANG": "C.UTF-8"}

    def run(program: str, *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        return _run(installed / program, *arguments, cwd=elsewhere, env=env, status=status)

    return run


def test_the_wheel_installs_one_package_and_nothing_beside_it(names: set[str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"etl_actors"}


def test_the_wheel_holds_every_file_of_the_package(names: set[str]) -> None:
    expected = {f"etl_actors/{name}" for name in _files_of(_TOP / "etl_actors")}
    assert {
        "etl_actors/py.typed",
        "etl_actors/slips/expressions/expression.lark",
        "etl_actors/combinators/std/rfc3164.lark",
    } <= expected
    assert any(name.startswith("etl_actors/store/sql/") for name in expected)
    assert expected <= names


@pytest.mark.parametrize("folder", _CONTENT)
def test_the_wheel_holds_the_content_inside_the_package(names: set[str], folder: str) -> None:
    expected = {f"etl_actors/_content/{folder}/{name}" for name in _files_of(_TOP / folder)}
    assert expected
    assert {name for name in names if name.startswith(f"etl_actors/_content/{folder}/")} == expected


def test_the_wheel_names_its_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{info}/METADATA").decode()
        assert "\nLicense-Expression: Apache-2.0\n" in metadata
        assert "\nRequires-Python: >=3.11\n" in metadata
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()
        assert "etl-actors = etl_actors.cli.main:main" in archive.read(f"{info}/entry_points.txt").decode()


@pytest.mark.parametrize("module", [*_CONTENT, "tests", "benchmarks", "pytest"])
def test_no_other_module_can_be_imported(command: _Command, module: str) -> None:
    found = command("python", "-c", f"import importlib.util as u; print(u.find_spec({module!r}))")
    assert found.stdout == "None\n"


def test_a_slip_that_needs_an_extra_which_is_not_installed_is_told_which(command: _Command, tmp_path: Path) -> None:
    slip = tmp_path / "caller" / "slip.toml"
    slip.parent.mkdir()
    slip.write_text('name = "caller"\n[tables.caller]\ncolumns.phone = "phone | phone(\'DE\').e164 | text"\n', "utf-8")
    told = command("etl-actors", "slips", "check", slip.parent, status=1).stdout
    assert "the step `phone` needs phonenumberslite, which is not installed here: pip install 'etl-actors[phones]'\n" in told


def test_the_installed_wheel_does_the_main_job_from_another_folder(command: _Command, tmp_path: Path) -> None:
    documents = [{"sku": f"A-{n % 8}", "price": "€ 12,50", "offers": [{"seller": "s", "price": n}]} for n in range(10)]
    file = tmp_path / "products.jsonl"
    file.write_text("".join(f"{json.dumps(document)}\n" for document in [*documents, {"sku": None}]), "utf-8")

    command("etl-actors", "migrate")
    command("etl-actors", "feed", "shop", file)
    command("etl-actors", "run", "--once")
    command("etl-actors", "audit")

    status = json.loads(command("etl-actors", "status", "--json").stdout)
    (books,) = status["sources"]
    assert (books["source"], books["balanced"]) == ("shop", True)
    counts = ("staged", "pending", "claimed", "loaded", "duplicate", "skipped", "rejected")
    assert [books[count] for count in counts] == [11, 0, 0, 8, 2, 0, 1]
    query = "SELECT sku, p.price, string_agg(o.price::text, ' ') FROM shop_product p JOIN shop_offer o ON o._parent_id = p._id GROUP BY 1, 2 ORDER BY 1"
    rows = command("etl-actors", "psql", "-Atc", query).stdout.split()
    assert rows == [f"A-{n % 8}|12.50|{n}.00" for n in [8, 9, 2, 3, 4, 5, 6, 7]]
