"""Python before 3.11.5 matches a group with a possessive quantifier wrongly (CPython's issue 106052): ours are atomic groups."""

import re
from pathlib import Path

import pytest

import etl_actors

_PACKAGE = Path(etl_actors.__file__).parent
_POSSESSIVE = re.compile(r"(?<![($&'])\)(?:[*?+]|\{[0-9,]+\})\+")  # not of a set of signs, as '()*+,'
_FILES = sorted(path for pattern in ("*.py", "*.lark") for path in _PACKAGE.rglob(pattern))


@pytest.mark.parametrize("text", ["(?:ab?c)*+", "(?:a){1,3}+", "(ab)++"])
def test_a_possessive_group_would_be_found(text: str) -> None:
    assert _POSSESSIVE.search(text)


def test_no_group_has_a_possessive_quantifier() -> None:
    found = [
        f"{path.relative_to(_PACKAGE)}: {line.strip()}"
        for path in _FILES
        for line in path.read_text().splitlines()
        if _POSSESSIVE.search(line)
    ]
    assert len(_FILES) > 500
    assert not found, "write (?>(…)*) for (…)*+"
