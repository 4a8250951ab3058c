"""``etl-actors rejects``: Find out why rows were rejected, and settle their dead letters.

A dead letter is open until its row is replayed, or somebody discards it. The document stays in etl.staging.
"""

from etl_actors.cli.commands import Command

__all__ = ["REJECTS"]

REJECTS = {
    "list": Command(
        "List dead letters, newest first, or how many of a kind.",
        (
            "etl-actors rejects list --by reason",
            "etl-actors rejects list --source shop --since 2h",
            "etl-actors rejects list --status all --limit 1000 --json",
        ),
    ),
    "show": Command(
        "Show all of a dead letter: the place, and what befell its row.",
        ("etl-actors rejects show 12", "etl-actors rejects show --row 4711", "etl-actors rejects show 12 --json"),
    ),
    "replay": Command(
        "Run the rows of dead letters again, once what was wrong is mended.",
        (
            "etl-actors rejects replay 12 13",
            "etl-actors rejects replay --source shop --reason not_a_number --dry-run",
            "etl-actors rejects replay --stage parse --since 2h --rate 500",
        ),
    ),
    "discard": Command(
        "Close dead letters that are not to be mended.",
        ("etl-actors rejects discard 12 13", "etl-actors rejects discard --reason null_key --until 2026-01-31"),
    ),
    "reopen": Command(
        "Open discarded dead letters again.",
        ("etl-actors rejects reopen 12 13", "etl-actors rejects reopen --source shop --since 1d"),
    ),
    "export": Command(
        "Write dead letters with their documents, to be mended.",
        (
            "etl-actors rejects export --source shop -o shop.jsonl",
            "etl-actors rejects export --source shop | jq -c .payload | etl-actors feed shop --format jsonl -",
            "etl-actors rejects export --format csv -o rejects.csv",
        ),
    ),
}
"""The commands of the group by name, in the order in which they are listed."""
