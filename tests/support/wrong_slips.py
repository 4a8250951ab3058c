"""Slips, expressions, grammars and documents that are wrong as people get them wrong, for the page that shows what they are told."""

from dataclasses import dataclass
from typing import Any

__all__ = ["CASES", "Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """One mistake.

    Args:
        kind: a heading of the page.
        title: what somebody did.
        files: what they wrote, by name; slips of their own in folders of their own, as ``a/slip.toml``.
        document: that was staged; None where the slip alone is wrong.
        shown: the file of which the page shows all; of the others it shows nothing.
        source: that the document is of.
    """

    kind: str
    title: str
    files: dict[str, str]
    document: Any = None
    shown: tuple[str, ...] = ("slip.toml",)
    source: str = "s"


SLIPS, EXPRESSIONS, GRAMMARS, DOCUMENTS = "Slips", "Expressions", "Grammars", "Documents"


def _slip(title: str, text: str, **files: str) -> Case:
    named = {name.replace("__", "."): content.lstrip("\n") for name, content in files.items()}
    return Case(SLIPS, title, {"slip.toml": text.lstrip("\n"), **named}, shown=("slip.toml", *named))


def _expression(title: str, expression: str, **more: str) -> Case:
    quoted = expression.replace("\\", "\\\\").replace('"', '\\"')
    head = "".join(more.values())
    text = f'name = "book"\n{head}\n[tables.book]\ncolumns.c = "{quoted}"\n'
    return Case(EXPRESSIONS, title, {"slip.toml": text, "line.lark": LINE}, shown=())


def _grammar(title: str, grammar: str, rest: str = "read.first") -> Case:
    text = f"""\
name = "log"
[grammars]
line = "line.lark"
[let]
read = "message | parse(line)"
[tables.log]
columns.c = "{rest} | text"
"""
    return Case(GRAMMARS, title, {"slip.toml": text, "line.lark": grammar.lstrip("\n")}, shown=("line.lark",))


def _document(title: str, document: Any, tables: str, *, source: str = "s", **files: str) -> Case:
    named = {name.replace("__", "."): content.lstrip("\n") for name, content in files.items()}
    return Case(
        DOCUMENTS, title, {"slip.toml": f'name = "s"\n{tables.lstrip()}', **named}, document, shown=tuple(named), source=source
    )


LINE = r"""
start: HOST _BLANK PATH [_BLANK SIZE]
HOST: /[0-9.]+/
PATH: /\/[^ ]*/
SIZE: /[0-9]+/
_BLANK: " "
"""

BOOK = """
name   = "book"
source = "library"
[tables.book]
key = ["isbn"]
columns.isbn = "isbn | text"
columns.year = "year | int"
"""

CASES: tuple[Case, ...] = (
    _slip("A quote is missing", 'name = "book\nsource = "library"\n'),
    _slip("A key is misspelt", BOOK.replace("source", "sorce ")),
    _slip("The key names a column that there is not", BOOK.replace('["isbn"]', '["isbm"]')),
    _slip("`on_duplicate` is a word of another tool", BOOK.replace("columns.isbn", 'on_duplicate = "replace"\ncolumns.isbn')),
    _slip(
        "`newest` names a column that there is not", BOOK.replace("columns.isbn", 'on_duplicate = "newest(added)"\ncolumns.isbn')
    ),
    _slip("`fill` on a table that is no entity", BOOK.replace("columns.isbn", 'on_duplicate = "fill"\ncolumns.isbn')),
    _slip(
        "An entity without a key",
        """
name = "museum"
[tables.work]
columns.title = "title | text"
[tables.artist]
each = "$.artists[*]"
columns.name = "name | text"
""",
    ),
    _slip(
        "A parent that there is not",
        BOOK + '[tables.author]\nparent = "boook"\neach = "$.authors[*]"\ncolumns.name = "name | text"\n',
    ),
    _slip("Two roots", BOOK + '[tables.log]\ncolumns.at = "at | timestamptz"\n'),
    _slip("A column begins with an underscore", BOOK + 'columns._year = "year | int"\n'),
    _slip("A check on a column that there is not", BOOK + 'columns.price = { expr = "price | numeric", check = "prise >= 0" }\n'),
    _slip("A column's property is misspelt", BOOK + 'columns.price = { expr = "price | numeric", nul = false }\n'),
    _slip("`recurse` without `each`", BOOK.replace("columns.isbn", 'recurse = "children[*]"\ncolumns.isbn')),
    _slip(
        "A let uses one that comes later", BOOK.replace("[tables.book]", '[let]\na = "b | trim"\nb = "a | trim"\n[tables.book]')
    ),
    _slip(
        "The file of a grammar is not there",
        BOOK.replace("[tables.book]", '[grammars]\nline = "lines.lark"\n[tables.book]'),
        line__lark=LINE,
    ),
    _slip("A grammar that the library has not", BOOK.replace("[tables.book]", '[grammars]\nip = "std:ips"\n[tables.book]')),
    _slip("A regular expression that is none", BOOK + "[input]\nformat = 'lines'\nbegins = '^[('\n"),
    _slip(
        "A step without a type hint",
        BOOK.replace('"isbn | text"', '"isbn | digits | text"'),
        steps__py='from etl_actors import step\n\n\n@step\ndef digits(value):\n    return value.replace("-", "")\n',
    ),
    _slip(
        "Versions of what has no key",
        BOOK.replace('key = ["isbn"]\n', "").replace(
            "columns.isbn", 'on_duplicate = "history(added)"\ncolumns.added = "added | date"\ncolumns.isbn'
        ),
    ),
    _slip(
        "A table that has the name of the view of versions",
        BOOK.replace("columns.isbn", 'on_duplicate = "history(added)"\ncolumns.added = "added | date"\ncolumns.isbn')
        + '[tables.book_history]\nparent = "book"\ncolumns.year = "year | int"\n',
    ),
    _slip("Deletes where the first one wins", BOOK.replace("columns.isbn", "delete_when = \"event == 'deleted'\"\ncolumns.isbn")),
    Case(
        SLIPS,
        "Two slips make different things of one table",
        {
            "a/slip.toml": 'name = "a"\nsource = "x"\n[tables.book]\nkey = ["isbn"]\ncolumns.isbn = "isbn | text"\n',
            "b/slip.toml": 'name = "b"\nsource = "y"\n[tables.book]\nkey = ["isbn"]\ncolumns.isbn = "isbn | bigint"\n',
        },
        shown=("a/slip.toml", "b/slip.toml"),
    ),
    Case(
        SLIPS,
        "Two slips take the same documents",
        {
            "a/slip.toml": 'name = "a"\nsource = "x"\n[tables.a]\ncolumns.c = "c | text"\n',
            "b/slip.toml": 'name = "b"\nsource = "x"\nwhen = "exists(c)"\n[tables.b]\ncolumns.c = "c | text"\n',
        },
        shown=("a/slip.toml", "b/slip.toml"),
    ),
    _slip(
        "A path of entities that is no place in the documents",
        'name = "tate"\n[breakout.entities]\nartist = { path = "contributors[*]", key = "id" }\n',
    ),
    _slip(
        "Entities without a key",
        'name = "tate"\n[breakout.entities]\nartist = { path = "$.contributors[*]" }\n',
    ),
    _slip(
        "Two entities of one place",
        'name = "tate"\n[breakout.entities]\nartist = { path = "$.people[*]", key = "id" }\n'
        'person = { path = ["$.sitter", "$.people[*]"], key = "id" }\n',
    ),
    _expression("Nothing behind the last `|`", "year |"),
    _expression("No type at the end", "title | squish"),
    _expression("A step is misspelt", "title | trimm | text"),
    _expression("A type of another database", "title | varchar(20)"),
    _expression("An argument too few", "title | replace('a') | text"),
    _expression("A parenthesis is not closed", "price | numeric(12,2"),
    _expression("A quote within the text is not closed", "title | default('none) | text"),
    _expression("One `=` instead of two", "if(status = 500, 'error', null) | text"),
    _expression("Options of a choice with two types", "year | int / year | text"),
    _expression("A filter, which paths here have not", "$.items[?(@.n > 1)] | jsonb"),
    _expression("A regular expression that is none", "title | match('([0-9]+') | text"),
    _expression("A code that strptime has not", "added | timestamptz('%d.%m.%J')"),
    _expression("A grammar that is not declared", "message | parse(lines) | text", more='[grammars]\nline = "line.lark"\n'),
    _expression(
        "A field that the grammar's values have not",
        "read.hots | inet",
        more='[grammars]\nline = "line.lark"\n[let]\nread = "message | parse(line)"\n',
    ),
    _expression("A map that is not there", "colour | lookup(colors) | text", more='[maps.colours]\nred = "#f00"\n'),
    _expression("`ref` to a table without a key", "title | text | ref('book') | uuid"),
    _expression("`@key` where there are no items", "@key | text"),
    _grammar("A rule that is not defined", "start: FIRST rest\nFIRST: /[a-z]+/\n"),
    _grammar("A line that is no grammar", "start = FIRST\nFIRST: /[a-z]+/\n"),
    _grammar("Two ways to read one text", 'start: (a | b) FIRST\na: "x"\nb: "x"\nFIRST: /[a-z]+/\n'),
    _grammar(
        "One key for two children", "start: FIRST first\nfirst: SECOND THIRD\nFIRST: /[a-z]/\nSECOND: /[0-9]/\nTHIRD: /[A-Z]/\n"
    ),
    _grammar("A rule that keeps nothing", 'start: FIRST [end]\nend: "."\nFIRST: /[a-z]+/\n'),
    _grammar(
        "Parallel lists that can differ in length",
        'start: (KEY "=" [VALUE] ";")+\nKEY: /[a-z]+/\nVALUE: /[0-9]+/\n',
        "read.key | first",
    ),
    _grammar("An import that is not there", "%import .words (WORD)\nstart: FIRST WORD\nFIRST: /[0-9]+/\n"),
    _grammar(
        "A greedy terminal that swallows what follows",
        'start: "user" USER "from" HOST\nUSER: /.+/\nHOST: /[a-z]+/\n%ignore " "\n',
        "read.user",
    ),
    _grammar("A keyword that is a name too", 'start: [NOT] NAME\nNOT: "NOT"i\nNAME: /[a-z]+/\n%ignore " "\n', "read.name"),
    _grammar(
        "A word that is a name too",
        'start: KEY "=" (FLAG | NAME)\nKEY: /[a-z]+/\nFLAG: "on" | "off"\nNAME: /[a-z]+/\n',
        "read.key",
    ),
    _grammar("A terminal that can be empty", "start: FIRST REST\nFIRST: /[a-z]*/\nREST: /[0-9]+/\n"),
    _document("A text that is no number", {"isbn": "1", "year": "soon"}, '[tables.book]\ncolumns.year = "year | int"\n'),
    _document("A number with separators", {"price": "1,234.50"}, '[tables.book]\ncolumns.price = "price | numeric(12,2)"\n'),
    _document("A list where one value is meant", {"tags": [1, 2]}, '[tables.book]\ncolumns.tag = "tags[*] | int"\n'),
    _document("A number too great for its type", {"stars": 70000}, '[tables.review]\ncolumns.stars = "stars | smallint"\n'),
    _document("A time without a zone", {"at": "2026-03-01 08:00:00"}, '[tables.log]\ncolumns.at = "at | timestamptz"\n'),
    _document(
        "A time in another format",
        {"at": "01.03.2026"},
        "[tables.log]\ncolumns.at = \"at | timestamptz('%d/%m/%Y', tz='UTC')\"\n",
    ),
    _document(
        "A document without its key", {"title": "No number"}, '[tables.book]\nkey = ["isbn"]\ncolumns.isbn = "isbn | text"\n'
    ),
    _document(
        "A null where the column takes none",
        {"price": None},
        '[tables.book]\ncolumns.price = { expr = "price | numeric(12,2)", null = false }\n',
    ),
    _document(
        "An item without what is required",
        {"authors": [{"name": "Jane Austen"}, {"born": 1775}]},
        '[tables.book]\ncolumns.title = "title | text"\n'
        '[tables.author]\nparent = "book"\neach = "$.authors[*]"\ncolumns.name = "name | required | text"\n',
    ),
    _document(
        "A text where a list is meant",
        {"offers": "none"},
        '[tables.shop]\ncolumns.title = "title | text"\n'
        '[tables.offer]\nparent = "shop"\neach = "$.offers"\ncolumns.seller = "seller | text"\n',
    ),
    _document(
        "A line that breaks off",
        {"message": "10.0.0.1 "},
        '[grammars]\nline = "line.lark"\n[tables.log]\ncolumns.path = "message | parse(line).path | text"\n',
        line__lark=LINE,
    ),
    _document(
        "A line with something that the grammar does not expect",
        {"message": "10.0.0.1 /index.html 12k"},
        '[grammars]\nline = "line.lark"\n[tables.log]\ncolumns.path = "message | parse(line).path | text"\n',
        line__lark=LINE,
    ),
    _document(
        "A text that the map has not",
        {"colour": "pink"},
        '[maps.colours]\nred = "#f00"\n[tables.car]\ncolumns.colour = "colour | lookup(colours) | text"\n',
    ),
    _document(
        "A private value",
        {"email": "ann at example"},
        "[tables.user]\ncolumns.email = { expr = \"email | match('^[^ ]+@[^ ]+$') | text\", private = true }\n",
    ),
    _document(
        "A step of the slip's own refuses",
        {"isbn": "978-0"},
        '[tables.book]\ncolumns.isbn = "isbn | isbn | text"\n',
        steps__py="""
from etl_actors import step


@step
def isbn(value: str) -> str:
    digits = value.replace("-", "")
    if len(digits) not in {10, 13}:
        raise ValueError("an ISBN of 10 or 13 digits")
    return digits
""",
    ),
    _document(
        "A document that no slip takes",
        {"isbn": "1"},
        'source = "library"\n[tables.book]\ncolumns.isbn = "isbn | text"\n',
        source="shop",
    ),
)
"""The cases, in the order of the page."""
