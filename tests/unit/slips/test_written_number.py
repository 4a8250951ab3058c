"""What a grammar read as a number is one for every type of numbers, digit for digit."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Success
from etl_actors.errors import SlipError
from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.casts.written_number import rounded
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.refused import Refused
from tests.support.library import library_grammar

NUMERIC = column_type("numeric")
MONEY = column_type("numeric", (12, 2))


def _read(name: str, text: str) -> Any:
    result = library_grammar(name, "start").read(text)
    assert isinstance(result, Success), result
    return result.value


@pytest.mark.parametrize(
    ("grammar", "text", "numeric"),
    [
        ("number", "1.298,00", "1298.00"),
        ("number", "12,34,567.50", "1234567.50"),
        ("number", "-0.125", "-0.125"),
        ("number", ".75", "0.75"),
        ("number", "50,-", "50"),
        ("number", "1298", "1298"),
        ("fraction", "1 1/2", "1.5"),
        ("fraction", "-3/4", "-0.75"),
        ("fraction", "1½", "1.5"),
        ("fraction", "5/80", "0.0625"),
        ("fraction", "7", "7"),
    ],
)
def test_a_grammars_number_is_cast_digit_for_digit(grammar: str, text: str, numeric: str) -> None:
    assert NUMERIC.text(_read(grammar, text)) == numeric


def test_an_amount_of_money_needs_no_more_than_its_type() -> None:
    amount = _read("money", "€ 1.298,5")["amount"]
    assert MONEY.text(amount) == "1298.50"
    assert column_type("bigint").text(_read("money", "12,000원")["amount"]) == "12000"
    assert column_type("double").text(amount) == "1298.5"


@pytest.mark.parametrize(
    ("text", "scale", "shown"), [("1/3", 2, "0.33"), ("2/3", 2, "0.67"), ("-2/3", 0, "-1"), ("1/6", 4, "0.1667"), ("⅓", 1, "0.3")]
)
def test_a_fraction_whose_decimals_have_no_end_is_rounded_to_a_scale(text: str, scale: int, shown: str) -> None:
    assert column_type("numeric", (12, scale)).text(_read("fraction", text)) == shown


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("numeric", "1/3", "numeric(p,s) rounds any"),
        ("numeric", "1/0", "denominator other than 0"),
        ("int", "1/2", "an integer"),
        ("int", "1/3", "an integer"),
        ("smallint", "40000", "32767"),
    ],
)
def test_what_a_type_cannot_take_is_refused_with_the_text_as_it_came(kind: str, text: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        column_type(kind).text(_read("fraction", text))
    assert said in caught.value.sentence
    assert repr(text) in caught.value.sentence


def test_an_object_of_a_document_is_no_number() -> None:
    with pytest.raises(Refused, match="not_a_number"):
        NUMERIC.text({"whole": ["1"], "decimals": "5"})


@pytest.mark.parametrize(
    "children", [{"whole": ["1", "x"], "decimals": None}, {"whole": [], "decimals": None}, {"whole": "1", "decimals": 5}]
)
def test_a_value_with_those_children_that_are_no_digits_is_refused(children: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="not_a_number"):
        NUMERIC.text(Node.within("x", 0, 1, children, {}))


@given(st.fractions(), st.integers(-3, 6))
def test_rounding_is_to_the_nearest_and_half_away_from_zero(number: Fraction, scale: int) -> None:
    near = Fraction(rounded(number, scale))
    step = Fraction(10) ** -scale
    assert (near / step).denominator == 1
    assert abs(near - number) * 2 <= step
    if abs(near - number) * 2 == step:
        assert abs(near) > abs(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=10**12))
def test_what_is_written_with_signs_between_groups_is_the_number(number: Decimal) -> None:
    assert NUMERIC.value(_read("number", f"{number:,f}")) == number


def _problems(column: str) -> str:
    slip = f"name = 's'\n[grammars]\nmoney = 'std:money'\nnumber = 'std:number'\nlog = 'std:access_log'\n[tables.t]\ncolumns.a = \"{column}\"\n"
    try:
        read_slip({"slip.toml": slip}, "public")
    except SlipError as error:
        return str(error)
    return ""


def test_a_check_knows_which_values_are_numbers() -> None:
    assert not _problems("price | parse(number) | numeric")
    assert not _problems("(price | parse(money)).amount | numeric(12,2)")
    assert "no number" in _problems("price | parse(money) | numeric")
    assert "an object of `start` and no number" in _problems("price | parse(money) | bigint")
