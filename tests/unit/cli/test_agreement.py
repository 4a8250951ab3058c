"""Asking before much is done."""

import io
import sys

import pytest
import typer

from etl_actors.cli.agreement import require_agreement
from etl_actors.errors import UsageError


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_stands_in_the_data_does_not_reach_the_terminal_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal("n\n"))
    with pytest.raises(typer.Abort):
        require_agreement("1 row of source \x1b[2Jshop would be replayed", narrow=False, yes=False)
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert r"1 row of source \u001b[2Jshop would be replayed. Go on? [y/N]" in out + err


def test_where_nobody_can_be_asked_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match=r"^All: choose some by id or filter, or say --yes\.$"):
        require_agreement("All", narrow=False, yes=False)


@pytest.mark.parametrize(("narrow", "yes"), [(True, False), (False, True)])
def test_what_was_chosen_or_agreed_to_is_not_asked(narrow: bool, yes: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setattr(sys, "stdin", _Terminal(""))
    require_agreement("All", narrow=narrow, yes=yes)
