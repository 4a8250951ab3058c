"""What is declared: dependencies, the lock, the lint's exceptions, the targets of make."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import etl_actors

_TOP = Path(__file__).parents[2]
_PROJECT: dict[str, Any] = tomllib.loads((_TOP / "pyproject.toml").read_text("utf-8"))
_LOCK = (_TOP / "requirements.lock").read_text("utf-8")
_DECLARED = [Requirement(text) for text in _PROJECT["project"]["dependencies"]]
_EXTRAS = [Requirement(text) for texts in _PROJECT["project"]["optional-dependencies"].values() for text in texts]


def _imports(*folders: str) -> Iterator[str]:
    for folder in folders:
        for path in (_TOP / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]


def _imported_distributions() -> set[str]:
    owners = importlib.metadata.packages_distributions()
    outside = set(_imports("etl_actors", "migrations")) - sys.stdlib_module_names - {"etl_actors"}
    return {canonicalize_name(owners.get(module, [module])[0]) for module in outside}


def test_what_the_package_imports_is_what_it_declares() -> None:
    read_by_zoneinfo = {"tzdata"}
    assert _imported_distributions() | read_by_zoneinfo == {canonicalize_name(requirement.name) for requirement in _DECLARED}


def test_the_lock_holds_a_version_that_satisfies_each_requirement() -> None:
    pins = {canonicalize_name(name): Version(version) for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", _LOCK)}
    others = [r for r in _DECLARED + _EXTRAS if r.name != "etl-actors"]  # an extra may be several of its own
    wanted = {r.name: str(r.specifier) for r in others if pins[canonicalize_name(r.name)] not in r.specifier}
    assert wanted == {}


def test_every_pin_of_the_lock_has_hashes() -> None:
    pins = re.split(r"(?m)^(?=[\w.-]+==)", _LOCK)[1:]
    assert len(pins) > len(_DECLARED)
    assert [pin.partition(" ")[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert re.findall(r".*(?:https?:|file:|--index|--extra-index|--find-links).*", _LOCK) == []


def test_lark_stays_within_the_releases_whose_tables_are_known() -> None:
    (lark,) = (requirement for requirement in _DECLARED if requirement.name == "lark")
    assert set(str(lark.specifier).split(",")) == {">=1.3.1", "<1.4"}


def test_the_installed_version_is_the_packages_own() -> None:
    assert importlib.metadata.version("etl-actors") == etl_actors.__version__


def test_every_rule_that_lint_leaves_out_says_why() -> None:
    text = (_TOP / "pyproject.toml").read_text("utf-8")
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8-bugbear]")]
    ignored = re.findall(r'(?m)^  "[A-Z]+\d*",.*$', lint)
    assert len(ignored) > 10
    assert [line for line in ignored if not re.search(r",\s+# \w+", line)] == []


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench", "chaos", "container-test", "help"])
def test_make_lists_its_targets(target: str) -> None:
    shown = subprocess.run(["make", "--no-print-directory"], cwd=_TOP, check=True, capture_output=True, text=True).stdout
    assert re.search(rf"(?m)^  make {target} +\S", shown)


def test_setting_up_without_a_fit_python_is_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    setup = [_TOP / "tests" / "setup.sh", tmp_path / "venv"]
    done = subprocess.run(setup, env={"PATH": "/usr/bin:/bin", "PYTHON": str(old)}, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{old} is no Python 3.11 or newer.\n")


def test_setting_up_without_venv_says_what_to_install(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\ncase $2 in *venv*) exit 1 ;; esac\n")
    bare.chmod(0o755)
    setup = [_TOP / "tests" / "setup.sh", tmp_path / "venv"]
    done = subprocess.run(setup, env={"PATH": "/usr/bin:/bin", "PYTHON": str(bare)}, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "has no venv module" in done.stderr
    assert "apt install python3-venv" in done.stderr
