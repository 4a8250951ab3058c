"""Steps that wrap a library: what each gives and refuses, and what is told where the library is missing."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from etl_actors.errors import SlipError
from etl_actors.slips.model.libraries import library_versions
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.steps.known import STEPS
from etl_actors.slips.steps.wrapped import person_names, phones, postal_addresses, user_agents
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated

CHROME = "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36"
US = "a postal address of the United States: a street with a number, two streets or a box, and each part once"
CALLS = ["user_agent", "phone", "phone('DE')", "person_name", "postal_address('US')"]
SLIP = 'name = "s"\n[let]\nmade = "message | {call}"\n[tables.t]\ncolumns.c = "made{path} | text"\n'


def given(call: str, text: Any) -> Any:
    return evaluated(f"a | {call}", {"a": text})


def filled(call: str, text: str) -> dict[str, Any]:
    """Return what a step gives, nulls left out."""
    return {key: value for key, value in given(call, text).items() if value is not None}


def told(call: str, path: str = "") -> str:
    with pytest.raises(SlipError) as error:
        read_slip({"slip.toml": SLIP.format(call=call, path=path)}, "public")
    return str(error.value)


# What they give


def test_a_user_agent_is_taken_apart_to_browser_system_and_device() -> None:
    assert given("user_agent", CHROME) == {
        "browser": {"family": "Chrome Mobile", "version": "112.0.0.0"},
        "os": {"family": "Android", "version": "13"},
        "device": {"family": "Samsung SM-S918B", "brand": "Samsung", "model": "SM-S918B"},
    }


def test_a_robot_is_known_by_its_device() -> None:
    made = given("user_agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert (made["browser"]["family"], made["device"]["family"]) == ("Googlebot", "Spider")


@pytest.mark.parametrize("text", ["", "-", "whatever this is", "\0", "😀"])
def test_an_unknown_agent_has_all_its_keys_and_null_in_them(text: str) -> None:
    assert given("user_agent", text) == {
        "browser": {"family": None, "version": None},
        "os": {"family": None, "version": None},
        "device": {"family": None, "brand": None, "model": None},
    }


def test_who_writes_into_the_value_of_an_agent_changes_it_for_nobody_else() -> None:
    given("user_agent", CHROME)["browser"]["family"] = "changed"
    assert given("user_agent", CHROME)["browser"]["family"] == "Chrome Mobile"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("phone('DE')", "030 901820"),
        ("phone('DE')", "Tel.: (030) 90-18-20"),
        ("phone('DE')", "0049 30 901820"),
        ("phone('FR')", "+49 30 901820"),
        ("phone", "+49 30 901820"),
        ("phone", "tel:+49-30-901820"),
        ("phone('DE')", "٠٣٠٩٠١٨٢٠"),
    ],
)
def test_a_phone_number_has_one_form_however_it_is_written(call: str, text: str) -> None:
    assert given(call, text) == {
        "e164": "+4930901820",
        "country_code": "49",
        "region": "DE",
        "national": "030 901820",
        "international": "+49 30 901820",
        "extension": None,
        "type": "fixed_line",
    }


def test_an_extension_stands_by_itself() -> None:
    made = given("phone('US')", "(650) 253-0000 ext. 12")
    assert (made["e164"], made["national"], made["extension"]) == ("+16502530000", "(650) 253-0000", "12")


def test_a_number_of_no_country_has_no_region() -> None:
    made = given("phone", "+800 1234 5678")
    assert (made["country_code"], made["region"], made["type"]) == ("800", None, "toll_free")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "Dr. Juan Q. Xavier de la Vega III (Doc Vega)",
            {
                "title": "Dr.",
                "given": "Juan",
                "middle": "Q. Xavier",
                "family": "de la Vega",
                "suffix": "III",
                "nickname": "Doc Vega",
            },
        ),
        ("van Gogh, Vincent", {"given": "Vincent", "family": "van Gogh"}),
        ("Curie (née Skłodowska), Marie", {"given": "Marie", "family": "Curie", "maiden": "Skłodowska"}),
        ("Cher", {"given": "Cher"}),
    ],
)
def test_a_name_is_taken_apart(text: str, wanted: dict[str, str]) -> None:
    assert filled("person_name", text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "Attn: Bob, 123 N Main St. Suite 100, Chicago, IL 60601, USA",
            {
                "kind": "street",
                "recipient": "Attn: Bob",
                "number": "123",
                "street": "N Main St.",
                "unit": "Suite 100",
                "city": "Chicago",
                "state": "IL",
                "postcode": "60601",
                "country": "USA",
            },
        ),
        (
            "PO Box 12, Austin TX 78701-1234",
            {"kind": "box", "box": "PO Box 12", "city": "Austin", "state": "TX", "postcode": "78701-1234"},
        ),
        (
            "1600 Pennsylvania Ave NW\r\nWashington, DC 20500-0003\n",
            {
                "kind": "street",
                "number": "1600",
                "street": "Pennsylvania Ave NW",
                "city": "Washington",
                "state": "DC",
                "postcode": "20500-0003",
            },
        ),
        (
            "Main St & 5th Ave, Chicago, IL",
            {"kind": "crossing", "street": "Main St", "crossing": "5th Ave", "city": "Chicago", "state": "IL"},
        ),
    ],
)
def test_an_address_is_taken_apart(text: str, wanted: dict[str, str]) -> None:
    assert filled("postal_address('US')", text) == wanted


@pytest.mark.parametrize("call", CALLS)
def test_the_keys_are_those_of_the_shape_whatever_the_text(call: str) -> None:
    shape = STEPS[call.partition("(")[0]].shape
    made = [
        value for text in (CHROME, "+49 30 901820", "PO Box 12, Austin TX 78701", "Ann Lee") if (value := _or_none(call, text))
    ]
    assert made
    assert all(type(value) is dict and list(value) == list(shape.fields) for value in made)  # type: ignore[union-attr]


def _or_none(call: str, text: str) -> Any:
    try:
        return given(call, text)
    except Refused:
        return None


# What they refuse


@pytest.mark.parametrize(
    ("call", "text", "sentence"),
    [
        ("phone", "030 901820", "expected a phone number with its country code, as in +49 30 901820, got '030 901820'"),
        ("phone('DE')", "110", "expected a phone number of region DE, or one with its country code, got '110'"),
        ("phone('DE')", "", "expected a phone number of region DE, or one with its country code, got ''"),
        (
            "phone('DE')",
            "call me at 030 901820 or 040 111",
            "expected a phone number of region DE, or one with its country code, got 'call me at 030 901820 or 040 111'",
        ),
        (
            "postal_address('US')",
            "1 Main St, Boston, MA 02101 02102",
            f"expected {US}, got '1 Main St, Boston, MA 02101 02102'",
        ),
        ("phone('DE')", 30901820, "expected a string (`text` makes one), got 30901820"),
        ("person_name", " ", "expected the name of a person, got ' '"),
        ("person_name", "😀", "expected the name of a person, got '😀'"),
        (
            "postal_address('US')",
            "Chicago, IL",
            f"expected {US}, got 'Chicago, IL'",
        ),
        (
            "postal_address('US')",
            "12 Elm St, Boston MA, 13 Oak St, Boston MA",
            f"expected {US}, got '12 Elm St, Boston MA, 13 Oak St, Boston MA'",
        ),
        ("user_agent", "a" * 4097, f"expected a User-Agent, in at most 4,096 characters, got '{'a' * 80}…'"),
    ],
)
def test_a_step_refuses(call: str, text: Any, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        given(call, text)
    assert refused.value.sentence == sentence


ODD = ["", "\0", "\ud800", "\ud800 a\udfff", "😀" * 500, "(" * 1000, "1" * 1000, "\u202e\u0301\u200d", "x" * 1_000_000, '"' * 999]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_an_odd_text_is_understood_or_refused_and_no_bug(call: str, text: str) -> None:
    try:
        made = given(call, text)
    except Refused as refused:
        assert refused.reason == "too_long" or refused.reason.startswith("not_a_")  # noqa: PT017
    else:
        assert list(made) == list(STEPS[call.partition("(")[0]].shape.fields)  # type: ignore[union-attr]


def test_whatever_a_library_raises_is_a_refusal() -> None:
    def broken(_text: str) -> None:
        raise RecursionError

    from etl_actors.slips.steps.wrapped.library import guarded

    with pytest.raises(Refused) as refused:
        guarded(broken, "not_a_thing", "a thing")("x")
    assert refused.value.sentence == "expected a thing, got 'x'"


# What `check` tells


@pytest.mark.parametrize(
    ("call", "path", "sentence"),
    [
        ("user_agent", ".browser.famly", "`browser` has no field `famly`; did you mean `family`?"),
        ("person_name", ".first", "`person_name` has no field `first`"),
        ("postal_address('US')", ".zip", "`postal_address` has no field `zip`"),
        ("phone('DE')", ".e164.x", "`made.e164` is a text: it has no fields, and so no `x`"),
        ("phone('de')", "", "there is no region `de` of phone numbers; did you mean `DE`?"),
        ("phone('ZZ')", "", "there is no region `ZZ` of phone numbers; one is two capitals, as in `DE`"),
        ("phone(region)", "", "the step `phone` takes a quoted text here, as in `phone('DE')`"),
        ("phone('DE', 'FR')", "", "the step `phone` takes 0 to 1 argument, as in `phone('DE')`; got 2"),
        ("postal_address('DE')", "", "`postal_address` reads the addresses of `US`, not of `DE`"),
        ("postal_address", "", "the step `postal_address` takes 1 argument, as in `postal_address('US')`; got 0"),
    ],
)
def test_what_a_step_cannot_do_is_told_before_any_text_comes(call: str, path: str, sentence: str) -> None:
    assert sentence in told(call, path)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Let each step look for its library again."""
    made = (user_agents.user_agent, phones.phone, person_names.person_name, postal_addresses._american)
    for one in made:
        one.cache_clear()
    yield
    for one in made:
        one.cache_clear()


