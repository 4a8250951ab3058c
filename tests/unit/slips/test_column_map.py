"""The map of a break-out says of every column which place of the documents it holds."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout
from etl_actors.slips.expressions.expression import parse_expression
from etl_actors.slips.expressions.nodes import Path
from etl_actors.slips.expressions.paths import located
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.column_map import MappedColumn, column_map
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.compared import kind_of
from tests.unit.relational.breakout.documents import DOCUMENTS


def _slip(documents: Iterable[Any], written: str = "[breakout]\n") -> Slip:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return read_slip({"slip.toml": f'name = "root"\n{written}', "evidence.json": written_evidence(seen)}, "public")


def _told(slip: Slip) -> list[tuple[str, str, str, str, str]]:
    return [(one.target.removeprefix("public."), one.name, one.type, one.path, one.kind) for one in column_map(slip)]


def test_every_column_has_the_path_to_what_it_holds() -> None:
    document = {
        "sku": 1,
        "size": {"it's": 2.5},
        "price": 1,
        "offers": [{"by": "one", "new": True}],
        "support": {"1.0": {"added": "2026-01-01"}},
    }
    assert _told(_slip([document, {"sku": "A", "price": "free"}], '[breakout]\nkey = "sku"\n')) == [
        ("root", "sku", "text", "$.sku", "scalar"),
        ("root", "price", "bigint", "$.price", "number"),
        ("root", "price__text", "text", "$.price", "text"),
        ("root", "size__it_s", "numeric", "$.size['it\\'s']", "number"),
        ("root", "_rest", "jsonb", "$", "rest"),
        ("root__offers", "by", "text", "$.offers[*].by", "text"),
        ("root__offers", "new", "boolean", "$.offers[*].new", "boolean"),
        ("root__offers", "_rest", "jsonb", "$.offers[*]", "rest"),
        ("root__support", "key", "text", "$.support.*", "key"),
        ("root__support", "added", "date", "$.support.*.added", "text"),
        ("root__support", "_rest", "jsonb", "$.support.*", "rest"),
    ]


def test_what_an_expression_makes_has_it_in_the_place_of_a_path() -> None:
    written = '[breakout]\nkey = "sku"\ncolumns.sku = { expr = "sku | upper | text", null = false }\n'
    assert _told(_slip([{"sku": "a"}], written))[0] == ("root", "sku", "text", "sku | upper | text", "given")


def test_a_slip_with_tables_has_none() -> None:
    assert column_map(read_slip({"slip.toml": 'name = "s"\n[tables.t]\ncolumns.a = "a | text"\n'}, "public")) == ()


@given(st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_what_a_column_holds_is_what_its_path_finds(documents: list[Any]) -> None:
    slip = _slip(documents)
    assert slip.breakout is not None
    layout, columns = slip.breakout.layout, iter(column_map(slip))
    breaker = Breaker(layout)
    for number, table in enumerate(layout.tables):
        mapped = [next(columns) for _ in (*table.cells, "_rest")]
        for document in documents if _alone(layout, number) else ():  # a wildcard finds elements and members alike
            rows = breaker.rows(document)[number]
            for place, one in enumerate(mapped[:-1]):
                assert [row.cells[place] for row in rows if row.cells[place] is not None] == _found(one, document)


def _alone(layout: Layout, number: int | None) -> bool:
    return number is None or (layout.tables[number].alone and _alone(layout, layout.tables[number].parent))


def _found(one: MappedColumn, document: Any) -> list[Any]:
    path = parse_expression(one.path)
    assert isinstance(path, Path)
    matches = located(document, path.segments)
    if one.kind == "key":
        return [place[-1] for place, _ in matches]
    kind = {"text": "string"}.get(one.kind, one.kind)
    return [value for _, value in matches if kind_of(value) == kind]
