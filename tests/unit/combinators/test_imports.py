"""Grammars import one another, by names that a slip's files or the library have, and keys stay those of the authors."""

import builtins
from typing import Any

import pytest

from etl_actors.combinators.grammar import load_grammar
from tests.support.grammars import NOTHING, loaded, refused, shown, value_of

PAIR = 'pair: KEY "=" val\nKEY: /[a-z]+/\nval: V\n%import .third.V\n'
THIRD = "V: /[0-9]+/\n"
FILES = {"other.lark": PAIR, "third.lark": THIRD}
IP = 'ip: IP\nnet: IP "/" BITS\nIP: _O ("." _O)~3\n_O: /[0-9]+/\nBITS: /[0-9]+/\n'
LIBRARY = {"std/ip.lark": IP, "std/host.lark": "%import .ip.IP\nhost: IP | NAME\nNAME: /[a-z]+/\n"}


@pytest.mark.parametrize(
    "statement",
    [
        "%import .other.pair",
        "%import other.pair",
        "%import .other (pair)",
        "%import other (pair, KEY)",
        "%import .other.pair -> pair",
    ],
)
def test_a_file_of_the_slip_is_imported_in_each_form(statement: str) -> None:
    made = loaded(f"{statement}\nstart: pair+\n", FILES)
    assert shown(made.shape) == "start{pair: [pair{key: text, val: text}]}"
    assert value_of(made, "a=1b=2") == {"pair": [{"key": "a", "val": "1"}, {"key": "b", "val": "2"}]}


@pytest.mark.parametrize("statement", ["%import std.ip.net", "%import std.ip (net, IP)", "%import .std.ip.net"])
def test_a_file_of_the_library_is_imported_in_each_form(statement: str) -> None:
    assert value_of(loaded(f'{statement}\nstart: "<" net ">" TAIL?\nTAIL: "!"', LIBRARY), "<1.2.3.4/24>")["net"] == {
        "ip": "1.2.3.4",
        "bits": "24",
    }


def test_a_name_that_is_given_is_the_key() -> None:
    made = loaded("%import .other.pair -> entry\n%import .third.V -> NUMBER\nstart: NUMBER entry", FILES)
    assert value_of(made, "1a=2") == {"number": "1", "entry": {"key": "a", "val": "2"}}


def test_a_name_that_an_imported_file_gives_is_the_key() -> None:
    files = {"b.lark": "%import .c.x -> y\nz: y N\nN: /[0-9]/", "c.lark": 'x: A A\nA: "a"'}
    assert value_of(loaded("%import .b.z\nstart: z", files), "aa1") == {"z": {"y": {"a": ["a", "a"]}, "n": "1"}}


def test_a_rule_without_key_and_a_template_are_imported() -> None:
    files = {"b.lark": "_kv: K V\nK: /k/\nV: /v/\nlist{x}: x+"}
    assert value_of(loaded("%import .b (_kv, list)\nstart: _kv list{N}\nN: /[0-9]/", files), "kv12") == {
        "k": "k",
        "v": "v",
        "list": {"n": ["1", "2"]},
    }


def test_every_file_that_is_reached_is_kept_but_those_of_lark() -> None:
    made = loaded("%import .other.pair\n%import std.host.host\n%import common.INT\nstart: pair host? INT", {**FILES, **LIBRARY})
    assert list(made.files) == ["main.lark", "other.lark", "std/host.lark", "std/ip.lark", "third.lark"]
    assert made.files["third.lark"] == THIRD


def test_an_inline_grammar_is_no_file() -> None:
    assert not load_grammar("start: /a/", name="[grammars] x", find=NOTHING.get).files


def test_a_file_of_the_slip_goes_before_one_of_lark() -> None:
    made = loaded("%import common.INT\nstart: INT", {"common.lark": "INT: /x/"})
    assert value_of(made, "x") == "x"


def test_the_library_does_not_import_from_the_slip() -> None:
    files = {"std/a.lark": "%import b.x\nw: x", "b.lark": "x: /1/", "std/b.lark": "x: /2/"}
    assert value_of(loaded("%import std.a.w\nstart: w", files), "2") == {"w": {"x": "2"}}


def test_a_terminal_that_comes_two_ways_is_one() -> None:
    made = loaded('%import std.ip (net, ip)\n%import std.host.host\nstart: host " " net', LIBRARY)
    assert value_of(made, "1.1.1.1 2.2.2.2/8") == {"host": "1.1.1.1", "net": {"ip": "2.2.2.2", "bits": "8"}}


def test_one_rule_under_two_names_has_two_keys() -> None:
    made = loaded('%import std.host.host -> client\n%import std.host.host -> server\nstart: client " " server', LIBRARY)
    assert value_of(made, "x 1.1.1.1") == {"client": "x", "server": "1.1.1.1"}


