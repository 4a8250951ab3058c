"""554 features: 388,354 flags of browsers' versions, keys that are data twice over, each flag read by a small grammar."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl_actors.combinators.grammar import Grammar, load_grammar
from etl_actors.combinators.result import Failure, Success
from tests.conformance.conftest import SLIPS
from tests.support.library_examples import bare

EXPECTED = Path(__file__).parent / "expected" / "caniuse_flags.jsonl"
KNOWN = ("support", "prefixed", "disabled", "notes")

Flags = dict[tuple[str, str, str], str]


@pytest.fixture(scope="module")
def file(corpus: Path) -> Path:
    """Name the file of features."""
    return corpus / "nested" / "caniuse" / "features.jsonl.gz"


@pytest.fixture(scope="module")
def flags(documents: Callable[[Path], list[Any]], file: Path) -> Flags:
    """Give each flag by feature, browser and version."""
    return {
        (feature["id"], browser, version): flag
        for feature in documents(file)
        for browser, versions in feature["stats"].items()
        for version, flag in versions.items()
    }


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    """Load the slip's grammar of flags."""
    text = (SLIPS / "caniuse_feature" / "flags.lark").read_text(encoding="utf-8")
    return load_grammar(text, name="flags.lark", find=lambda _: None, start="start")


def _understood(grammar: Grammar, flag: str) -> dict[str, Any] | Failure:
    """Read a flag and say it as the expectations do."""
    result = grammar.read(flag)
    if isinstance(result, Failure):
        return result
    value: Any = bare(result.value)
    said = {
        "support": value["support"],
        "prefixed": "prefixed" in value,
        "disabled": "disabled" in value,
        "notes": [int(note) for note in value.get("note", [])],
    }
    return {key: what for key, what in said.items() if what}


def test_flags_are_understood_as_a_reader_wrote_down_before(
    grammar: Grammar, flags: Flags, documents: Callable[[Path], list[Any]]
) -> None:
    """200 flags, among them every one that is different; at least 98 % exactly so."""
    expected = {
        (one["feature"], one["browser"], one["version"]): {key: one[key] for key in KNOWN if key in one}
        for one in documents(EXPECTED)
    }
    assert len(expected) == 200
    assert {flags[place] for place in expected} == set(flags.values())

    wrong = [(flags[place], got) for place, what in expected.items() if (got := _understood(grammar, flags[place])) != what]

    print(
        f"{200 - len(wrong)} of 200 flags as expected ({(200 - len(wrong)) / 2:.1f} %), {len(set(flags.values()))} different ones"
    )
    assert len(wrong) <= 4, "\n".join(f"{flag!r}: {got}" for flag, got in wrong)


def test_every_flag_is_read_and_none_of_its_numbers_is_lost(grammar: Grammar, flags: Flags) -> None:
    """Of each flag its runs of digits are its notes, in order."""
    results = {flag: grammar.read(flag) for flag in set(flags.values())}
    read = {flag: bare(result.value) for flag, result in results.items() if isinstance(result, Success)}

    lost = [flag for flag, value in read.items() if re.findall(r"[0-9]+", flag) != value.get("note", [])]
    print(f"{sum(flag in read for flag in flags.values())} of {len(flags)} flags are read")
    assert lost == []
    assert set(read) == set(flags.values())


@pytest.mark.parametrize(
    ("flag", "at"), [("", 0), ("z", 0), ("yes", 0), ("y z", 2), ("y x x", 4), ("y #", 3), ("y #a", 3), ("y #1 x", 5), ("#1", 0)]
)
def test_what_is_no_flag_is_refused_at_its_place(grammar: Grammar, flag: str, at: int) -> None:
    result = grammar.read(flag)
    assert isinstance(result, Failure)
    assert result.at == at


def test_all_flags_of_all_features_load(
    load: Callable[..., None], ask: Callable[[str], list[tuple[Any, ...]]], flags: Flags, file: Path
) -> None:
    """Count browsers, versions, letters and notes against the file; every flag can be written again from its row."""
    features = {feature for feature, *_ in flags}
    browsers = {(feature, browser) for feature, browser, _ in flags}

    load({"caniuse": file})

    assert ask("SELECT staged, loaded, rejected, balanced FROM etl.ledger") == [(len(features), len(features), 0, True)]
    assert ask("SELECT count(*) FROM caniuse_feature") == [(len(features),)]
    assert ask("SELECT count(*), count(DISTINCT browser) FROM caniuse_browser") == [
        (len(browsers), len({name for _, name in browsers}))
    ]
    assert dict(ask("SELECT support, count(*) FROM caniuse_support GROUP BY 1")) == Counter(flag[0] for flag in flags.values())
    assert ask(
        "SELECT count(*), count(*) FILTER (WHERE prefixed), count(*) FILTER (WHERE disabled), sum(cardinality(notes)), "
        "sum((SELECT sum(note) FROM unnest(notes) note)) FROM caniuse_support"
    ) == [
        (
            len(flags),
            sum("x" in flag for flag in flags.values()),
            sum("d" in flag for flag in flags.values()),
            sum(flag.count("#") for flag in flags.values()),
            sum(int(note) for flag in flags.values() for note in re.findall(r"[0-9]+", flag)),
        )
    ]
    written = (
        "SELECT f.id, b.browser, s.version, concat_ws(' ', s.support, CASE WHEN prefixed THEN 'x' END, CASE WHEN disabled THEN 'd' END, "
        "(SELECT string_agg('#' || note, ' ' ORDER BY place) FROM unnest(notes) WITH ORDINALITY AS n (note, place))) "
        "FROM caniuse_support s JOIN caniuse_browser b ON b._id = s._parent_id JOIN caniuse_feature f ON f._id = b._parent_id"
    )
    loaded = {(feature, browser, version): flag for feature, browser, version, flag in ask(written)}
    assert loaded == {place: flag.replace("d x", "x d") for place, flag in flags.items()}
    print(f"{len(features)} features, {len(browsers)} browsers' support, {len(flags)} flags, all as they were written")
