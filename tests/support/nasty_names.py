"""Nasty names of members."""

from tests.support.nasty_case import Case, case

__all__ = ["CASES"]

NAMES, DATA = "Names", "Names that are data"

_LONG = "k" * 70
_UMLAUTS = "ä" * 40
_SIGN = "\U0001d4b3" * 20

CASES: tuple[Case, ...] = (
    case(NAMES, "empty_name", "An empty name", {"": 1, "x": {"": 2}}),
    case(NAMES, "letter_case", "Names that differ by case", {"name": "a", "NAME": "b", "Name": "c", "nAME": "d"}),
    case(
        NAMES,
        "words",
        "Words parted by a blank, an underscore, a hyphen, a dot",
        {"a b": 1, "a_b": 2, "A_B": 3, "a-b": 4, "a.b": 5},
    ),
    case(NAMES, "flat_nested", "Nested against flat", {"a": {"b": 1}, "a.b": 2, "a__b": 3, "a_b": 4}),
    case(NAMES, "item_or_member", "A table's name that a member has too", {"a": [{"b": [1]}], "a__b": [2], "a b": {"c": [3]}}),
    case(NAMES, "reserved", "Reserved words", {"select": 1, "table": {"from": "where"}, "user": 2, "order": [1], "null": 3}),
    case(
        NAMES,
        "quotes",
        "Quotes, backslashes, newlines, an injection",
        {"a\"b'c`d": 1, "x\\y": 2, "n\nm": 3, "t\tu": 4, "'); DROP TABLE quotes;--": 5},
    ),
    case(NAMES, "only_signs", "Names without a letter", {"$": 1, "#": 2, "%": 3, " ": 4, "_": 5, "__": 6, "🙂": 7}),
    case(NAMES, "long_name", "A name of 200 bytes", {"k" * 200: 1}),
    case(NAMES, "long_names", "Two that differ behind the 63rd byte", {f"{_LONG}1": 1, f"{_LONG}2": 2, _LONG: 3}),
    case(
        NAMES,
        "multi_byte",
        "Names of two and four bytes a character, cut within 63 bytes",
        {_UMLAUTS: 1, f"{_UMLAUTS}ö": 2, _SIGN: 3},
    ),
    case(NAMES, "combining", "One letter composed and decomposed", {"caf\u00e9": 1, "cafe\u0301": 2}),
    case(
        NAMES,
        "invisible",
        "Zero-width characters, a byte order mark, right-to-left",
        {"ab": 1, "a\u200bb": 2, "\ufeffab": 3, "\u202eab": 4, "שלום": 5},
    ),
    case(
        NAMES,
        "look_alikes",
        "Letters of other scripts that look alike; a sharp s, a dotted I",
        {"a": 1, "\u0430": 2, "straße": 3, "STRASSE": 4, "İ": 5, "i": 6},
    ),
    case(
        NAMES,
        "ours",
        "Names of the service's columns",
        {"_id": 1, "_row_id": 2, "_index": 3, "_rest": 4, "_parent_id": [{"_id": 5, "_root_id": 6}]},
    ),
    case(NAMES, "postgres", "Names of PostgreSQL's columns", {"ctid": 1, "oid": 2, "tableoid": 3, "xmin": 4, "cmax": 5}),
    case(
        NAMES,
        "key_value",
        "`key` and `value`, in arrays and where names are data",
        {"key": 1, "value": 2, "m": {"1": {"key": 3, "value": 4}, "2": 5}, "l": [{"value": 6}, 7]},
    ),
    case(
        NAMES,
        "prototype",
        "Names that other languages mind",
        {"__proto__": {"x": 1}, "constructor": 2, "toString": 3, "hasOwnProperty": 4},
    ),
    case(
        NAMES,
        "pointer",
        "Names that look like JSON pointers",
        {"/a~1": None, "~0": {}, "a/b": [], "/": None, "~": None, "a": {"b": None}},
    ),
    case(NAMES, "raw", "A document with the names that `feed` writes", {"$raw": 1}, {"$raw": "x", "$reason": "y"}),
    case(DATA, "years", "Years", {"sold": {"2022": 1, "2023": 2.5, "2024": "none"}}),
    case(
        DATA,
        "by_uuid",
        "uuids",
        {"u": {"01890a5d-ac96-774b-bcce-b302099a8057": {"n": 1}, "01890a5d-ac97-774b-bcce-b302099a8057": {"n": 2}}},
    ),
    case(
        DATA,
        "versions",
        "Versions within browsers",
        {"chrome": {"4": "n", "116.0": "y"}, "firefox": {"2": "n", "3.6-4": "a x #1"}},
    ),
    case(
        DATA,
        "alike",
        "Names of people, whose objects are alike",
        {
            "people": {
                name: {"age": age, "home": {"town": name}}
                for age, name in enumerate(("Ann", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"))
            }
        },
    ),
    case(
        DATA,
        "map_and_item",
        "Names that are data, beside an array and a scalar at one place",
        {"v": {"1": 1, "": 2, "a b": None}},
        {"v": [3]},
        {"v": "x"},
    ),
    case(
        DATA,
        "data_or_fields",
        "Fields in one document, data in the next",
        {"m": {"a": 1, "b": {"c": 2}}},
        {"m": {"2024": {"c": 3}}},
    ),
)
