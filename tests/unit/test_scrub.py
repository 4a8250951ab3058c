import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.scrub import one_line, printable, scrub, scrub_text

_WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:pw@h/db", "postgresql://u:***@h/db"),
        ("at postgresql://u:p@ss:w/ord@h:5432/db now", "at postgresql://u:***@h:5432/db now"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("http://127.0.0.1:8080/health", "http://127.0.0.1:8080/health"),
        ("host=h password=pw dbname=db", "host=h password=*** dbname=db"),
        ("host=h password='p w' dbname=db", "host=h password=*** dbname=db"),
        ("postgresql://h/db?user=u&password=pw&x=1", "postgresql://h/db?user=u&password=***&x=1"),
        ("sslpassword = pw", "sslpassword = ***"),
        ("error\nDETAIL:  Failing row contains (1,\n 2).", "error\nDETAIL: ***"),
        ('DETAIL:  Key (email)=(a@b) exists.\nCONTEXT:  COPY t, line 1: "x"\nHINT:  h', "DETAIL: ***\nCONTEXT: ***\nHINT:  h"),
        ('invalid input syntax for type integer: "private"', "invalid input syntax for type integer: ***"),
        ('value "99999" is out of range', 'value "99999" is out of range'),
    ],
)
def test_secrets_and_quoted_rows_are_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert scrub_text(text) == shown


@pytest.mark.parametrize("key", ["password", "token", "ingest_token", "client_secret", "database_url", "Authorization"])
def test_the_value_of_a_secret_key_is_hidden_whole(key: str) -> None:
    assert scrub({"outer": [{key: "pw"}]}) == {"outer": [{key: "***"}]}


@pytest.mark.parametrize("key", ["lease_token_age", "tokens", "rows"])
def test_the_value_of_another_key_is_shown(key: str) -> None:
    assert scrub({key: 5}) == {key: 5}


def test_an_exception_is_shown_as_its_scrubbed_text() -> None:
    assert scrub(ValueError("password=pw")) == "ValueError: password=***"


@given(user=_WORD, password=_WORD.map(lambda word: f"!{word}!"), host=_WORD, before=_WORD)
def test_no_password_of_a_url_is_shown_wherever_it_stands(user: str, password: str, host: str, before: str) -> None:
    shown = scrub(f"{before} postgresql://{user}:{password}@{host}/db")
    assert password not in shown
    assert host in shown


@given(st.text())
def test_scrubbing_twice_is_scrubbing_once(text: str) -> None:
    assert scrub_text(scrub_text(text)) == scrub_text(text)


@given(st.text())
def test_what_is_printable_moves_no_cursor(text: str) -> None:
    assert not {unicodedata.category(char) for char in printable(text) if char not in "\t\n"} & {"Cc", "Zl", "Zp"}


@given(st.text())
def test_a_name_stays_on_one_line_and_on_no_other_place(text: str) -> None:
    assert not {unicodedata.category(char) for char in one_line(text)} & {"Cc", "Zl", "Zp"}
    assert len(one_line(f"x{text}x").splitlines()) == 1
