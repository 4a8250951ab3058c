"""``etl-actors slips explain``: which slip takes a document, and why no other does."""

import json
from pathlib import Path
from typing import Any

import pytest

from etl_actors.cli import main


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with slips and a file."""
    for name, more in {
        "error": 'source = "web"\nwhen = "exists(status) and status >= 500"\npriority = 10',
        "page": 'source = ["web", "proxy"]\nwhen = "exists(path)"',
        "also": 'source = "web"\nwhen = "path == \'/twice\'"',
        "shop": 'source = "shop"',
    }.items():
        (tmp_path / "slips" / name).mkdir(parents=True)
        (tmp_path / "slips" / name / "slip.toml").write_text(
            f'name = "{name}"\n{more}\n[tables.{name}]\ncolumns.c = "c | text"\n'
        )
    documents = ['{"path": "/", "status": 200}', '{"path": "/", "status": 503}', '{"path": "/twice"}', '{"other": 1}', '{"half']
    (tmp_path / "some.jsonl").write_text("\n".join(documents))
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path / "slips"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of the group: its exit status, its standard output and its standard error."""

    def ask(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main.execute(["slips", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return ask


def test_each_document_is_told_with_its_slip_and_what_is_false_of_the_others(place: Path, asked: Any) -> None:
    status, out, _ = asked("explain", "some.jsonl", "--source", "web", "--limit", "1")
    assert status == 0
    assert out.splitlines()[:6] == [
        "some.jsonl:1  taken by page",
        '  {"path":"/","status":200}',
        "  error  no: `status >= 500` is false",
        "  also   no: `path == '/twice'` is false",
        "  page   yes: exists(path)",
        "  of other sources: shop (shop)",
    ]


def test_a_slip_of_lower_priority_is_told_who_outranks_it(place: Path, asked: Any) -> None:
    out = asked("explain", "some.jsonl", "--source", "web", "--limit", "2")[1]
    assert "some.jsonl:2  taken by error" in out
    assert "  page   no: priority 0, and error has 10" in out


def test_what_no_slip_or_several_would_take_is_told_as_rejected(place: Path, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_UNMATCHED", "reject")
    status, out, _ = asked("explain", "some.jsonl", "--source", "web")
    assert status == 1
    heads = [line for line in out.splitlines() if line.startswith("some.jsonl:")]
    assert heads[2] == "some.jsonl:3  rejected, ambiguous_route: also, page take it at equal priority 0"
    assert heads[3] == "some.jsonl:4  rejected, no_slip: none takes it"
    assert heads[4].startswith("some.jsonl:5  rejected at stage stage: line 5 of some.jsonl")
    assert out.splitlines()[-1] == "5 documents of source web: 2 taken by one slip, 3 rejected."


def test_what_no_slip_takes_is_told_as_broken_out_where_the_settings_say_no_other(
    place: Path, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = asked("explain", "some.jsonl", "--source", "web")[1]
    assert "some.jsonl:4  taken by none: broken out to tables of its source's own, as the setting unmatched says" in out
    assert out.splitlines()[-1] == "5 documents of source web: 2 taken by one slip, 1 broken out, 2 rejected."
    monkeypatch.setenv("ETL_UNMATCHED_SOURCES", "shop")
    assert "some.jsonl:4  rejected, no_slip: none takes it" in asked("explain", "some.jsonl", "--source", "web")[1]


def test_the_same_as_json(place: Path, asked: Any) -> None:
    told = json.loads(asked("explain", "some.jsonl", "--source", "web", "--json")[1])["documents"]
    assert [one["taken_by"] for one in told] == ["page", "error", None, None, None]
    assert [one["reason"] for one in told] == [None, None, "ambiguous_route", None, "cut_short"]
    assert [one["broken_out"] for one in told] == [False, False, False, True, False]
    assert told[0]["slips"][0] == {
        "name": "error",
        "verdict": "false",
        "priority": 10,
        "when": [{"part": "exists(status)", "holds": True}, {"part": "status >= 500", "holds": False}],
    }


def test_the_source_is_asked_for_where_slips_take_several(place: Path, asked: Any) -> None:
    assert asked("explain", "some.jsonl") == (
        2,
        "",
        "What are the documents of? Name it with --source; the slips take proxy, shop, web.\n",
    )


def test_broken_slips_are_left_out_and_said(place: Path, asked: Any) -> None:
    (place / "slips" / "page" / "slip.toml").write_text("name = 'page'\n")
    out = asked("explain", "some.jsonl", "--source", "web", "--limit", "1")[1]
    assert out.endswith("Left out, since broken: page; what is wrong: etl-actors slips check\n")
