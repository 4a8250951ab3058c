"""Tables that keep versions: the version is part of the identity, and of what points to a row."""

from pathlib import Path

import pytest

from etl_actors.relational.identity import key_identity
from etl_actors.slips.mapping.compile import compile_slip
from etl_actors.slips.shelf.catalogue import load_catalogue
from etl_actors.slips.values.document import Staged, decode
from tests.support.slips import first_lines, read

_PRICE = """[tables.price]
key = ["sku"]
on_duplicate = "history(at)"
columns.at = "at | numeric"
columns.sku = "sku | text"
"""


def test_the_identity_is_of_key_and_version_whatever_the_order_of_columns() -> None:
    slip = read('name = "price"\n' + _PRICE)
    mapper = compile_slip(slip)
    lines = mapper.begin()
    for raw in (b'{"sku": "a", "at": 1.50}', b'{"sku": "a", "at": 1.5}', b'{"sku": "a", "at": 2}'):
        assert mapper.map(Staged(1, raw, "s", "2026-01-01T00:00:00Z"), decode(raw), lines) is True
    found = [line.split("\t")[0] for line in lines[0]]
    assert found == [key_identity("price", ("sa", version)) for version in ("n15e-1", "n15e-1", "n2e0")]
    assert slip.root.told_policy == "history(at)"
    assert slip.root.indexes == (("sku", "at"),)


def test_a_ref_names_the_version_behind_the_key() -> None:
    below = '[tables.link]\nparent = "price"\ncolumns.price = "{} | uuid"\n'
    read('name = "price"\n' + _PRICE + below.format("sku | ref('price', at)"))
    (line,) = first_lines('name = "price"\n' + _PRICE + below.format("sku | ref('price')"))
    assert line.endswith("the key of `price` has 2 columns; got 1 value")


@pytest.mark.parametrize("breakout", [True, False])
def test_another_slip_may_not_fill_a_table_that_is_the_view_of_versions(tmp_path: Path, *, breakout: bool) -> None:
    other = '[breakout]\ntable = "price_history"\n' if breakout else '[tables.price_history]\ncolumns.c = "c | text"\n'
    for name, text in (("a", _PRICE), ("b", other)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "slip.toml").write_text(f'name = "{name}"\nsource = "{name}"\n{text}')
    (problem,) = load_catalogue([tmp_path], "public").problems
    assert "`public.price_history` is the view of the versions of `public.price` in " in problem
    assert f"{tmp_path}/b/slip.toml:3:" in problem
