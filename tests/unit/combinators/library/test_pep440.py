"""Versions of Python distributions, held to the reference implementation of the standard."""

from random import Random

from packaging.version import InvalidVersion, Version

from tests.support.library import library_grammar

PIECES = [
    "1",
    "0",
    "10",
    "2012",
    ".",
    "-",
    "_",
    "!",
    "+",
    "a",
    "b",
    "rc",
    "c",
    "alpha",
    "beta",
    "pre",
    "preview",
    "post",
    "rev",
    "r",
    "dev",
    "v",
    "RC",
    "ubuntu",
    "x",
    ".1",
    ".post1",
    ".dev2",
    "1.0",
    "-1",
    "a1",
    "+local.1",
]


def _expected(text: str) -> tuple[object, ...] | None:
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    return version.epoch, version.release, version.pre and version.pre[1], version.post, version.dev, version.local


def _read(text: str) -> tuple[object, ...] | None:
    value = library_grammar("pep440", "start").value(text)
    if value is None:
        return None
    pre, post, dev = (part and int(part["number"] or 0) for part in (value["pre"], value["post"], value["dev"]))
    local = ".".join(str(int(part)) if part.isdigit() else part.lower() for part in value["local"])
    return int(value["epoch"] or 0), tuple(map(int, value["release"])), pre, post, dev, local or None


def test_versions_are_taken_and_refused_as_by_packaging_with_the_same_parts() -> None:
    dice = Random(1)
    texts = ["".join(dice.choice(PIECES) for _ in range(dice.randint(1, 6))) for _ in range(8_000)]
    assert [text for text in texts if _read(text) != _expected(text)] == []
    assert sum(_read(text) is not None for text in texts) > 400
