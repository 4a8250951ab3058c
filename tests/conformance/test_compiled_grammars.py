"""Compiled grammars, held to Lark's automaton and to Lark's own parser on grammars and texts at random."""

import pytest

from tests.support.agreement import compare


def test_random_grammars_read_random_texts_alike_by_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    seen = compare(5_000)
    with capsys.disabled():
        print(f"\ncompiled grammars: {', '.join(f'{count:,} {what}' for what, count in seen.items())}")
    assert seen["compiled"] >= 4 * seen["declined"]
    assert min(seen["taken"], seen["refused"]) > 1_000
