"""A library behind a step of the language: looked for when the step is compiled, and never trusted with a text."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Any, TypeVar

from etl_actors.slips.values.asked import string_of
from etl_actors.slips.values.refused import Refused

__all__ = ["LONGEST", "Library", "StepUnmade", "guarded"]

T = TypeVar("T")

LONGEST = 1_024
"""Characters of a text that a library gets to see, where it says no other number: some take the square of the length."""


class StepUnmade(Exception):
    """A step cannot be compiled.

    Args:
        sentence: what is wrong.
        argument: the number of the argument that is, from 0; None where it is the step itself.
    """

    def __init__(self, sentence: str, argument: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Library:
    """What a step needs and the rest of the service does without.

    Args:
        distributions: the packages that decide what the step gives, as pip knows them; the first is the library's own.
        extra: of etl-actors that installs them.
    """

    distributions: tuple[str, ...]
    extra: str

    def loaded(self, step: str, load: Callable[[Callable[[str], Any]], T]) -> T:
        """Import what a step needs.

        Args:
            step: its name, for the message.
            load: takes what imports a module by its name, and gives what the step needs of the library.

        Returns:
            What `load` gives.

        Raises:
            StepUnmade: the library is not installed, or not to be used as it is.
        """
        try:
            return load(import_module)
        except Exception as error:  # noqa: BLE001  (whatever a broken installation raises: the slip is broken with it, not the daemon)
            found = "which is not installed here"
            if not isinstance(error, ModuleNotFoundError):
                found = f"which can't be used here as it is installed ({type(error).__name__}: {error})"
            sentence = f"the step `{step}` needs {self.distributions[0]}, {found}: pip install 'etl-actors[{self.extra}]'"
            raise StepUnmade(sentence) from None

    def versions(self) -> dict[str, str]:
        """Give the versions that are installed, by package; what is not installed is left out."""
        found = {}
        for name in self.distributions:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return found


def guarded(read: Callable[[str], Any], reason: str, expected: str, longest: int = LONGEST) -> Callable[[Any], Any]:
    """Make a step of a function that a library does.

    Args:
        read: gives the value of a text; raises `Refused`, or whatever the library does.
        reason: of a reject, where it raises something else.
        expected: in words, likewise.
        longest: text that it gets to see, in characters.

    Returns:
        The step: null passes; what is no text, or too long, is refused, and so is whatever the library fails at.
    """

    def call(value: Any) -> Any:
        if value is None:
            return None
        text = string_of(value)
        if len(text) > longest:
            raise Refused("too_long", f"{expected}, in at most {longest:,} characters", text)
        try:
            return read(text)
        except (Refused, MemoryError):
            raise
        except Exception:  # noqa: BLE001  (what a library fails at is bad data, not a bug of the slip's: lone surrogates, digits of no script)
            raise Refused(reason, expected, text) from None

    return call
