"""Versions of a slip that breaks documents out: the same but for what was seen of its documents."""

from collections.abc import Mapping

from etl_actors.errors import NoPlace
from etl_actors.relational.breakout.evidence import read_evidence, written_evidence
from etl_actors.relational.breakout.fitting import Fitting, disturbed
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip

__all__ = ["grown", "require_undisturbed", "seen_by", "with_evidence", "without_varying", "written_alike"]


def grown(slip: Slip, seen: Seen) -> Slip:
    """Give the version of a slip that knows more of its documents.

    Args:
        slip: that breaks documents out.
        seen: what was seen of some; it is joined with what the slip knows.

    Returns:
        The slip itself, where it knew all of that.
    """
    assert slip.breakout is not None
    known = slip.breakout.seen
    known.join(seen)
    return with_evidence(slip, known)


def with_evidence(slip: Slip, seen: Seen | None) -> Slip:
    """Give the version of a slip that knows just what was seen; None for nothing at all."""
    assert slip.breakout is not None
    files = {name: text for name, text in slip.files.items() if name != EVIDENCE}
    return read_slip(files if seen is None else {**files, EVIDENCE: written_evidence(seen)}, slip.breakout.schema)


def seen_by(files: Mapping[str, str]) -> Seen:
    """Give what a version has seen of its documents."""
    return read_evidence(files[EVIDENCE]) if EVIDENCE in files else Seen()


def written_alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two versions differ in nothing that somebody wrote."""
    return {**one, EVIDENCE: ""} == {**other, EVIDENCE: ""}


def require_undisturbed(known: Slip, wanted: Slip) -> None:
    """Refuse what documents ask of tables that follow where others, that do not, would change by it.

    Args:
        known: the version that the tables are of.
        wanted: the version that they would be of.

    Raises:
        NoPlace: the sentence names the table and its contract.
    """
    assert known.breakout is not None
    assert wanted.breakout is not None
    before, after = known.breakout, wanted.breakout
    contracts = Fitting(Breaker(before.layout), before.contracts, before.contract).contracts
    name = disturbed(before.layout, after.layout, contracts)
    if name:
        contract = contracts[[table.name for table in before.layout.tables].index(name)].value
        raise NoPlace(
            f"The tables of slip {known.name} cannot be changed for new documents: {name} would change, by contract {contract}."
        )


def without_varying(slip: Slip) -> Slip:
    """Give the version of a slip that does not know what of entities varies."""
    assert slip.breakout is not None
    seen = slip.breakout.seen
    if not seen.varying:
        return slip
    seen.varying = {}
    return with_evidence(slip, seen)
