"""Nasty documents of one source, in whatever order, cut into whatever batches, loaded by however many at once, have the same tables."""

import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.support.broken_loads import BrokenLoad, broken_contents, load_broken
from tests.support.covering import assert_rebuilt
from tests.support.nasty_documents import CASES
from tests.support.servers import Server

_APART = {"one", "too_deep", "long_text", "long_array", "wide"}
"""Not with the others: documents that are one, so that the digits of the first stay; one that is rejected; and what takes long."""


def _documents() -> list[Any]:
    texts = [one for case in CASES if not case.fed and case.source not in _APART for one in case.documents]
    return [json.loads(text, parse_float=Decimal) for text in texts]


@pytest.fixture
def databases(server: Server, template: str) -> Iterator[Iterator[str]]:
    """Give databases, one after the other."""
    names: list[str] = []

    def made() -> Iterator[str]:
        while True:
            names.append(server.create(template))
            yield server.admin_url(names[-1])

    yield made()
    for name in names:
        server.drop(name)


@pytest.mark.parametrize("seed", range(2))
def test_order_batches_and_sessions_do_not_matter(databases: Iterator[str], seed: int) -> None:
    dice = Random(seed)
    sources = {f"s{number}": dice.sample(_documents(), 8) for number in range(4)}
    expected: dict[str, Any] = {}
    for how in (BrokenLoad(0, 2_000, 1), BrokenLoad(1, 1, 1), BrokenLoad(2, 1, 3), BrokenLoad(3, 3, 3)):
        url = next(databases)
        load_broken(url, sources, how)
        found = broken_contents(url, sources)
        assert found == (expected or found), how
        expected = found
        assert_rebuilt(url, sources)
