"""Every bundled slip makes of its samples what they expect."""

import json
from pathlib import Path
from typing import Any

import pytest

from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Table
from etl_actors.resources import resource
from etl_actors.slips.compile import compile_slip
from etl_actors.slips.document import Staged, decode
from etl_actors.slips.files import read_slip_folder
from etl_actors.slips.read import read_slip

SAMPLES = sorted(resource("parsers").glob("*/samples/*.json"))
_ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def _map(path: Path, document: Any) -> tuple[bool | Reject, dict[str, list[dict[str, str | None]]]]:
    slip = read_slip(read_slip_folder(path.parent.parent), "public")
    mapper = compile_slip(slip)
    raw = json.dumps(document).encode()
    staged = Staged(1, raw, path.parent.parent.name, "2026-01-01 00:00:00+00")
    lines = mapper.begin()
    outcome = mapper.map(staged, decode(raw), lines)
    tables = zip(mapper.tables, lines, strict=True)
    return outcome, {table.name: [_row(table, line) for line in made] for table, made in tables}


def _row(table: Table, line: str) -> dict[str, str | None]:
    names = [name for name, _ in table.copied]
    fields = dict(zip(names, map(_field, line.split("\t")), strict=True))
    return {column.name: fields[column.name] for column in table.columns}


def _field(text: str) -> str | None:
    if text == "\\N":
        return None
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text


@pytest.mark.parametrize("path", SAMPLES, ids=[f"{path.parent.parent.name}/{path.stem}" for path in SAMPLES])
def test_a_sample_gives_what_it_expects(path: Path) -> None:
    sample = json.loads(path.read_text("utf-8"))
    outcome, rows = _map(path, sample["document"])
    if "reject" in sample:
        assert isinstance(outcome, Reject)
        told = {"stage": outcome.stage, "reason": outcome.reason, **outcome.detail}
        told["table"] = str(told["table"]).rpartition(".")[2]
        assert {key: told.get(key) for key in sample["reject"]} == sample["reject"]
        assert not any(rows.values())
    else:
        assert outcome is True
        assert rows == sample["rows"]


def test_every_bundled_slip_has_a_sample_that_lands_and_one_that_does_not() -> None:
    for folder in {path.parent for path in SAMPLES}:
        kinds = {key for path in folder.iterdir() for key in json.loads(path.read_text("utf-8"))}
        assert kinds == {"document", "rows", "reject"}
    assert {path.parent.parent.name for path in SAMPLES} >= {"python_distribution", "shop_product"}
