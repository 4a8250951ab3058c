"""9,538 artworks' dimensions as a museum typed them, read by ``std:dimensions``."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl_actors.combinators.result import Failure, Success
from tests.support.library import library_grammar
from tests.support.library_examples import bare

EXPECTED = Path(__file__).parent / "expected" / "tate_dimensions.jsonl"

Part = dict[str, Any]


@pytest.fixture(scope="module")
def written(documents: Callable[[Path], list[Any]], corpus: Path) -> dict[int, str]:
    """Give each artwork's dimensions by its id."""
    works = documents(corpus / "nested" / "tate" / "artworks.jsonl.gz")
    return {work["id"]: work["dimensions"] for work in works if work["dimensions"]}


def _understood(text: str) -> list[Part] | Failure:
    """Read dimensions and say them as the expectations do."""
    result = library_grammar("dimensions").read(text)
    return [_part(part) for part in bare(result.value)["part"]] if isinstance(result, Success) else result


def _part(part: Part) -> Part:
    sizes = part.get("size", [])
    words = [side["qualifier"] for size in sizes for side in size["side"] if "qualifier" in side] + part.get("note", [])
    label = " ".join(part.get("label", "").split())
    said = {"label": label, "sizes": [_size(size) for size in sizes], "words": words}
    return {key: value for key, value in said.items() if value}


def _size(size: Part) -> list[Any]:
    return [*(float(side["number"]) for side in size["side"]), size.get("unit")]


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            yield from _texts(list(value.values()))


def _digits(texts: Iterator[str]) -> Counter[str]:
    return Counter(run for text in texts for run in re.findall(r"[0-9]+", text))


def test_dimensions_are_understood_as_a_reader_wrote_down_before(
    written: dict[int, str], documents: Callable[[Path], list[Any]]
) -> None:
    """200 artworks, of every form that a text of the set has; at least 98 % exactly so."""
    expected = documents(EXPECTED)
    assert len({one["id"] for one in expected}) == 200
    forms = {re.sub(r"[0-9]+(?:\.[0-9]+)?", "9", text) for text in written.values()}
    assert forms == {re.sub(r"[0-9]+(?:\.[0-9]+)?", "9", written[one["id"]]) for one in expected}

    wrong = [(written[one["id"]], got) for one in expected if (got := _understood(written[one["id"]])) != one["parts"]]

    print(f"{200 - len(wrong)} of 200 artworks' dimensions as expected ({(200 - len(wrong)) / 2:.1f} %)")
    assert len(wrong) <= 4, "\n".join(f"{text!r}: {json.dumps(got) if isinstance(got, list) else got}" for text, got in wrong)


def test_every_text_is_read_and_none_of_its_numbers_is_lost(written: dict[int, str]) -> None:
    """What would be refused has a place in its text; of what is read each run of digits stands in the value, as often as in the text."""
    grammar = library_grammar("dimensions")
    results = {text: grammar.read(text) for text in written.values()}
    read = {text: result.value for text, result in results.items() if isinstance(result, Success)}

    lost = [text for text, value in read.items() if _digits(_texts(bare(value))) != _digits(iter([text]))]
    refused = [(text, result) for text, result in results.items() if isinstance(result, Failure)]
    texts = sum(text in read for text in written.values())

    print(
        f"{texts} of {len(written)} artworks' dimensions are read ({100 * texts / len(written):.2f} %), {len(results)} different ones"
    )
    assert lost == []
    assert all(0 <= failure.at <= len(text) and failure.expected for text, failure in refused)
    assert texts == len(written)
