"""How much of a dead letter's detail is shown."""

from typing import TYPE_CHECKING, Any

from etl_actors.relational.reject import Stage

if TYPE_CHECKING:
    from etl_actors.store.rejects import DeadLetter

__all__ = ["shown_detail"]

_CAME = frozenset({"excerpt", "with"})  # of what came: the text itself, and the fields that were to be added to it


def shown_detail(letter: "DeadLetter", *, hidden: bool) -> dict[str, Any]:
    """Return a dead letter's detail as far as it is shown.

    An excerpt of a text that a slip refused has no private values, that was seen to when it was rejected. What `feed` could not
    stage came to no slip: it is shown as it came, or not at all.

    Args:
        letter: the dead letter.
        hidden: whether nothing of the document is to be shown.
    """
    hides = hidden and letter.stage is Stage.STAGE
    return {key: value for key, value in letter.detail.items() if not (hides and key in _CAME)}
