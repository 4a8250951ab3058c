"""A batch's way through the parser, with rows from a list instead of a database."""

from collections.abc import Sequence

import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips import compile as compile_module
from etl_actors.slips import document as document_module
from etl_actors.slips.compile import Mapper
from etl_actors.slips.document import Staged
from etl_actors.slips.model import Slip
from etl_actors.slips.read import read_slip
from etl_actors.workers import batch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser

_TOML = """
name = "thing"
source = "shop"
[tables.thing]
when = "sku != ''"
columns.sku = "sku | text"
"""


def _role(toml: str = _TOML) -> Role:
    files = {"slip.toml": toml}
    return Role((RoleSlip(read_slip(files, "public").digest, files),))


class _Rows:
    def __init__(self, *payloads: str) -> None:
        self._rows = [
            Staged(no, payload.encode(), "shop", "2026-01-01 00:00:00+00") for no, payload in enumerate(payloads, start=1)
        ]
        self.fetched: list[int] = []

    def __call__(self, row_ids: Sequence[int]) -> list[Staged]:
        self.fetched += row_ids
        return [row for row in self._rows if row.row_id in row_ids]


def _parse(parser: BatchParser, job: Job) -> Parsed:
    result = parser.parse(job)
    assert isinstance(result, Parsed)
    return result


def test_a_role_is_compiled_once_and_kept_by_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    original = compile_module.compile_slip

    def compile_slip(slip: Slip) -> Mapper:
        compiled.append(slip.digest)
        return original(slip)

    monkeypatch.setattr(batch, "compile_slip", compile_slip)
    parser = BatchParser(_Rows('{"sku": "a"}', '{"sku": "b"}'), "public")
    other = _role(_TOML.replace("sku | text", "sku | upper | text"))
    for role in (_role(), other, _role(), other):
        assert _parse(parser, Job((1, 2), role)).blocks[0].rows == 2
    assert len(compiled) == 2
    assert len(set(compiled)) == 2


def test_a_skipped_row_is_neither_loaded_nor_rejected() -> None:
    result = _parse(BatchParser(_Rows('{"sku": ""}', '{"sku": "b"}'), "public"), Job((1, 2), _role()))
    assert (result.skipped, result.rejects, result.blocks[0].rows) == ((1,), (), 1)


def test_a_bug_that_one_row_wakes_costs_that_row_and_its_text_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(raw: bytes) -> object:
        if b"secret" in raw:
            raise KeyError("secret")
        return original(raw)

    original = document_module.decode
    monkeypatch.setattr(batch, "decode", decode)
    result = _parse(BatchParser(_Rows('{"sku": "secret"}', '{"sku": "b"}'), "public"), Job((1, 2), _role()))
    (reject,) = result.rejects
    assert (reject.row_id, str(reject.stage), reject.reason) == (1, "parse", "bug")
    assert "KeyError" in reject.message
    assert "secret" not in repr(reject)
    assert result.blocks[0].rows == 1


def test_progress_names_each_row_before_it_is_touched() -> None:
    told: list[int] = []
    BatchParser(_Rows('{"sku": "a"}', '{"sku": "b"}'), "public", told.append).parse(Job((1, 2), _role()))
    assert told == [1, 2, 0]


def test_a_condemned_row_is_not_fetched_again() -> None:
    rows = _Rows('{"sku": "a"}', '{"sku": "b"}')
    condemned = Reject(1, Stage.PARSE, "row_timeout", "it hung")
    result = _parse(BatchParser(rows, "public"), Job((1, 2), _role(), (condemned,)))
    assert rows.fetched == [2]
    assert result.rejects == (condemned,)
