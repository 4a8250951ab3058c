"""Whatever a document holds, a step gives a value or refuses; nothing else ever comes out of it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.combinators.node import Node
from etl_actors.slips.casts.column_type import type_names
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated

LONG = 900  # characters, which fit a line of a log
STEPS = [
    *type_names(),
    *(f"{name}[]" for name in type_names()),
    "numeric(5,2)",
    "date('%d.%m.%y')",
    "time('%I:%M %p')",
    "timestamp('%B %e %Y %H:%M:%S.%f')",
    "timestamptz('%a %b %e %H:%M:%S %z %Y')",
    "timestamptz('%b %e', year=2017, tz='Europe/Berlin')",
    "timestamptz('%s')",
    "timestamptz('unix')",
    "timestamptz('unix_ms')",
    "date('unix', tz='Asia/Tokyo')",
    "timestamptz(tz='America/New_York')",
    "bytea('hex')",
    "bytea('base64')",
    "trim",
    "lower",
    "upper",
    "squish",
    "replace('a', 'b')",
    "split('a')",
    "join('-')",
    "concat(a, 1)",
    "null_if(a)",
    "default(a)",
    "required",
    "unquote",
    "match('(?P<k>.)(?P<v>[0-9]?)')",
    "from_json",
    "as_list",
    "first",
    "last",
    "map(text)",
    "many(match('.'))",
    "many(parse(pair))",
    "sep_by(parse(pair).int, ',')",
    "parse(words)",
    "hash",
    "lookup(country)",
    "add(a)",
    "sub(0.1)",
    "mul(a)",
    "ref('subject')",
    "text | ref('other')",
]
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text('0123456789-+:.,eExX/ PTDHMSay"\\\\{}[]nul', max_size=16),
    st.sampled_from(
        [
            "\0",
            "\ud800",
            "1e999999999",
            "1e9999999999999999999",
            "-1e999999999",
            "NaN",
            "Infinity",
            "9" * 5000,
            "{" * 3000,
            "x=1",
            '"\\ud800"',
        ]
    ),
    st.sampled_from(
        ["0001-01-01T00:00:00+15:59", "9999-12-31T23:59:59.9999999Z", "P99999999999Y", "31 Dec", "Dec 31", "24:00:00"]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from([10**400, -(10**400), Decimal("1e99999"), Decimal("1e-99999"), Decimal("0e99999"), 253402300800, 5e-324]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.builds(
            lambda children, source: Node.within(source, 0, len(source), children, {}),
            st.dictionaries(st.text("ab"), inner, max_size=2),
            TEXTS,
        ),
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("step", STEPS)
@settings(max_examples=30)
@given(value=VALUES)
def test_a_step_gives_a_value_or_refuses(step: str, value: Any) -> None:
    found, refused = _outcome(lambda: evaluated(f"a | {step}", {"a": value}))
    if refused:
        assert refused.reason
        assert len(refused.sentence) < LONG
    else:
        written, unwritable = _outcome(lambda: json_text(found))
        assert written or (unwritable and unwritable.reason in {"nul_character", "lone_surrogate"})


def _outcome(make: Callable[[], Any]) -> tuple[Any, Refused | None]:
    try:
        return make(), None
    except Refused as refused:
        return None, refused
