"""Reading which view a slip has of the documents that it breaks out."""

from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.view import View, view_name
from etl_actors.slips.reading.columns import name_problem
from etl_actors.slips.reading.own_names import names_beside
from etl_actors.slips.source.section import Section

__all__ = ["read_view"]


def read_view(section: Section, schema: str, table: str) -> View | None:
    """Read which view there is: one named after the table, another, or none.

    Args:
        section: ``[breakout]`` of the slip.
        schema: where the tables are.
        table: the root.

    Returns:
        None for none; what is wrong is noted.
    """
    materialized = section.flag("materialize", default=False)
    given = section.content.get("view")
    if given is False:
        if materialized:
            section.wrong("materialize", "there is no view that could be materialized: `view` is false")
        return None
    if given is not None and not isinstance(given, str):
        section.wrong("view", "expected the name of the view, in quotes, or false for none")
        return None
    name = view_name(table) if given is None else given
    problem = name_problem(name, "view")
    if problem is None and (name == table or name.startswith(f"{plain((table,))}__")):
        problem = f"expected a name that no table of the slip has, got `{name}`"
    if problem is None and name in names_beside(section, table):
        problem = f"expected a name that nothing has beside the table, got `{name}`"
    if problem:
        section.wrong("view" if "view" in section.content else "table", problem)
    return View(schema, name, materialized)
