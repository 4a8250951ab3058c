"""What a slip says of things that its documents repeat is read, or what is wrong with it is told."""

from typing import Any

import pytest

from etl_actors.errors import SlipError
from etl_actors.relational.breakout.asked import Every
from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.tables import Kind, Policy
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.column_map import column_map
from etl_actors.slips.reading.growing import grown
from etl_actors.slips.reading.read import read_slip

TATE = """[breakout]
table = "artwork"
[breakout.entities]
artist = { path = ["$.contributors[*]", "$.maker"], key = "id" }
subject = { path = "$.subjects", recurse = "children[*]", key = ["id", "odd name"] }
"""


def _read(toml: str, *documents: Any) -> Slip:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return read_slip({"slip.toml": f'name = "s"\n{toml}', EVIDENCE: written_evidence(seen)}, "public")


def test_entities_have_tables_before_any_document_comes() -> None:
    slip = read_slip({"slip.toml": f'name = "s"\n{TATE}'}, "public")
    assert slip.breakout is not None
    assert slip.breakout.entities == (
        Entity("artist", (("contributors", Every.ELEMENT), ("maker",)), ("id",)),
        Entity("subject", (("subjects",),), ("id", "odd name"), ("children", Every.ELEMENT)),
    )
    assert [(table.qualified, table.kind, table.policy, table.key) for table in slip.targets] == [
        ("public.artwork", Kind.ROOT, Policy.IGNORE, ()),
        ("public.artist", Kind.ENTITY, Policy.IGNORE, ("id",)),
        ("public.subject", Kind.ENTITY, Policy.IGNORE, ("id", "odd_name")),
    ]


def test_a_version_that_knows_what_varies_has_it_where_the_entity_occurs() -> None:
    slip = _read(TATE, {"contributors": [{"id": 1, "name": "x", "role": "y"}]})
    more = grown(slip, Seen(varying={"artist": frozenset([("role",)])}))
    assert more.digest != slip.digest
    assert more.written_digest == slip.written_digest
    columns = {table.name: [column.name for column in table.columns] for table in more.targets}
    assert columns["artist"] == ["id", "name", "_rest"]
    assert columns["artwork__contributors"] == ["role", "artist_id", "_rest"]
    assert grown(more, Seen(varying={"artist": frozenset([("role",)])})).digest == more.digest


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        ("entities = 1", '3:12: expected entities below [breakout.entities], such as `artist = { path = "$.contributors[*]"'),
        ('entities.a = "$.a"', "expected entities below [breakout.entities]"),
        ('entities.a = { key = "id" }', 'expected places in the documents, such as "$.contributors[*]", got none'),
        (
            'entities.a = { path = "a[*]", key = "id" }',
            'expected places in the documents, such as "$.contributors[*]", got `a[*]`',
        ),
        ('entities.a = { path = "$", key = "id" }', "got `$`"),
        ('entities.a = { path = "$.a" }', 'expected a field of the items, such as "id", or a list of them, each once; got none'),
        ('entities.a = { path = "$.a", key = [] }', "each once; got `[]`"),
        ('entities.a = { path = "$.a", key = ["x", "x"] }', "each once; got `['x', 'x']`"),
        ('entities.a = { path = "$.a", key = "id", recurse = "a|b" }', "expected where the items below an item are"),
        ('entities.a = { path = "$.a", keys = "id" }', "an entity has no key `keys`; did you mean `key`?"),
        ('entities.s = { path = "$.a", key = "id" }', "expected a name other than that of the documents' table, got `s`"),
        (
            'entities.s_view = { path = "$.a", key = "id" }',
            "3:10: `s_view` is the view of the documents: name the entity otherwise",
        ),
        (
            'view = "all"\nentities.all = { path = "$.a", key = "id" }',
            "4:10: `all` is the view of the documents: name the entity otherwise",
        ),
        (
            'key = ["n"]\non_duplicate = "history(n)"\ncolumns.n = "n | int"\nentities.s_history = { path = "$.a", key = "id" }',
            "6:10: `s_history` is the view of the versions of `s`: name the entity otherwise",
        ),
        (
            'delete_when = "exists(gone)"\nentities.s_deleted = { path = "$.a", key = "id" }',
            "4:10: `s_deleted` tells which keys of `s` are deleted: name the entity otherwise",
        ),
        (f'entities.{"a" * 62} = {{ path = "$.a", key = "id" }}', "expected a name of 1 to 60 bytes for an entity"),
        (
            'entities.a = { path = "$.a", key = "id" }\ncontracts.a = "freeze"',
            "`a` is an entity, which has the contracts of the tables where it occurs: name these",
        ),
        (
            'entities.a = { path = "$.a", key = "id" }\nentities.b = { path = ["$.b", "$.a"], key = "id" }',
            "expected places that are of no other entity, got one of `a`",
        ),
    ],
)
def test_what_is_wrong_with_entities_is_told_with_its_place(entities: str, told: str) -> None:
    with pytest.raises(SlipError) as error:
        _read(f"[breakout]\n{entities}\n")
    assert told in str(error.value), str(error.value)


def test_a_root_with_columns_by_expressions_has_entities_too() -> None:
    toml = '[breakout]\nkey = ["n"]\ncolumns.n = "no | int"\nentities.a = { path = "$.of", key = "id" }\n'
    slip = _read(toml, {"no": 1, "of": {"id": 1, "name": "x"}})
    assert [(table.name, [column.name for column in table.columns], table.key) for table in slip.targets] == [
        ("s", ["n", "no", "of__a_id", "_rest"], ("n",)),
        ("a", ["id", "name", "_rest"], ("id",)),
    ]


def test_the_map_of_columns_tells_of_entities_and_of_what_refers_to_them() -> None:
    slip = _read(TATE, {"contributors": [{"id": 1, "life": {"born": 5}}]})
    assert [(one.target, one.name, one.path, one.kind) for one in column_map(slip) if one.target != "public.artwork"] == [
        ("public.artwork__contributors", "artist_id", "$.contributors[*]", "reference"),
        ("public.artwork__contributors", "_rest", "$.contributors[*]", "rest"),
        ("public.artist", "id", "$.contributors[*].id", "scalar"),
        ("public.artist", "life__born", "$.contributors[*].life.born", "number"),
        ("public.artist", "_rest", "$.contributors[*]", "rest"),
        ("public.subject", "id", "$.subjects.id", "scalar"),
        ("public.subject", "odd_name", "$.subjects['odd name']", "scalar"),
        ("public.subject", "_rest", "$.subjects", "rest"),
    ]
