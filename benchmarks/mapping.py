"""Documents to COPY lines in memory: a slip's compiled function against one that a person wrote for it."""

import json
import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from benchmarks.documents import PRODUCT_BYTES, products
from benchmarks.paired import Bench, Sample, Side
from benchmarks.wanted import Wanted
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode, read_together

__all__ = ["mapping", "mapping_tuple"]

_SLIP = Path(__file__).parent / "slips" / "bench_product" / "slip.toml"
_ROWS = 60_000
_BATCH = 2_000


def _staged(rows: int) -> list[Staged]:
    """Give rows as they are fetched; of jsonb PostgreSQL writes shorter keys first, and a blank behind each colon and comma."""
    payloads = (json.dumps(_sorted(json.loads(text)), ensure_ascii=False).encode() for text in products(rows))
    return [Staged(row_id, raw, "bench_shop", "") for row_id, raw in enumerate(payloads)]


def _sorted(document: dict[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in sorted(document, key=lambda key: (len(key), key))}


def _mapper() -> Mapper:
    return compile_slip(read_slip({"slip.toml": _SLIP.read_text(encoding="utf-8")}, "public"))


def _service(mapper: Mapper, rows: Sequence[Staged]) -> list[str]:
    made: list[str] = []
    for first in range(0, len(rows), _BATCH):
        lines = mapper.begin()
        for together in read_together(rows[first : first + _BATCH]):
            documents = together.documents or [decode(row.raw, plain=together.look.plain) for row in together.rows]
            for staged, document in zip(together.rows, documents, strict=True):
                mapper.map(staged, document, lines, clean=together.look.clean)
        made = lines[0] if first == 0 else made
    return made


def _line(staged: Staged) -> str:
    """Make the line that the service makes, of documents in which nothing has to be escaped, rounded or refused."""
    row = orjson.loads(staged.raw)
    digits = blake2b(f"k13:bench_product{len(row['sku']) + 1}:s{row['sku']}".encode(), digest_size=16).hexdigest()
    at = row["scraped_at"]
    fields = (
        f"{digits[:12]}8{digits[13:16]}{'89ab'[int(digits[16], 16) & 3]}{digits[17:]}",
        str(staged.row_id),
        row["sku"],
        row["title"],
        row["brand"],
        row["category"],
        f"{row['price']:.2f}",
        row["currency"],
        f"{row['rating']:.1f}",
        str(row["reviews"]),
        "t" if row["in_stock"] else "f",
        f"{at[:10]} {at[11:19]}+00",
        row["description"],
    )
    return "\t".join(fields)


def _tuple(staged: Staged) -> tuple[Any, ...]:
    row = orjson.loads(staged.raw)
    return (
        row["sku"],
        row["title"],
        row["brand"],
        row["category"],
        row["price"],
        row["currency"],
        row["rating"],
        row["reviews"],
        row["in_stock"],
        row["scraped_at"],
        row["description"],
    )


def _by_hand(make: Callable[[Staged], Any], rows: Sequence[Staged]) -> list[Any]:
    made: list[Any] = []
    for first in range(0, len(rows), _BATCH):
        batch = [make(staged) for staged in rows[first : first + _BATCH]]
        made = batch if first == 0 else made
    return made


def _timed(rows: Sequence[Staged], run: Callable[[Sequence[Staged]], Any], told: Callable[[list[Any]], Hashable]) -> Sample:
    began = time.perf_counter()
    made = run(rows)
    return Sample(len(rows) / (time.perf_counter() - began), told(made))


def _bench(name: str, rows: int, rival: str, make: Callable[[Staged], Any], told: Callable[[list[Any]], Hashable]) -> Bench:
    """Make a bench.

    Args:
        name: of it.
        rows: how many documents.
        rival: what the other side is.
        make: what it makes of a document.
        told: what of the first batch has to be the same on both sides.
    """
    staged = _staged(rows)
    ours = partial(_service, _mapper())
    return Bench(
        name,
        f"{rows:,} flat documents of {PRODUCT_BYTES} bytes as PostgreSQL writes them, decoded and made to COPY lines of 11 typed columns "
        "with an identity, in one process",
        "rows/s",
        Side("the slip's function", partial(_timed, staged, ours, told)),
        Side(rival, partial(_timed, staged, partial(_by_hand, make), told)),
    )


def mapping(wanted: Wanted) -> Bench:
    """Hold a slip's function against one that makes the same lines of documents that it trusts."""
    return _bench(
        "mapping",
        wanted.of(_ROWS),
        "orjson and a hand-written function that makes the same line and checks nothing",
        _line,
        tuple,
    )


def mapping_tuple(wanted: Wanted) -> Bench:
    """Hold a slip's function against one that makes a tuple of the values as they came: no line, no identity, no types."""
    return _bench("mapping_tuple", wanted.of(_ROWS), "orjson and a hand-written tuple of the values as they came", _tuple, len)
