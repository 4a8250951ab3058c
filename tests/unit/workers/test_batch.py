"""A batch's way through the parser, with rows from a list instead of a database."""

import json
from collections.abc import Sequence

import pytest

from etl_actors.errors import SlipError
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.mapping import compile as compile_module
from etl_actors.slips.mapping.compile import Mapper
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values import document as document_module
from etl_actors.slips.values.document import Staged
from etl_actors.workers import batch, known_slips
from etl_actors.workers.base import NO_ROW, Job, Role, RoleSlip
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

    def compile_slip(slip: Slip, *, packed: bool) -> Mapper:
        del packed
        compiled.append(slip.digest)
        return original(slip)

    monkeypatch.setattr(known_slips, "mapper_of", compile_slip)
    parser = BatchParser(_Rows('{"sku": "a"}', '{"sku": "b"}'), "public")
    other = _role(_TOML.replace("sku | text", "sku | upper | text"))
    for role in (_role(), other, _role(), other):
        assert _parse(parser, Job((1, 2), role)).blocks[0].rows == 2
    assert len(compiled) == 2
    assert len(set(compiled)) == 2


def test_a_skipped_row_is_neither_loaded_nor_rejected() -> None:
    result = _parse(BatchParser(_Rows('{"sku": ""}', '{"sku": "b"}'), "public"), Job((1, 2), _role()))
    assert (result.skipped, result.rejects, result.blocks[0].rows) == ((1,), (), 1)


