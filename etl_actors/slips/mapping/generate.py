"""The source of a slip's mapper, and what stands on each of its lines.

The function computes every row first and appends all of them last, so a failure leaves nothing behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from etl_actors.relational.tables import Kind
from etl_actors.slips.blaming.blame import reject_of
from etl_actors.slips.blaming.spots import Blame, Part, Spot
from etl_actors.slips.emitting.emitter import Emitter
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.mapping.code import Code
from etl_actors.slips.mapping.items import item_scope, write_below, write_items
from etl_actors.slips.mapping.lets import forget_lets, write_lets
from etl_actors.slips.mapping.rows import row_names, write_row
from etl_actors.slips.model.slip import Slip

__all__ = ["Generated", "generate"]


@dataclass(frozen=True, slots=True)
class Generated:
    """A mapper as source.

    Args:
        source: Python that defines ``map_document``.
        names: the globals that it needs, but for the steps of the slip's own.
        blame: what stands on each line.
        own: the steps of the slip's own that it calls; a global `own_NAME` each.
    """

    source: str
    names: Mapping[str, Any]
    blame: Blame
    own: frozenset[str]


def generate(slip: Slip) -> Generated:
    """Write the mapper of a slip.

    Args:
        slip: as `read_slip` gives it.
    """
    return _Generator(slip).run()


class _Generator:
    def __init__(self, slip: Slip) -> None:
        self.tables = slip.tables
        self.code = Code(slip, Emitter(vocabulary=slip.vocabulary))
        self.outer: list[Scope] = []  # what each table's `each` sees
        self.scopes: list[Scope] = []  # what its other expressions see
        self.alone = any(made.item_alone for made in slip.tables)

    def run(self) -> Generated:
        code, emitter = self.code, self.code.emitter
        emitter.names |= {"EMPTY": {}} | row_names()
        code.add(0, "def map_document(staged, document, lines, clean):")
        code.add(1, "row_id, raw, source, received_at = staged")
        code.add(1, "D = document if type(document) is dict else EMPTY")
        self.write_scopes()
        for number in range(1, len(self.tables)):
            code.add(1, f"rows{number} = []")
        if self.alone:
            code.add(1, "rejects, places = [], {}")
        for number, made in enumerate(self.tables):
            if made.table.kind is Kind.TOMBSTONE:
                self.write_tombstone(number)
        for number, made in enumerate(self.tables):
            if made.parent is None and made.table.kind is not Kind.TOMBSTONE:
                self.write_table(number, 1)
        code.add(1, "lines[0].append(row0)")
        for number in range(1, len(self.tables)):
            code.add(1, f"lines[{number}] += rows{number}")
        if self.alone:
            code.add(1, "lines.rejects += rejects")
        code.add(1, "return True")
        blame = code.blame
        emitter.names["item_reject"] = partial(reject_of, blame=blame, item=True)
        return Generated(code.source, emitter.names, blame, frozenset(emitter.own))

    def write_scopes(self) -> None:
        """Find what each table sees, and write the functions of all lets, once a document."""
        top = write_lets(self.code, self.code.slip.lets, Scope(), None)
        forget_lets(self.code, range(len(self.code.lets)), 1)
        for number, made in enumerate(self.tables):
            parent = self.code.parent_of(number)
            outer = top if parent is None else self.scopes[parent]
            items = outer if made.each is None else item_scope(self.code, number, outer, top)
            self.outer.append(outer)
            self.scopes.append(write_lets(self.code, made.lets, items, number))
            self.code.sights.append(self.code.seen(self.scopes[number]))

    def write_tombstone(self, number: int) -> None:
        """Write what becomes of a document that deletes a row: nothing else of it is looked at."""
        made, code, scope = self.tables[number], self.code, self.scopes[number]
        assert made.when is not None
        forget_lets(code, (at for at, known in enumerate(code.lets) if known.table == number), 1)
        spot = Spot(number, Part.WHEN, made.when_text, made.when, private="when" in made.hidden)
        code.add(1, f"if {code.emitter.predicate(made.when, scope)}:", spot)
        write_row(code, number, scope, 2)
        code.add(2, f"lines[{number}] += rows{number}")
        code.add(2, "return True")

    def write_table(self, number: int, depth: int) -> None:
        """Write what makes the rows of one table, and of those below it."""
        made, code, scope = self.tables[number], self.code, self.scopes[number]
        if made.each is not None:
            depth = write_items(code, number, self.outer[number], scope, depth)
        forget_lets(code, (at for at, known in enumerate(code.lets) if known.table == number), depth)
        if made.item_alone:
            below = code.below(number)
            inner = [f"rows{one}" for one in (number, *below) if below]
            inner += ["rejects"] if any(self.tables[one].item_alone for one in below) else []
            if inner:
                code.add(depth, f"marks{number} = {', '.join(f'len({one})' for one in inner)}")
            code.add(depth, "try:")
            self.write_item(number, depth + 1)
            code.add(depth, "except Refused as refused:")
            for place, one in enumerate(inner):
                code.add(depth + 1, f"del {one}[marks{number}[{place}]:]")
            code.add(depth + 1, "rejects.append(item_reject(refused, staged=staged, document=document, places=places))")
        else:
            self.write_item(number, depth)

    def write_item(self, number: int, depth: int) -> None:
        made, code, scope = self.tables[number], self.code, self.scopes[number]
        if made.recurse is not None:
            write_below(code, number, scope, depth)
        if made.when is not None:
            spot = Spot(number, Part.WHEN, made.when_text, made.when, private="when" in made.hidden)
            condition = code.emitter.predicate(made.when, scope)
            if number == 0:
                code.add(depth, f"if not {condition}: return False", spot)
            else:
                code.add(depth, f"if {condition}:", spot)
                depth += 1
        write_row(code, number, scope, depth)
        for child, below in enumerate(self.tables):
            if below.parent == made.table.name:
                self.write_table(child, depth)
