"""``etl-actors slips``: Write slips, try them on documents, and see what they will do to the database.

Only `infer`, `plan` and `apply` look at the database, and `show` for slips that break documents out; the others read the folders that
ETL_PARSERS names, or the folder that is named.
"""

from etl_actors.cli.commands import Command

__all__ = ["SLIPS"]

SLIPS = {
    "list": Command(
        "List the slips of the folders, broken ones too.",
        ("etl-actors slips list", "ETL_PARSERS=~/slips etl-actors slips list --json"),
    ),
    "show": Command(
        "Show what a slip makes: tables, columns, keys, grammars.",
        (
            "etl-actors slips show shop_product",
            "etl-actors slips show slips/book",
            "etl-actors slips show web_log --python",
            "etl-actors slips show unmatched:shop",
        ),
    ),
    "new": Command(
        "Write a slip to begin with, its columns from a file's documents.",
        (
            "etl-actors slips new book --source library --from books.jsonl",
            "etl-actors slips new web_log --source web --from access.log",
            "etl-actors slips new book --into slips",
        ),
    ),
    "infer": Command(
        "Write a slip from what a source has staged.",
        (
            "etl-actors slips infer shop",
            "etl-actors slips infer shop --name product --into slips",
            "etl-actors slips infer shop --breakout --into slips",
        ),
    ),
    "check": Command(
        "Find all that is wrong with slips, each alone and together.",
        ("etl-actors slips check", "etl-actors slips check slips/book", "etl-actors slips check --strict --json"),
    ),
    "plan": Command(
        "Show what would change in the database, and what be rejected.",
        ("etl-actors slips plan", "etl-actors slips plan book --rows 100000", "etl-actors slips plan --json"),
    ),
    "apply": Command(
        "Put edited slips in force: tables, record, daemons.",
        ("etl-actors slips apply", "etl-actors slips apply book"),
    ),
    "try": Command(
        "Show the rows and rejects that a slip makes of a file.",
        (
            "etl-actors slips try book books.jsonl",
            "etl-actors slips try slips/web_log access.log --limit 3",
            "zcat access.log.gz | etl-actors slips try web_log - --format lines",
        ),
    ),
    "explain": Command(
        "Say which slip takes a document, and why no other does.",
        ("etl-actors slips explain books.jsonl --source library", "etl-actors slips explain access.log --source web --limit 1"),
    ),
    "test": Command(
        "Run the samples of slips as snapshots.",
        ("etl-actors slips test", "etl-actors slips test book", "etl-actors slips test book --update"),
    ),
}
"""The commands of the group by name, in the order in which they are listed."""