@pytest.mark.parametrize("bug", [KeyError, SystemExit, GeneratorExit])
def test_a_bug_that_one_row_wakes_costs_that_row_and_its_text_shows_no_value(
    bug: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(raw: bytes, *, plain: bool) -> object:
        if b"secret" in raw:
            raise bug("secret")
        return original(raw, plain=plain)

    original = document_module.decode
    monkeypatch.setattr(batch, "decode", decode)
    # 1.50 is no double: such payloads are decoded one by one
    result = _parse(BatchParser(_Rows('{"sku": "secret", "n": 1.50}', '{"sku": "b"}'), "public"), Job((1, 2), _role()))
    (reject,) = result.rejects
    assert (reject.row_id, str(reject.stage), reject.reason) == (1, "parse", "bug")
    assert bug.__name__ in reject.message
    assert "secret" not in repr(reject)
    assert result.blocks[0].rows == 1


_STEPS = """
from etl_actors import step
@step
def own(value: str) -> str:
    if value == "secret":
        raise {raised}(value)
    return value
"""


@pytest.mark.parametrize("raised", ["RuntimeError", "SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_whatever_a_step_of_the_slips_own_raises_costs_its_row_and_is_told_by_its_type(raised: str) -> None:
    files = {"slip.toml": _TOML.replace("sku | text", "sku | own | text"), "steps.py": _STEPS.format(raised=raised)}
    role = Role((RoleSlip(read_slip(files, "public").digest, files),))
    result = _parse(BatchParser(_Rows('{"sku": "secret"}', '{"sku": "b"}'), "public"), Job((1, 2), role))
    (reject,) = result.rejects
    assert (reject.row_id, str(reject.stage), reject.reason) == (1, "map", "bug")
    assert reject.message == f"expected the slip to map the document, but it raised {raised}"
    assert "secret" not in repr(reject)
    assert reject.detail["frames"][-1] == "own:6"
    assert result.blocks[0].rows == 1


def test_progress_names_each_row_before_it_is_touched() -> None:
    told: list[int] = []
    BatchParser(_Rows('{"sku": "a"}', '{"sku": "b"}'), "public", told.append).parse(Job((1, 2), _role()))
    assert told == [NO_ROW, 1, 2, NO_ROW]


def test_progress_names_nothing_while_a_slip_is_learned() -> None:
    told: list[int] = []
    files = {
        "slip.toml": _TOML.replace("sku | text", "sku | own | text"),
        "steps.py": _STEPS.format(raised="1 / 0; raise").replace("@", "1 / 0\n@"),
    }
    with pytest.raises(SlipError, match=r"^slip thing: its steps\.py raised ZeroDivisionError"):
        BatchParser(_Rows(), "public", told.append).parse(Job((1,), Role((RoleSlip(read_slip(files, "public").digest, files),))))
    assert told == []


def test_a_condemned_row_is_not_fetched_again() -> None:
    rows = _Rows('{"sku": "a"}', '{"sku": "b"}')
    condemned = Reject(1, Stage.PARSE, "row_timeout", "it hung")
    result = _parse(BatchParser(rows, "public"), Job((1, 2), _role(), (condemned,)))
    assert rows.fetched == [2]
    assert result.rejects == (condemned,)


_ITEMS = """
name = "thing"
source = "shop"
[tables.thing]
columns.sku = "sku | text"
[tables.offer]
parent = "thing"
each = "offers"
on_error = "item"
columns.price = "price | text | from_json | int"
"""


def test_items_that_are_rejected_alone_come_beside_the_rows_of_their_document() -> None:
    rows = _Rows('{"sku": "a", "offers": [{"price": "1"}, {"price": "x"}]}', '{"sku": "b", "offers": [{"price": "2"}]}')
    result = _parse(BatchParser(rows, "public"), Job((1, 2), _role(_ITEMS)))
    assert [block.rows for block in result.blocks] == [2, 2]
    assert [(reject.row_id, reject.item) for reject in result.rejects] == [(1, True)]


def test_a_document_that_fails_after_all_has_no_rejects_of_items() -> None:
    rows = _Rows('{"sku": "a", "offers": [{"price": "x"}], "notes": 5}')
    toml = _ITEMS + '[tables.note]\nparent = "thing"\neach = "notes"\ncolumns.note = "@ | text"\n'
    result = _parse(BatchParser(rows, "public"), Job((1,), _role(toml)))
    assert [(reject.row_id, reject.item) for reject in result.rejects] == [(1, False)]


def test_what_no_database_can_store_is_taken_out_of_rejects() -> None:
    """A text within a text may hold a NUL or half a surrogate pair."""
    payloads = [json.dumps({"sku": "a", "offers": [{"price": json.dumps(text)}]}) for text in ("\0", "\ud800")]
    result = _parse(BatchParser(_Rows(*payloads), "public"), Job((1, 2), _role(_ITEMS)))
    assert [reject.item for reject in result.rejects] == [True, True]
    for reject in result.rejects:
        told = json.dumps([reject.message, reject.detail], ensure_ascii=False)
        assert told.encode()
        assert "\0" not in told
        assert "\\u0000" not in told


def test_a_refusal_by_a_grammar_is_of_stage_parse() -> None:
    toml = _TOML.replace("sku | text", "sku | parse(word) | text").replace(
        "[tables.thing]", '[grammars]\nword = { text = "start: /[a-z]+/" }\n[tables.thing]', 1
    )
    result = _parse(BatchParser(_Rows('{"sku": "abc1"}'), "public"), Job((1,), _role(toml)))
    (reject,) = result.rejects
    assert (reject.stage, reject.reason, reject.detail["position"]) == (Stage.PARSE, "no_match", 3)


def test_a_row_that_names_its_slip_is_not_asked_for_its_predicate() -> None:
    toml = _TOML.replace('source = "shop"', 'source = "shop"\nwhen = "sku == 1"')
    settled = Role(_role(toml).slips, settled=True)
    assert _parse(BatchParser(_Rows('{"sku": "a"}'), "public"), Job((1,), settled)).blocks[0].rows == 1
    assert _parse(BatchParser(_Rows('{"sku": "a"}'), "public"), Job((1,), _role(toml))).rejects[0].reason == "no_slip"


def test_a_steps_file_that_cannot_be_run_is_the_slip_s_fault() -> None:
    files = {
        "slip.toml": _TOML.replace("sku | text", "sku | odd | text"),
        "steps.py": "from etl_actors import step\n\n@step\ndef odd(value: str) -> str:\n    return value\n\nopen('/nowhere/at/all')\n",
    }
    role = Role((RoleSlip(read_slip(files, "public").digest, files),))
    with pytest.raises(SlipError, match=r"steps\.py raised FileNotFoundError"):
        BatchParser(_Rows('{"sku": "a"}'), "public").parse(Job((1,), role))
