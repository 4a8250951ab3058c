"""Texts that are made to take long: what a grammar reads, with one piece of it said over and over, whole, cut short or spoilt."""

from collections.abc import Iterator

from tests.support.library_examples import library_examples

__all__ = ["hostile", "starts"]

_PIECES = (" ", "a", "1", '"', "\\", ".", ",", "-", "(", "[", "\n", "a ", "a=", '" "', "1.", ", ", '\\"', "\t", "é")
_MOST = 5  # characters of an example that are pumped


def starts(name: str) -> tuple[str, ...]:
    """List the rules of a library grammar that its examples start by.

    Args:
        name: of the grammar.
    """
    examples = library_examples(name)
    return examples.starts() if examples else ()


def hostile(name: str, start: str, size: int) -> Iterator[str]:
    """Make hostile texts for a rule of a library grammar.

    Args:
        name: of the grammar.
        start: the rule.
        size: characters of each text, about.
    """
    examples = library_examples(name)
    texts = [each.text for each in examples.good if each.start == start] if examples else []
    for text in texts[:2]:
        seen: set[str] = set()
        for place, character in enumerate(text):
            if character in seen or len(seen) >= _MOST:
                continue
            seen.add(character)
            pumped = text[:place] + character * size
            yield pumped + text[place:]
            yield pumped
            yield pumped + "\x01"
        yield from _repeated(text, size)
    for piece in _PIECES:
        yield piece * (size // len(piece))
        if texts:
            yield texts[0] + piece * (size // len(piece))


def _repeated(text: str, size: int) -> Iterator[str]:
    for between in ("", " ", ",", ", ", "; ", "\n"):
        again = (text + between) * (size // max(1, len(text) + len(between)) + 1)
        yield again
        yield again[:-1]
