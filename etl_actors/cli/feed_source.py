"""What the options of ``etl-actors feed`` say of where documents come from."""

from collections.abc import Sequence

from etl_actors.errors import UsageError
from etl_actors.feeding.format import Format

__all__ = ["columns", "delimiter", "require_cells", "table_and_files"]


def table_and_files(
    table: str | None, files: Sequence[str], of_table: Sequence[object], of_files: Sequence[object], *, json: bool
) -> tuple[str, Sequence[str]]:
    """Return the documents' column, and the files; one of them is empty.

    ``--json`` asks for counts as JSON, but with ``--from-table`` the word behind it, otherwise a file, is the column.

    Args:
        table: what --from-table says.
        files: the words that are no options.
        of_table: values of the options that are for tables alone, None where they are not there.
        of_files: the same of those for files alone.
        json: whether --json is there.

    Raises:
        UsageError: some of it does not go together.
    """
    if table is None:
        if any(value is not None for value in of_table):
            raise UsageError("--with, --where and --split are for a table: they need --from-table TABLE --json COL.")
        if not files:
            raise UsageError("Expected files to feed, - for standard input, or --from-table TABLE --json COL.")
        return "", files
    if any(value is not None for value in of_files):
        raise UsageError("--format, --delimiter and --null are for files: they do not go with --from-table.")
    if not json or len(files) != 1:
        raise UsageError("--from-table: expected --json COL, the column that holds the documents, and no files.")
    return files[0], ()


def columns(given: str | None) -> dict[str, str]:
    """Read --with: columns by the name of the field that each becomes.

    Raises:
        UsageError: a name is missing, or two fields have one name.
    """
    fields: dict[str, str] = {}
    for part in given.split(",") if given is not None else ():
        field, equals, column = part.strip().partition("=")
        column = column.strip() if equals else field
        field = field.strip()
        if not field or not column or field in fields:
            raise UsageError(f"--with: expected columns as a,b or field=a,b, each field once, got {given!r}.")
        fields[field] = column
    return fields


def require_cells(files: Sequence[tuple[str, Format]], between: str | None, null: str | None) -> None:
    """Refuse --delimiter and --null where no file has cells.

    Args:
        files: the name and the format of each.
        between: what --delimiter says.
        null: what --null says.

    Raises:
        UsageError: they would do nothing.
    """
    option = "--delimiter" if between is not None else "--null" if null is not None else None
    if option and files and not any(form in {Format.CSV, Format.TSV} for _, form in files):
        name, form = files[0]
        raise UsageError(
            f"{option} is for the cells of CSV: expected a file of format csv or tsv, got {name} of format {form.value}."
        )


def delimiter(given: str | None) -> str | None:
    r"""Read --delimiter: a tab can be written ``tab`` or ``\t``."""
    return "\t" if given in {"tab", r"\t"} else given
