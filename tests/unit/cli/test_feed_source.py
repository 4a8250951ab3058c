"""What the options of `feed` say, and which of them go together."""

from typing import Any

import pytest

from etl_actors.cli.feed_source import columns, delimiter, require_cells, table_and_files
from etl_actors.errors import UsageError
from etl_actors.feeding.format import Format

_NONE = (None, None, None)


def test_the_word_behind_json_is_a_column_with_a_table_and_a_file_without() -> None:
    assert table_and_files("pages", ["doc"], _NONE, _NONE, json=True) == ("doc", ())
    assert table_and_files(None, ["doc"], _NONE, _NONE, json=True) == ("", ["doc"])


@pytest.mark.parametrize(
    ("table", "files", "of_table", "of_files", "json", "said"),
    [
        (None, [], _NONE, _NONE, False, "Expected files to feed, - for standard input, or --from-table"),
        (None, ["a"], ("b", None, None), _NONE, False, "they need --from-table TABLE --json COL"),
        ("t", ["doc"], _NONE, ("csv", None, None), True, "they do not go with --from-table"),
        ("t", ["doc"], _NONE, _NONE, False, "expected --json COL, the column that holds the documents, and no files"),
        ("t", ["doc", "a.json"], _NONE, _NONE, True, "expected --json COL, the column that holds the documents, and no files"),
        ("t", [], _NONE, _NONE, True, "expected --json COL, the column that holds the documents, and no files"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    table: Any, files: list[str], of_table: Any, of_files: Any, json: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        table_and_files(table, files, of_table, of_files, json=json)


@pytest.mark.parametrize(
    ("between", "null", "option"), [(";", None, "--delimiter"), (None, "", "--null"), (";", "", "--delimiter")]
)
def test_options_for_cells_are_refused_where_no_file_has_any(between: str | None, null: str | None, option: str) -> None:
    files = [("a.jsonl", Format.JSONL), ("b.json", Format.JSON)]
    with pytest.raises(UsageError, match=rf"^{option} is for the cells of CSV: .* got a\.jsonl of format jsonl\.$"):
        require_cells(files, between, null)
    require_cells([*files, ("c.csv", Format.CSV)], between, null)
    require_cells(files, None, None)


def test_columns_may_become_fields_of_another_name() -> None:
    assert columns("url, page = id") == {"url": "url", "page": "id"}
    assert columns(None) == {}


@pytest.mark.parametrize("given", ["", "a,", "a=", "=a", "a,a", "a=b,a=c"])
def test_a_list_of_columns_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="--with: expected columns as a,b or field=a,b"):
        columns(given)


@pytest.mark.parametrize(("given", "expected"), [("tab", "\t"), (r"\t", "\t"), (";", ";"), (None, None)])
def test_a_tab_can_be_written(given: str | None, expected: str | None) -> None:
    assert delimiter(given) == expected
