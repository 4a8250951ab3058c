"""Why a text cannot be staged as JSON."""

from typing import NamedTuple

from etl_actors.feeding.place import Place

__all__ = ["CUT_OFF", "Flaw"]


class Flaw(NamedTuple):
    """What was expected, and what came instead.

    Args:
        reason: a short code such as ``not_json``, fit to group by.
        message: "expected …, got …", without place.
        position: 0-based byte in the text; None where the flaw is the text's as a whole.
    """

    reason: str
    message: str
    position: int | None = None

    def sentence(self, text: bytes, place: Place) -> str:
        """Return the message with its place.

        Args:
            text: the whole text, to count characters in.
            place: where it begins.
        """
        where = str(place) if self.position is None else place.within(text, self.position)
        return f"{where}: {self.message}"


CUT_OFF = Flaw("cut_short", "expected the rest of it, got the end of what could be read")
"""What was being read when the input broke off, and may look whole."""
