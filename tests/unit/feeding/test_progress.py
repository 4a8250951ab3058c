"""What a feed shows meanwhile."""

import io

import pytest
from rich.console import Console

from etl_actors.feeding.feeder import Fed
from etl_actors.feeding.progress import FeedProgress


def _shown(total: int | None) -> str:
    times = iter([0.0, 5.0, 10.0, 15.0, 20.0])
    out = io.StringIO()
    with FeedProgress(Console(file=out, force_terminal=False), total, lambda: next(times)) as shown:
        for chunk in range(1, 5):
            shown.show(Fed(staged=2_000 * chunk, read_bytes=250 * chunk))
    return out.getvalue()


def test_without_a_terminal_it_is_a_line_now_and_then() -> None:
    assert _shown(1_000) == (
        "staged 4,000 rows, 400 a second, 50% of the bytes\nstaged 8,000 rows, 400 a second, 100% of the bytes\n"
    )


def test_of_a_stream_nobody_knows_the_share() -> None:
    assert _shown(None) == "staged 4,000 rows, 400 a second\nstaged 8,000 rows, 400 a second\n"


@pytest.mark.parametrize(("total", "share"), [(1_000, "50%"), (None, "")])
def test_on_a_terminal_it_is_a_bar(total: int | None, share: str) -> None:
    out = io.StringIO()
    with FeedProgress(Console(file=out, force_terminal=True, color_system=None, width=120), total) as shown:
        shown.show(Fed(staged=4_000, read_bytes=500))
    assert "4,000 rows" in out.getvalue()
    assert share in out.getvalue()
    assert ("%" in out.getvalue()) == bool(share)


@pytest.mark.parametrize("terminal", [True, False])
def test_one_row_is_no_rows(terminal: bool) -> None:  # noqa: FBT001
    out = io.StringIO()
    times = iter([0.0, 20.0, 40.0])
    with FeedProgress(Console(file=out, force_terminal=terminal, color_system=None, width=120), 10, lambda: next(times)) as shown:
        shown.show(Fed(staged=1, read_bytes=5))
    assert "1 row" in out.getvalue()
    assert "1 rows" not in out.getvalue()


def test_of_a_table_rows_are_what_is_left() -> None:
    out = io.StringIO()
    times = iter([0.0, 20.0])
    with FeedProgress(Console(file=out, force_terminal=False), 10, lambda: next(times), "rows") as shown:
        shown.show(Fed(staged=12, read_bytes=12))
    assert out.getvalue() == "staged 12 rows, 1 a second, 100% of the rows\n"
