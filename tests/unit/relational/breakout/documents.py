"""Documents at random: few names, so that they meet; every kind of value at every place; names that go wrong."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from etl_actors.slips.values.json_text import json_text

__all__ = ["DOCUMENTS", "KEYS", "NAMES", "exact"]

NAMES = st.sampled_from(
    [
        "a",
        "b",
        "A",
        "a b",
        "a_b",
        "a__b",
        "",
        "_id",
        "_rest",
        "select",
        "key",
        "value",
        "item",
        "text",
        "1",
        "2.0",
        "é" * 40,
        "x/y~z",
        "firstName",
    ]
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), 1.5, Decimal("1.50"), Decimal("1.0"), Decimal("1e30"), Decimal("0.1") ** 20]),
    st.sampled_from(
        [
            "",
            "x",
            "2024-02-29",
            "2023-02-29",
            "2024-03-09T10:00:00Z",
            "2024-03-09T10:00:00.120+01:00",
            "2024-03-09T10:00:00",
            "0000-01-01",
        ]
    ),
    st.sampled_from(
        ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "null", "\U0001f600\u200d", "'\";--"]
    ),
)
KEYS = _SCALARS.filter(lambda value: value is not None) | st.sampled_from(
    ["1", "1.0", "-0", "true", Decimal("-0.0"), Decimal("0.0000001"), 10**400]
)
DOCUMENTS = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=5)), max_leaves=12
)


def exact(value: Any) -> Any:
    """Give a value that is equal to another's where both are the same JSON, numbers digit for digit; members in any order."""
    return json.loads(
        json_text(value), parse_float=lambda digits: ["digits", digits], parse_int=lambda digits: ["digits", digits]
    )
