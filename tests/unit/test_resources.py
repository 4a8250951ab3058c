"""The content that travels with the engine, and where it is found."""

from pathlib import Path

import pytest

from etl_actors import resources
from etl_actors.errors import EtlError
from etl_actors.resources import resource

_TOP = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "etl_actors"
    folder.mkdir()
    monkeypatch.setattr(resources, "__file__", str(folder / "resources.py"))
    return folder


@pytest.mark.parametrize(("name", "holds"), [("config", "default.toml"), ("migrations", "env.py"), ("parsers", "*/slip.toml")])
def test_an_editable_install_finds_the_checkouts_own_files(name: str, holds: str) -> None:
    assert resource(name) == _TOP / name
    assert list(resource(name).glob(holds))


def test_what_the_wheel_installed_is_found_inside_the_package(package: Path) -> None:
    (package / "_content" / "parsers").mkdir(parents=True)
    assert resource("parsers") == package / "_content" / "parsers"


def test_what_the_wheel_installed_is_taken_before_a_folder_beside_the_package(package: Path) -> None:
    (package.parent / "config").mkdir()
    (package / "_content" / "config").mkdir(parents=True)
    assert resource("config") == package / "_content" / "config"


def test_content_that_is_nowhere_is_one_sentence(package: Path) -> None:
    with pytest.raises(EtlError, match=r"not complete: .*etl_actors came without its migrations\. Install etl-actors again\."):
        resource("migrations")
