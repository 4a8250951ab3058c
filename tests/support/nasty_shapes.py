"""Nasty shapes, sizes and roots."""

from tests.support.nasty_case import Case, case

__all__ = ["CASES"]

SHAPES, SIZES, ROOTS = "Shapes", "Depths, widths and sizes", "Roots"


def _nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


CASES: tuple[Case, ...] = (
    case(
        SHAPES,
        "kinds",
        "A scalar, an array and an object at one place",
        {"v": 1},
        {"v": [1, "x"]},
        {"v": {"a": 1}},
        {"v": [[2]]},
        {"v": {}},
        {"v": []},
    ),
    case(
        SHAPES,
        "one_or_many",
        "One object, or an array of them, with an array in each",
        {"v": {"x": [1], "y": 2}},
        {"v": [{"x": [3], "y": 4}, {"x": [5, 6]}]},
    ),
    case(SHAPES, "mixed_array", "An array of everything", {"l": [1, "1", 1.5, True, None, {}, [], {"a": 1}, [1], "2024-01-01"]}),
    case(SHAPES, "arrays", "Arrays of arrays, some empty", {"l": [[1, 2], [], [[3], [[]]], None, [[]]]}),
    case(
        SHAPES,
        "nothings",
        "Missing, null, empty everywhere",
        {},
        {"a": None},
        {"a": {}},
        {"a": []},
        {"a": ""},
        {"a": [None]},
        {"a": [{}]},
        {"a": [[]]},
        {"a": {"b": None}},
        {"a": {"b": {}}},
        {"a": {"b": []}},
    ),
    case(
        SHAPES,
        "only_nothings",
        "A place that is never anything but nothing",
        {"a": None, "b": {}, "c": [], "d": {"e": {"f": None}}},
    ),
    case(
        SHAPES,
        "twins",
        "One document twice, and with its members in another order",
        {"a": 1, "b": 2},
        {"b": 2, "a": 1},
        {"a": 1, "b": 2},
    ),
    case(SIZES, "deep", "500 levels of objects", _nested(500)),
    case(SIZES, "deep_arrays", "300 levels of arrays", "[" * 300 + "1" + "]" * 300),
    case(SIZES, "too_deep", "1,100 levels", _nested(1100)),
    case(SIZES, "wide", "5,000 names", {f"name {n}": n for n in range(5_000)}),
    case(
        SIZES,
        "wide_objects",
        "250 names of objects, each with a name of its own",
        {f"name_{n:03}".replace("0", "o"): {"a": n, "b": n, "c": n, f"d{n}": n} for n in range(250)},
    ),
    case(SIZES, "many_tables", "100 arrays", {f"l{n}": [n] for n in range(100)}),
    case(SIZES, "long_text", "A text of 20 MB", {"t": "x" * 20_000_000}),
    case(SIZES, "long_array", "100,000 numbers", {"l": [*range(100_000)]}),
    case(ROOTS, "array_root", "An array", [1, [2, [3]], None, {"a": 4}]),
    case(ROOTS, "scalar_roots", "Scalars", "42", '"text"', "true", "1.50", '"2024-01-01"'),
    case(ROOTS, "null_root", "null", "null"),
    case(ROOTS, "empty_roots", "An empty object, an empty array, an empty text", {}, [], '""'),
    case(ROOTS, "all_roots", "Roots of all kinds in one source", {"a": 1}, [1], "1", "null", '"a"', {}, []),
)
