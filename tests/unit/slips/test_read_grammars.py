"""Grammars come from files of the slip, from the library, or stand in the slip; what is wrong is told where it is."""

import pytest

from etl_actors.combinators.library import library_text
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import digest
from tests.support.slips import TABLE, first_lines, read, refusal

WORDS = "start: A b\nA: /a/\nb: B\nB: /b/\n"


@pytest.mark.parametrize(
    ("given", "name", "start"),
    [
        ('"words.lark"', "words.lark", "start"),
        ('"words.lark:b"', "words.lark", "b"),
        ('"std:ip"', "std/ip.lark", "start"),
        ("{ text = 'start: /x/ A\nA: /a/' }".replace("'", "'''"), "g", "start"),
        ("{ text = 'x: A\nA: /a/', rule = \"x\" }".replace("'", "'''"), "g", "x"),
    ],
)
def test_a_grammar_is_loaded_by_its_name(given: str, name: str, start: str) -> None:
    slip = read(f'name = "s"\n[grammars]\ng = {given}{TABLE}', words_lark=WORDS)
    grammar = slip.vocabulary.grammars["g"]
    assert (grammar.name, grammar.start) == (name, start)


def test_a_slip_keeps_what_it_uses_of_the_library() -> None:
    slip = read(f'name = "s"\n[grammars]\ng = "g.lark"{TABLE}', g_lark="%import std.ip.IP\nstart: IP\n")
    assert slip.files["std/ip.lark"] == library_text("ip")
    assert sorted(slip.files)[:2] == ["g.lark", "slip.toml"]
    assert slip.digest == digest(slip.files)


def test_a_slip_that_is_read_again_from_its_files_is_the_same() -> None:
    slip = read(f'name = "s"\n[grammars]\ng = "std:access_log"\nh = "std:ip"{TABLE}', x_lark=WORDS, steps_py="")
    again = read_slip(slip.files, "public")
    assert (again.digest, dict(again.files)) == (slip.digest, dict(slip.files))
    assert again == slip


def test_a_stored_slip_keeps_its_own_text_of_the_library() -> None:
    slip = read(f'name = "s"\n[grammars]\ng = "std:ip"{TABLE}')
    older = {**slip.files, "std/ip.lark": "start: IP\nIP: /older/\n"}
    assert read_slip(older, "public").files == older
    assert read_slip(older, "public").digest != slip.digest


def test_what_a_stored_slip_does_not_use_of_the_library_is_no_part_of_it() -> None:
    plain = read(f'name = "s"{TABLE}')
    assert read_slip({**plain.files, "std/ip.lark": "start: A\nA: /a/\n"}, "public").digest == plain.digest


FORMS = 'expected "FILE.lark", "FILE.lark:RULE", "std:NAME", "std:NAME:RULE" or { text = \'\'\'…\'\'\' }'


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("g = 1", f"3:5: {FORMS}"),
        ('g = "words"', f"3:5: {FORMS}, got `words`"),
        ('g = "word.lark"', "3:5: there is no file `word.lark` beside the slip; did you mean `words.lark`?"),
        ('g = "slip.toml"', f"3:5: {FORMS}, got `slip.toml`"),
        ('g = "words.lark:c"', "3:17: words.lark: there is no rule c to start by"),
        ('g-h = "words.lark"', "3:1: expected a name that expressions can use: letters, digits and `_`"),
        ('g = { text = "start: A", name = "x" }', "3:26: a grammar has no key `name`"),
        ("g = { text = 1 }", "3:14: expected text, in quotes"),
        ('g = { rule = "x" }', "3:5: a grammar that stands in the slip needs a `text`"),
        ("g = { text = '''\nstart: A\n  | B\nA: /a/''' }", "5:5: there is no terminal B: define it, or import it with %import"),
        ('g = { text = "start: B" }', "3:22: there is no terminal B: define it, or import it with %import"),
    ],
)
def test_a_wrong_grammar_is_refused_with_its_place(given: str, wanted: str) -> None:
    lines = first_lines(f'name = "s"\n[grammars]\n{given}{TABLE}', words_lark=WORDS)
    assert any(line.startswith(f"slip.toml:{wanted}") for line in lines), lines
    assert len(lines) == 1 or "name" in given


def test_the_library_says_what_it_has() -> None:
    (line,) = first_lines(f'name = "s"\n[grammars]\ng = "std:acess_log"{TABLE}')
    assert line == "slip.toml:3:5: the library has no grammar `acess_log`; did you mean `access_log`?"


def test_grammars_that_are_no_table_are_refused() -> None:
    assert first_lines(f'grammars = 1\nname = "s"{TABLE}') == [f"slip.toml:1:1: expected grammars by name: {FORMS}"]


def test_what_is_wrong_in_a_file_of_the_slip_is_told_there() -> None:
    text = refusal(f'name = "s"\n[grammars]\ng = "g.lark"{TABLE}', g_lark="start: A\nA: /a/\nb: C\n")
    assert text.splitlines() == [
        "g.lark:3:4: there is no terminal C: define it, or import it with %import",
        "    b: C",
        "       ^",
    ]


def test_what_is_wrong_in_a_file_that_is_imported_is_told_there() -> None:
    files = {"g_lark": "%import .words (b)\nstart: b\n", "words_lark": "b: C\n"}
    (line,) = first_lines(f'name = "s"\n[grammars]\ng = "g.lark"{TABLE}', **files)
    assert line.startswith("words.lark:1:4: there is no terminal ")


def test_what_uses_a_broken_grammar_is_not_called_wrong_too() -> None:
    toml = 'name = "s"\n[grammars]\ng = "no.lark"\n[let]\nx = "m | parse(g)"\n[tables.t]\nwhen = "matches(m, g)"\ncolumns.a = "x.b | text"'
    assert first_lines(toml) == ["slip.toml:3:5: there is no file `no.lark` beside the slip"]


def test_a_field_that_no_value_of_a_grammar_has_is_told_with_its_place() -> None:
    toml = 'name = "s"\n[grammars]\ng = "words.lark"\n[let]\nx = "m | parse(g)"\n[tables.t]\ncolumns.a = "x.c | text"'
    assert first_lines(toml, words_lark=WORDS) == ["slip.toml:7:14: `start` has no field `c`; it has `a`, `b`"]


@pytest.mark.parametrize(
    ("grammar", "sentence"),
    [
        ("%declare A\nstart: A b\nb: /b/\n", "g.lark:1:10: A is only declared, and nothing would ever read it"),
        ('start: "a\\x" b\nb: /b/\n', "g.lark:1:8: this literal or regex cannot be read: a backslash in it begins an escape"),
        ('start: b\nb: "a\0"\n', "g.lark:2:4: this literal or regex cannot be read: it has the character U+0000 in it"),
    ],
)
def test_what_lark_only_stumbles_over_is_told_in_words(grammar: str, sentence: str) -> None:
    said = refusal(f'name = "s"\n[grammars]\ng = "g.lark"{TABLE}', g_lark=grammar)
    assert said.startswith(sentence)
    assert "SyntaxError" not in said


def test_an_empty_map_is_refused() -> None:
    assert "slip.toml:2:7: this map is empty" in refusal(f'name = "s"\n[maps.m]{TABLE}')
