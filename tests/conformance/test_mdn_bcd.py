"""20,968 features: an object whose keys are browsers, of statements that are an object or a list of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_support_by_browser_and_every_statement_of_it(
    load: Callable[..., None],
    ask: Callable[[str], list[tuple[Any, ...]]],
    documents: Callable[[Path], list[Any]],
    corpus: Path,
) -> None:
    """Count browsers and statements against the file, and compare what is said of one value type and the other."""
    file = corpus / "nested" / "mdn_bcd" / "features.jsonl.gz"
    features = documents(file)
    support = [(one["path"], browser, said) for one in features for browser, said in one["support"].items()]
    statements = [
        (path, browser, number, statement)
        for path, browser, said in support
        for number, statement in enumerate(said if isinstance(said, list) else [said])
    ]
    added = [statement["version_added"] for *_, statement in statements]

    load({"mdn_bcd": file})

    assert ask("SELECT count(*) FROM feature") == [(len(features),)]
    assert ask("SELECT count(*), count(DISTINCT browser) FROM support") == [(len(support), len({name for _, name, _ in support}))]
    assert ask("SELECT count(*), count(added), count(removed), count(*) FILTER (WHERE NOT ever) FROM statement") == [
        (
            len(statements),
            sum(isinstance(value, str) for value in added),
            sum("version_removed" in statement for *_, statement in statements),
            sum(value is False for value in added),
        )
    ]
    lists = sorted(
        (path, browser, number, statement["version_added"]) for path, browser, number, statement in statements if number
    )
    several = ask(
        "SELECT f.path, u.browser, s._index, s.added FROM statement s JOIN support u ON u._id = s._parent_id "
        "JOIN feature f ON f._id = u._parent_id AND f._id = s._root_id WHERE s._index > 0"
    )
    assert sorted((path, browser, number, value or "") for path, browser, number, value in several) == sorted(
        (path, browser, number, value if isinstance(value, str) else "") for path, browser, number, value in lists
    )
    assert ask("SELECT max(jsonb_array_length(notes)) FROM statement") == [
        (max(len(n) for *_, s in statements if isinstance(n := s.get("notes"), list)),)
    ]
    print(f"{len(features)} features, {len(support)} browsers' support, {len(statements)} statements")
