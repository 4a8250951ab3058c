"""The metadata of installed distributions, as documents."""

from pathlib import Path

import orjson
import pytest

from etl_actors.demo import site_packages as places
from etl_actors.demo.distributions import installed
from etl_actors.demo.site_packages import site_packages

_METADATA = """\
Metadata-Version: 2.1
Name: Zope.Inter_face
Version: 1.0
Summary: Interfaces
License: ZPL 2.1
 with a second line
Requires-Python: >=3.9
Classifier: Typing :: Typed
Requires-Dist: attrs >=22
Requires-Dist: My_Tests[x]>1 ; extra == "test"

Long text.
"""
_RECORD = """\
zope/__init__.py,sha256=abc,12
"zope/a, b.py",sha256=def,0
zope/__pycache__/__init__.cpython-311.pyc,,
zope-1.0.dist-info/RECORD,,
"""


def _install(site: Path, folder: str, **files: str) -> None:
    (site / folder).mkdir(parents=True)
    for name, text in files.items():
        (site / folder / name.replace("_", "-") if name == "PKG_INFO" else site / folder / name).write_text(text, "utf-8")


def test_a_wheel_s_metadata_becomes_one_document(tmp_path: Path) -> None:
    _install(tmp_path, "zope-1.0.dist-info", METADATA=_METADATA, RECORD=_RECORD, INSTALLER="pip\n")
    [line] = installed((tmp_path,))
    assert orjson.loads(line) == {
        "name": "zope-inter-face",
        "version": "1.0",
        "title": "Zope.Inter_face",
        "summary": "Interfaces",
        "license": "ZPL 2.1",
        "requires_python": ">=3.9",
        "home_page": None,
        "classifiers": ["Typing :: Typed"],
        "installer": "pip",
        "found_in": str(tmp_path),
        "requires": [
            {"requirement": "attrs >=22", "name": "attrs", "extra": None},
            {"requirement": 'My_Tests[x]>1 ; extra == "test"', "name": "my-tests", "extra": "test"},
        ],
        "files": [
            {"path": "zope/__init__.py", "size": 12, "hash": "sha256=abc"},
            {"path": "zope/a, b.py", "size": 0, "hash": "sha256=def"},
            {"path": "zope-1.0.dist-info/RECORD", "size": None, "hash": None},
        ],
    }


def test_the_same_distribution_in_two_folders_is_two_documents_with_one_key(tmp_path: Path) -> None:
    for site in ("one", "two"):
        _install(tmp_path / site, "zope-1.0.dist-info", METADATA=_METADATA)
    first, second = (orjson.loads(line) for line in installed((tmp_path / "one", tmp_path / "two")))
    assert (first["name"], first["version"]) == (second["name"], second["version"])
    assert first["found_in"] != second["found_in"]


def test_a_distribution_of_the_old_kind_has_no_files(tmp_path: Path) -> None:
    _install(tmp_path, "old.egg-info", PKG_INFO="Metadata-Version: 1.0\nName: old\nVersion: 3\nLicense: UNKNOWN\n")
    [line] = installed((tmp_path,))
    document = orjson.loads(line)
    assert (document["name"], document["version"], document["license"], document["files"]) == ("old", "3", None, [])


def test_metadata_that_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "latin.dist-info").mkdir()
    (tmp_path / "latin.dist-info" / "METADATA").write_bytes(b"Name: latin\nVersion: 1\nAuthor: Andr\xe9\n")
    assert list(installed((tmp_path,))) == []


def test_this_machine_has_some_and_they_come_in_the_same_order() -> None:
    lines = list(installed())
    assert list(installed()) == lines
    assert "pytest" in {orjson.loads(line)["name"] for line in lines}


def test_folders_are_found_once_each_and_no_more_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = site_packages()
    assert len(set(found)) == len(found)
    assert all(folder.is_dir() for folder in found)
    monkeypatch.setattr(places, "MAX_FOLDERS", 2)
    assert site_packages() == found[:2]