def test_what_is_overridden_is_not_what_another_file_means() -> None:
    files = {"b.lark": "%import .c.X\ny: X N\nN: /[0-9]/", "c.lark": "X: /x/"}
    made = loaded("%import .b.y\n%import .c.X\n%override X: /z/\nstart: X y", files)
    assert value_of(made, "zx1") == {"x": "z", "y": {"x": "x", "n": "1"}}


def test_an_ignored_terminal_is_imported_from_lark() -> None:
    assert value_of(loaded("%import common (WS, INT)\n%ignore WS\nstart: INT+"), " 1 \n 2 ") == {"int": ["1", "2"]}


@pytest.mark.parametrize(
    ("grammar", "files", "told"),
    [
        pytest.param("%import nix.x\nstart: x", {}, "main.lark:1:9 there is no grammar nix to import from: expected a file nix.lark", id="no file"),
        pytest.param("A: /a/\n%import .nix.x\nstart: x", {}, "main.lark:2:10 there is no grammar nix to import from: expected a file nix.lark", id="no file beside"),
        pytest.param("%import .b.x\nstart: x", {"b.lark": "y: /y/"}, "main.lark:1:10 b.lark has no rule x; it has y", id="no rule"),
        pytest.param("%import .b.X\nstart: X", {"b.lark": "Y: /y/"}, "main.lark:1:10 b.lark has no terminal X; it has Y", id="no terminal"),
        pytest.param("%import .b.x\nstart: x", {"b.lark": "\nx: y"}, "b.lark:2:4 there is no rule y: define it, or import it with %import", id="an unknown rule in another file"),
        pytest.param("%import .b.x\nstart: x", {"b.lark": "x: )"}, "b.lark:1:4 this is no grammar of Lark's", id="another file is broken"),
        pytest.param("%import .b.x\nstart: x", {"b.lark": 'x: y\ny: ","'}, "b.lark:2:1 rule y keeps nothing", id="a rule of another file keeps nothing"),
        pytest.param("%import .b.x\nstart: x", {"b.lark": "%import .c.z\nx: z", "c.lark": "%import .b.x\nz: x"}, "c.lark:1:10 grammars import one another in a circle: b.lark → c.lark → b.lark", id="a circle"),
        pytest.param("%import .main.x\nx: /a/\nstart: x", {"main.lark": "%import .main.x\nx: /a/\nstart: x"}, "main.lark:1:10 grammars import one another in a circle: main.lark → main.lark", id="itself"),
        pytest.param("%import .b.x\n%import .c.x\nstart: x", {"b.lark": "x: /b/", "c.lark": "x: /c/"}, "main.lark:2:10 two imports bring x; rename one of them", id="one name twice"),
        pytest.param("%import .b.x -> X\nstart: X", {"b.lark": "x: /b/"}, "main.lark:1:10 x cannot be renamed to X", id="a rule as a terminal"),
        pytest.param("%import .b.x\n%import c.x -> y\nstart: x _z\n_z: y2\ny2: y y\n", {"b.lark": "x: y2\ny2: B B\nB: /b/", "c.lark": "x: /c/"}, "", id="fine"),
        pytest.param("%import x\nstart: x", {}, "main.lark:1:9 say what to import: %import x.rule, or %import x (rule, TERMINAL)", id="no name"),
    ],
)  # fmt: skip
def test_an_import_that_fails_is_told_where_it_stands(grammar: str, files: dict[str, str], told: str) -> None:
    if not told:
        loaded(grammar, files)
        return
    error = refused(grammar, files)
    assert f"{error.file}:{error.line}:{error.column} {error.sentence}".startswith(told)


def test_two_imported_rules_of_one_name_collide_in_a_value() -> None:
    files = {"b.lark": "_b: key V\nkey: B B\nB: /b/\nV: /v/"}
    error = refused("%import .b._b\nstart: _b key\nkey: K K\nK: /k/", files)
    assert 'the rule key of b.lark and the rule key of main.lark would both have the key "key"' in error.sentence


def test_the_file_system_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*arguments: Any, **_: Any) -> None:
        message = f"opened {arguments}"
        raise AssertionError(message)

    monkeypatch.setattr(builtins, "open", closed)
    loaded("%import .other.pair\nstart: pair // unseen", FILES)
    refused("%import .nothing.pair\nstart: pair // unseen", FILES)


def test_a_grammar_is_compiled_once() -> None:
    text = "%import .other.pair\nstart: pair // once"
    assert loaded(text, FILES) is loaded(text, dict(FILES))


def test_a_grammar_whose_files_changed_is_compiled_again() -> None:
    text = "%import .b.x\nstart: x // again"
    first, second = loaded(text, {"b.lark": "x: /1/"}), loaded(text, {"b.lark": "x: /2/"})
    assert value_of(first, "1") == {"x": "1"}
    assert value_of(second, "2") == {"x": "2"}


def test_another_rule_of_a_grammar_is_a_grammar() -> None:
    made = loaded("start: x\nx: A A\nA: /a/").from_rule("x")
    assert (made.start, value_of(made, "aa")) == ("x", {"a": ["a", "a"]})
