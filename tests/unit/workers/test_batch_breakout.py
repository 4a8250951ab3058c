"""A batch whose documents have no place in the tables yet is parsed by a version that has seen them."""

from typing import Any

import pytest

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.breakout.asked import Asked
from etl_actors.relational.breakout.seen import Seen, seen_in
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.mapping import broken
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser

SLIP = read_slip({"slip.toml": 'name = "shop"\n[breakout]\n'}, "public")
ROLE = Role((RoleSlip(SLIP.digest, SLIP.files),))


def _parser(*payloads: str) -> BatchParser:
    rows = [Staged(row_id, raw.encode(), "shop", "") for row_id, raw in enumerate(payloads, 1)]
    return BatchParser(lambda row_ids: [row for row in rows if row.row_id in row_ids], "public")


def test_the_slip_grows_and_all_rows_are_of_one_version() -> None:
    parsed = _parser('{"a": 1}', '{"b": [1]}').parse(Job((1, 2), ROLE))
    assert isinstance(parsed, Parsed)
    assert parsed.digest == grown(grown(SLIP, seen_in({"a": 1})), seen_in({"b": [1]})).digest
    assert [(block.table.name, block.rows) for block in parsed.blocks] == [("shop", 2), ("shop__b", 1)]
    assert parsed.broken_out


def test_what_it_has_seen_in_one_batch_it_knows_in_the_next() -> None:
    parser = _parser('{"a": 1}', '{"a": 2}')
    first, second = parser.parse(Job((1,), ROLE)), parser.parse(Job((2,), ROLE))
    assert isinstance(first, Parsed)
    assert isinstance(second, Parsed)
    assert first.digest == second.digest


def test_rows_that_are_rejected_are_so_once() -> None:
    parsed = _parser('{"a": 1}', '{"$raw": "x", "$reason": "not_json", "$error": "expected JSON"}').parse(Job((1, 2), ROLE))
    assert isinstance(parsed, Parsed)
    assert [reject.row_id for reject in parsed.rejects] == [2]


def test_of_several_slips_that_grow_the_one_grows_whose_documents_those_were() -> None:
    other = read_slip({"slip.toml": 'name = "other"\npriority = 1\nwhen = "exists(b)"\n[breakout]\n'}, "public")
    role = Role((RoleSlip(other.digest, other.files), *ROLE.slips))
    parser = _parser('{"a": 1}', '{"b": 1}')
    first, second = parser.parse(Job((1,), role)), parser.parse(Job((2,), role))
    assert isinstance(first, Parsed)
    assert isinstance(second, Parsed)
    assert (first.digest, second.digest) == (grown(SLIP, seen_in({"a": 1})).digest, grown(other, seen_in({"b": 1})).digest)


def test_a_slip_that_has_no_place_for_what_it_has_seen_does_not_grow_without_end() -> None:
    class Stuck:
        def __init__(self) -> None:
            self.changed: list[str] = []

        def current(self, slip: Slip) -> Slip:
            return slip

        def grow(self, slip: Slip, seen: Seen) -> Slip:
            del seen
            return slip

    row = Staged(1, b'{"a": 1}', "shop", "")
    with pytest.raises(SlipError, match="a bug of this release"):
        BatchParser(lambda _row_ids: [row], "public", growing=Stuck()).parse(Job((1,), ROLE))


def test_documents_that_get_no_place_are_rejects_of_their_slip() -> None:
    class Full:
        def __init__(self) -> None:
            self.changed: list[str] = []

        def current(self, slip: Slip) -> Slip:
            return slip

        def grow(self, slip: Slip, seen: Seen) -> Slip:
            del slip, seen
            raise NoPlace("view v depends on them")

    rows = [Staged(1, b'{"a": 1}', "shop", ""), Staged(2, b'{"a": "x"}', "shop", "")]
    parsed = BatchParser(lambda _row_ids: rows, "public", growing=Full()).parse(Job((1, 2), ROLE))
    assert isinstance(parsed, Parsed)
    assert (parsed.slip, parsed.digest) == ("shop", SLIP.digest)
    assert [(reject.row_id, reject.reason, reject.message) for reject in parsed.rejects] == [
        (1, "no_place", "view v depends on them"),
        (2, "no_place", "view v depends on them"),
    ]


def test_alike_documents_that_get_no_place_are_all_rejects_after_few_passes() -> None:
    passes = 0

    class OnlyNumbers:
        def __init__(self) -> None:
            self.changed: list[str] = []

        def current(self, slip: Slip) -> Slip:
            return slip

        def grow(self, slip: Slip, seen: Seen) -> Slip:
            if seen.members["a"].scalars.form is not None:
                raise NoPlace("view v depends on them")
            return grown(slip, seen)

    def fetch(_row_ids: object) -> list[Staged]:
        nonlocal passes
        passes += 1
        return [Staged(row_id, b'{"a": %s}' % (b'"x"' if row_id % 2 else b"1"), "shop", "") for row_id in range(1, 21)]

    parsed = BatchParser(fetch, "public", growing=OnlyNumbers()).parse(Job(tuple(range(1, 21)), ROLE))
    assert isinstance(parsed, Parsed)
    assert sorted(reject.row_id for reject in parsed.rejects) == [*range(1, 21, 2)]
    assert [block.rows for block in parsed.blocks] == [10]
    assert passes == 3


def test_of_documents_alike_one_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Any] = []

    def look(body: Any, asked: Asked | None) -> Seen:
        looked.append(body)
        return seen_in(body, asked)

    monkeypatch.setattr(broken, "seen_in", look)
    _parser('{"a": 1}', '{"a": 2}', '{"b": 1}', '{"a": 3, "b": 2}').parse(Job((1, 2, 3, 4), ROLE))
    assert {"a": 2} not in looked
    assert {"b": 1} in looked
