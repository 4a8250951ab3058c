"""What each expression of a slip sees, and whether it can be written and can find what it asks for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from etl_actors.combinators.shape import Shape
from etl_actors.slips.checking.nesting import check_nesting
from etl_actors.slips.checking.shapes import check_predicate, item_shape, shape_of
from etl_actors.slips.emitting.emitter import Emitter
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.beginnings import UP, first_paths
from etl_actors.slips.expressions.refs import refs_of
from etl_actors.slips.model.draft import Draft, DraftColumn
from etl_actors.slips.model.names import bare_names, parts, pointed_to, vocabulary_names
from etl_actors.slips.model.slip import MAX_LETS, Let
from etl_actors.slips.model.vocabulary import Vocabulary
from etl_actors.slips.source.files import STEPS
from etl_actors.slips.source.problems import ExpressionError, Keys, Problems

__all__ = ["Sight", "check_expressions"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What an expression sees.

    Args:
        scope: the variables of generated code; their names stand for those that the mapper will have.
        shapes: of lets by name, of the item as ``@``, of the one above it as ``@up``; None of what documents decide.
        hidden: names of lets that are hardly meant as fields, and why they are not seen.
    """

    scope: Scope
    shapes: Mapping[str, Shape | None]
    hidden: Mapping[str, str] = field(default_factory=dict)

    def with_let(self, let: Let, shape: Shape | None) -> "Sight":
        """Add a let."""
        lets = {**self.scope.lets, let.name: f"let_{len(self.scope.lets)}()"}
        hidden = {name: why for name, why in self.hidden.items() if name != let.name}
        return Sight(replace(self.scope, lets=lets), {**self.shapes, let.name: shape}, hidden)

    def without(self, lets: Iterable[Let], why: str) -> "Sight":
        """Hide lets."""
        return replace(self, hidden={**self.hidden, **{let.name: why for let in lets}})

    def check_names(self, node: Any) -> None:
        """Refuse what uses a let that is hidden.

        Raises:
            ExpressionError: it does.
        """
        for path in bare_names(node) if self.hidden else ():
            first = path.segments[0]
            if isinstance(first, n.Field) and first.name in self.hidden:
                name = first.name
                raise ExpressionError(path.at, f"`{name}` is a let, and {self.hidden[name]}; a field of that name is `@.{name}`")


def check_expressions(
    when: n.Predicate | None,
    lets: tuple[Let, ...],
    drafts: Mapping[str, Draft],
    vocabulary: Vocabulary,
    broken: frozenset[str],
    problems: Problems,
) -> None:
    """Check every expression of a slip, and note what is wrong with it.

    Args:
        when: of the slip.
        lets: of the whole slip.
        drafts: of its tables, by name.
        vocabulary: what its expressions can name.
        broken: the names of grammars, and ``steps.py``, that can't be used, which is noted already.
        problems: where to note.
    """
    _Checker(lets, drafts, vocabulary, broken, problems).run(when)


