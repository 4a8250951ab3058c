"""Versions of a slip that breaks documents out: the same but for what was seen of its documents."""

from collections.abc import Mapping

from etl_actors.relational.breakout.evidence import read_evidence, written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip

__all__ = ["grown", "seen_by", "written_alike"]


def grown(slip: Slip, seen: Seen) -> Slip:
    """Give the version of a slip that knows more of its documents.

    Args:
        slip: that breaks documents out.
        seen: what was seen of some; it is joined with what the slip knows.

    Returns:
        The slip itself, where it knew all of that.
    """
    assert slip.breakout is not None
    known = seen_by(slip.files)
    known.join(seen)
    return read_slip({**slip.files, EVIDENCE: written_evidence(known)}, slip.breakout.schema)


def seen_by(files: Mapping[str, str]) -> Seen:
    """Give what a version has seen of its documents."""
    return read_evidence(files[EVIDENCE]) if EVIDENCE in files else Seen()


def written_alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two versions differ in nothing that somebody wrote."""
    return {**one, EVIDENCE: ""} == {**other, EVIDENCE: ""}
