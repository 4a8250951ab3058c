"""The numbers of books: thirteen digits of ten or thirteen, and no wrong check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.steps.book_numbers import isbn13
from etl_actors.slips.values.refused import Refused


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("978-0-306-40615-7", "9780306406157"),
        ("978 0 306 40615 7", "9780306406157"),
        ("0-306-40615-2", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("080442957x", "9780804429573"),
        (" ISBN-13: 9791034304271 ", "9791034304271"),
        ("ISBN 0306406152", "9780306406157"),
        (None, None),
    ],
)
def test_an_isbn_has_thirteen_digits(written: str | None, digits: str | None) -> None:
    assert isbn13(written) == digits


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("978-0-306-40615-8", "whose last digit is 7"),
        ("0-306-40615-3", "whose last digit is 2"),
        ("0804429570", "whose last digit is X"),
        ("977-0-306-40615-7", "of ten or thirteen digits"),
        ("979-0-2600-0043-8", "of ten or thirteen digits"),  # printed music
        ("978030640615", "of ten or thirteen digits"),
        ("97803064061570", "of ten or thirteen digits"),
        ("X804429570", "of ten or thirteen digits"),
        ("", "of ten or thirteen digits"),
    ],
)
def test_what_is_no_isbn_is_refused_with_what_it_should_be(written: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        isbn13(written)
    assert said in caught.value.sentence


@given(st.integers(0, 10**9 - 1), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: int, place: int, more: int) -> None:
    digits = f"978{number:09}"
    right = next(last for last in "0123456789" if _taken(digits + last))
    wrong = list(digits + right)
    wrong[3 + place] = str((int(wrong[3 + place]) + more) % 10)
    assert isbn13(digits + right) == digits + right
    assert not _taken("".join(wrong))


def _taken(written: str) -> bool:
    try:
        return isbn13(written) == written
    except Refused:
        return False
