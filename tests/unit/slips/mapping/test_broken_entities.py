"""Documents that repeat things become COPY lines of those too, each known by its key."""

import json
from typing import Any

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.identity import child_identity, document_identity, key_identity
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode

TOML = """name = "shop"
[breakout.entities]
artist = { path = ["$.by[*]", "$.of"], key = "id" }
"""


def _lines(document: Any, varying: dict[str, frozenset[tuple[str, ...]]]) -> dict[str, list[list[str]]]:
    seen = Seen(varying=varying)
    seen.add(document)
    mapper = mapper_of(read_slip({"slip.toml": TOML, EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    lines = mapper.begin()
    raw = json.dumps(document).encode()
    assert mapper.map(Staged(7, raw, "s", ""), decode(raw), lines) is True
    return {table.name: [line.split("\t") for line in found] for table, found in zip(mapper.tables, lines, strict=True)}


def test_occurrences_refer_to_rows_that_are_known_by_their_key() -> None:
    document = {
        "by": [{"id": 1, "name": "x", "role": "r"}, {"id": "1", "name": "x"}, {"name": "y"}],
        "of": {"id": 2, "name": "z"},
    }
    lines = _lines(document, {"artist": frozenset([("role",)])})
    root, one, two = (
        document_identity("shop", json.dumps(document).encode()),
        *(key_identity("artist", [f"s{n}"]) for n in (1, 2)),
    )
    assert lines == {
        "shop": [[root, "7", two, r"\N"]],
        "shop__by": [
            [child_identity("shop__by", root, 0), "7", root, root, "0", "r", one, r"\N"],
            [child_identity("shop__by", root, 1), "7", root, root, "1", r"\N", one, '{"/id":"1"}'],
            [child_identity("shop__by", root, 2), "7", root, root, "2", r"\N", r"\N", '{"/name":"y"}'],
        ],
        "artist": [[two, "7", "0", "2", "z", r"\N"], [one, "7", "1", "1", "x", r"\N"], [one, "7", "2", "1", "x", r"\N"]],
    }
