"""How values of columns are written as the texts that they came as."""

from psycopg import sql

__all__ = ["written_text"]

# How a value is written as the text that it came as, where that is not kept beside it: as `written_in` writes it.
_MOMENT = "regexp_replace(to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '\\.?0+$', '')"
_WRITTEN = {
    "date": "to_char({}, 'YYYY-MM-DD')",
    "uuid": "{}::text",
    "timestamp": _MOMENT,
    "timestamptz": _MOMENT.replace("{}", "{} AT TIME ZONE 'UTC'") + " || 'Z'",
}


def written_text(column: sql.Composable, type_name: str) -> sql.Composed:
    """Write a column of texts as the texts that its values came as, where nothing else is kept beside them.

    Args:
        column: of a table, or what has its value.
        type_name: its type, which is that of a form, or text.
    """
    return sql.SQL(_WRITTEN.get(type_name, "{}")).format(column)
