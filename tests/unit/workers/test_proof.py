"""A slip is compiled before it comes into force; code of its own runs in a process of its own."""

import os

import pytest

from etl_actors.errors import SlipError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.workers.proof import require_compiles

_TOML = 'name = "book"\n[tables.book]\ncolumns.isbn = "isbn | isbn | text"\n'
_STEP = "\n@step\ndef isbn(value: str) -> str:\n    return value\n"


def _slip(before: str) -> Slip:
    return read_slip({"slip.toml": _TOML, "steps.py": f"from etl_actors import step\n{before}\n{_STEP}"}, "public")


def test_a_slip_without_code_of_its_own_compiles_here() -> None:
    require_compiles(read_slip({"slip.toml": _TOML.replace("isbn | text", "text")}, "public"))


def test_code_runs_in_another_process_and_what_it_prints_is_no_matter() -> None:
    slip = _slip(f"import os\nprint('hello')\nassert os.getpid() != {os.getpid()}")
    require_compiles(slip)


def test_code_that_cannot_be_imported_is_a_sentence() -> None:
    with pytest.raises(SlipError, match="no_such_module"):
        require_compiles(_slip("import no_such_module"))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os\nos._exit(7)", "ended by itself with status 7"),
        ("import os\nos._exit(1)", "ended by itself with status 1"),
        ("import os\nos.abort()", "was killed by SIGABRT"),
    ],
)
def test_code_that_ends_its_process_is_a_sentence(code: str, told: str) -> None:
    with pytest.raises(SlipError, match=rf"^The steps\.py of slip book cannot be run: the process that it ran in {told}\.$"):
        require_compiles(_slip(code))


def test_code_that_exits_is_a_sentence() -> None:
    with pytest.raises(SlipError, match=r"^slip book: its steps\.py raised SystemExit: 9$"):
        require_compiles(_slip("import sys\nsys.exit(9)"))