class _Checker:
    def __init__(
        self,
        lets: tuple[Let, ...],
        drafts: Mapping[str, Draft],
        vocabulary: Vocabulary,
        broken: frozenset[str],
        problems: Problems,
    ) -> None:
        self.lets = lets
        self.drafts = drafts
        self.vocabulary = vocabulary
        self.broken = broken
        self.problems = problems
        self.sights: dict[str, Sight] = {}
        self.document = Sight(Scope(), {})

    def run(self, when: n.Predicate | None) -> None:
        if when is not None:
            self.predicate(when, ("when",), self.document.without(self.lets, "`when` of a slip sees no lets"))
        self.document = self.all_lets(self.lets, ("let",), self.document)
        for draft in self.drafts.values():
            sight = self.of_items(draft)
            for column in draft.columns:
                self.column(column, sight)

    # Sights

    def of_items(self, draft: Draft) -> Sight:
        """Give what the columns of a table see, and check everything of the table that stands before them."""
        if draft.name in self.sights:
            return self.sights[draft.name]
        self.sights[draft.name] = self.document  # of a table that is its own ancestor
        keys = draft.keys
        parent = self.drafts.get(draft.parent or "")
        above = self.document if parent is None else self.of_items(parent)
        sight = self.all_lets(draft.lets, (*keys, "let"), self.items(draft, above) if draft.has_each else above)
        if draft.recurse is not None:
            self.value(draft.recurse, (*keys, "recurse"), sight)
            self.recursion(draft.recurse, (*keys, "recurse"))
        if draft.when is not None:
            self.predicate(draft.when, (*keys, "when"), sight)
        if draft.delete_when is not None:
            self.predicate(draft.delete_when, (*keys, "delete_when"), sight)
        self.sights[draft.name] = sight
        return sight

    def recursion(self, node: n.Expression, keys: Keys) -> None:
        """Refuse a `recurse` that gives the same again at every level, since it never looks below the item."""
        paths = list(first_paths(node))
        whole = isinstance(node, n.Path) and node.root == "@" and not node.segments
        if whole or (paths and all(path.root in {"$", UP} for path in paths)):
            sentence = (
                "`recurse` finds what is below an item, as in `children` or `@.*`; this is the same at every level, without end"
            )
            self.problems.at_value(keys, sentence, 0)

    def items(self, draft: Draft, above: Sight) -> Sight:
        """Give what is seen within the items of a table: of lets, those of the whole slip."""
        item = None
        if draft.each is not None:
            item = item_shape(self.value(draft.each, ("tables", draft.name, "each"), above))
        shapes = {name: self.document.shapes[name] for name in self.document.scope.lets}
        recurses = "recurse" in draft.content
        if item is not None and recurses and self._below(draft, {**shapes, "@": item}) != item:
            item = None  # further down the items may be of any shape
        scope = Scope(
            "item",
            "fields",
            "key",
            "index",
            up="up" if recurses or draft.below else "",
            depth="depth" if recurses else "",
            lets=self.document.scope.lets,
        )
        shapes |= {"@": item, "@up": None if recurses else above.shapes.get("@")}
        return Sight(scope, shapes)

    def _below(self, draft: Draft, shapes: Mapping[str, Shape | None]) -> Shape | None:
        try:
            return None if draft.recurse is None else item_shape(shape_of(draft.recurse, shapes, self.vocabulary))
        except ExpressionError:
            return None  # told where the expression is checked

    def all_lets(self, lets: tuple[Let, ...], keys: Keys, sight: Sight) -> Sight:
        seen_in_all = len(sight.scope.lets) + len(lets)
        if seen_in_all > MAX_LETS:  # with those of the tables above
            self.problems.at_key(keys, f"an expression sees at most {MAX_LETS} lets, got {seen_in_all:,}")
            return sight
        for number, let in enumerate(lets):
            seen = sight.without(lets[number + 1 :], "a let uses those before it")
            sight = sight.with_let(let, self.value(let.node, (*keys, let.name), seen))
        return sight

    # Expressions

    def value(self, node: n.Expression, keys: Keys, sight: Sight) -> Shape | None:
        """Check an expression, and give the shape of its value."""
        if self._hopeless(node):
            return None

        def check() -> Shape | None:
            sight.check_names(node)
            self.check_refs(node)
            check_nesting(Emitter(vocabulary=self.vocabulary).value(node, sight.scope))
            return shape_of(node, sight.shapes, self.vocabulary)

        return self._noted(check, keys)

    def predicate(self, node: n.Predicate, keys: Keys, sight: Sight) -> None:
        def check() -> None:
            sight.check_names(node)
            self.check_refs(node)
            check_nesting(Emitter(vocabulary=self.vocabulary).predicate(node, sight.scope))
            check_predicate(node, sight.shapes, self.vocabulary)

        if not self._hopeless(node):
            self._noted(check, keys)

    def column(self, draft: DraftColumn, sight: Sight) -> None:
        column = draft.column

        def check() -> None:
            sight.check_names(column.node)
            self.check_refs(column.node)
            emitter = Emitter(vocabulary=self.vocabulary)
            if draft.type is None:
                emitter.value(column.node, sight.scope)
                raise ExpressionError(len(column.text.rstrip()), "this column has no type; end it in one, as in `| text`")
            check_nesting(emitter.column(column.node, sight.scope, draft.type, text=False))
            shape_of(column.node, sight.shapes, self.vocabulary)

        if not self._hopeless(column.node):
            self._noted(check, draft.keys)

    def _noted(self, check: Callable[[], Shape | None], keys: Keys) -> Shape | None:
        try:
            return check()
        except ExpressionError as error:
            self.problems.at_value(keys, error.sentence, error.at)
        except RecursionError:
            self.problems.at_value(keys, "this expression is nested too deeply", 0)
        return None

    def _hopeless(self, node: Any) -> bool:
        """Tell whether an expression uses what is broken itself: it would only be called wrong for that."""
        if STEPS in self.broken and any(isinstance(one, n.Step) for one in parts(node)):
            return True
        drafts = [self.drafts[one] for one in pointed_to(node) if one in self.drafts]
        if any(draft.key and draft.key_types is None for draft in drafts):
            return True
        return not self.broken.isdisjoint(vocabulary_names(node))

    def check_refs(self, node: Any) -> None:
        """Refuse what points to the rows of a table of the slip that nothing can point to.

        Raises:
            ExpressionError: it does.
        """
        for ref in refs_of(node):
            draft = self.drafts.get(ref.table)
            if draft is not None and "key" not in draft.content:
                raise ExpressionError(ref.at, f"the table `{ref.table}` has no `key`, so that nothing can point to its rows")
