"""Versions of slips: each kept for ever, one of a name active."""

from collections.abc import Mapping

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember, versions
from etl_actors.store.tables import kin
from etl_actors.store.tables.kin import stored_slips
from tests.support.documents import stage
from tests.support.settle import settle

_TEXT = 'name = "{0}"\nsource = "{0}"\n[tables.{0}]\nkey = ["n"]\ncolumns.n = "n | {1}"\n'


def test_every_version_is_told_the_latest_first_with_what_it_loaded(service: Connection, producer: Connection) -> None:
    first, second = (read_slip({"slip.toml": _TEXT.format("a", "int") + "#" * n}, "public") for n in range(2))
    other = read_slip({"slip.toml": _TEXT.format("b", "int")}, "public")
    for slip in (first, other, second):
        remember(service, slip)
    stage(producer, "a", [{"n": 1}, {"n": 2}, {"n": 2}])
    settle(service, {"a": second}, 10)
    told = [(v.name, v.digest, v.active, v.loaded, v.last_loaded is not None) for v in versions(service)]
    assert told == [
        ("a", second.digest, True, 2, True),
        ("a", first.digest, False, 0, False),
        ("b", other.digest, True, 0, False),
    ]
    remember(service, first)
    assert [(v.digest, v.active) for v in versions(service)][:2] == [(second.digest, False), (first.digest, True)]


def test_a_stored_slip_is_read_once_a_process(service: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    slips = [read_slip({"slip.toml": _TEXT.format(f"many_{n}", "int")}, "public") for n in range(3)]
    for slip in slips:
        remember(service, slip)
    read: list[object] = []

    def noted(files: Mapping[str, str], schema: str) -> Slip:
        read.append(files)
        return read_slip(files, schema)

    monkeypatch.setattr(kin, "read_slip", noted)
    assert [slip.digest for slip in stored_slips(service, "public")] == [slip.digest for slip in slips]
    assert len(read) <= 3
    read.clear()
    assert len(stored_slips(service, "public")) == 3
    assert read == []