@pytest.mark.parametrize(
    ("call", "module", "library", "extra"),
    [
        ("user_agent", "ua_parser.regex", "ua-parser", "user-agents"),
        ("phone('DE')", "phonenumbers", "phonenumberslite", "phones"),
        ("person_name", "nameparser", "nameparser", "names"),
        ("postal_address('US')", "usaddress", "usaddress", "addresses"),
    ],
)
@pytest.mark.usefixtures("forgotten")
def test_a_missing_library_is_told_once_at_its_place_with_the_extra_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, call: str, module: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    name = call.partition("(")[0]
    assert told(call).splitlines() == [
        f"slip.toml:3:19: the step `{name}` needs {library}, which is not installed here: pip install 'etl-actors[{extra}]'",
        f'    made = "message | {call}"',
        f"    {' ' * 18}^",
    ]


@pytest.mark.usefixtures("forgotten")
def test_a_library_that_is_too_old_breaks_the_slip_and_not_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    import nameparser

    monkeypatch.delattr(nameparser, "Parser")
    assert "the step `person_name` needs nameparser, which can't be used here as it is installed (AttributeError: " in told(
        "person_name"
    )


def test_no_library_is_imported_until_a_slip_asks_for_it() -> None:
    code = "import etl_actors.slips.mapping.compile, etl_actors.slips.reading.read, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "etl_actors.slips.steps.known" in loaded
    assert {"ua_parser", "ua_parser_rs", "phonenumbers", "nameparser", "usaddress", "pycrfsuite"}.isdisjoint(loaded)


@pytest.mark.parametrize("name", ["user_agent", "phone", "person_name", "postal_address"])
def test_the_version_of_a_library_is_known(name: str) -> None:
    library = STEPS[name].library
    assert library is not None
    assert library.versions()
    assert set(library.versions()) <= set(library.distributions)


def test_the_libraries_of_a_slip_are_those_of_its_steps_wherever_they_stand() -> None:
    slip = read_slip(
        {"slip.toml": SLIP.format(call="as_list | map(user_agent)", path="[0].os.family | person_name.family")}, "public"
    )
    assert list(library_versions(slip)) == ["ua-parser", "ua-parser-builtins", "ua-parser-rs", "nameparser"]
    plain = read_slip({"slip.toml": SLIP.format(call="as_list | map(trim)", path="[0]")}, "public")
    assert library_versions(plain) == {}
