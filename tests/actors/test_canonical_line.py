"""What the log has of a batch that has ended: how many rows it settled, or that it settled none."""

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from etl_actors.actors.answers import BatchLoaded
from etl_actors.actors.book import Book
from etl_actors.actors.canonical_line import tell_loaded
from etl_actors.actors.entry import Entry
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.leases import Lease, Repeat
from etl_actors.store.loading.loaded import Loaded

_PRIOR = Repeat(replay_id=5, digest=None, prior_batches=(1, 2, 3), seeking=True)
_GONE = replace(_PRIOR, seeking=False)


def _told(repeat: Repeat | None, loaded: Loaded) -> MutableMapping[str, Any]:
    lease = Lease(7, 1, "shop", None, (11, 12, 13), 300, 1, repeat)
    with capture_logs() as logged:
        tell_loaded(Entry(lease, 0.0, Catalogue(())), BatchLoaded(lease, loaded, 0.01), Book(6, 1000))
    (line,) = logged
    return line


@pytest.mark.parametrize("repeat", [None, _PRIOR], ids=["live", "seeking"])
def test_the_rows_of_the_line_are_those_that_were_settled_and_the_counts_add_up_to_them(repeat: Repeat | None) -> None:
    line = _told(repeat, Loaded(1, 1, 0, 0, differing=1, replaced=1))
    assert (line["event"], line["batch_id"], line["rows"]) == ("batch.loaded", 7, 2)
    assert line["loaded"] + line["duplicate"] + line["skipped"] + line["rejected"] == line["rows"]


@pytest.mark.parametrize(
    ("repeat", "why"), [(_PRIOR, "nothing sought in it"), (_GONE, "its documents are not retained")], ids=["seeking", "repeating"]
)
def test_a_batch_that_settled_no_row_is_told_as_released_and_why(repeat: Repeat, why: str) -> None:
    line = _told(repeat, Loaded(0, 0, 0, 0, 0, 0))
    assert line == {"event": "batch.released", "log_level": "info", "batch_id": 7, "why": why}
