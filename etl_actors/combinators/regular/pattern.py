"""The regular expression of a block: what the lexer would find token by token, in one match.

The lexer tries its terminals in order, takes the first that matches, and keeps it. Where no two of a place begin with one
character, that is an alternation. Elsewhere the token is chosen in an atomic group first, and what follows it hangs on which
was chosen: an alternation would go on to the next where the rest of the text does not fit.
"""

from collections.abc import Callable

from etl_actors.combinators.regular.terminals import Piece
from etl_actors.combinators.regular.tree import Branch, Step

__all__ = ["Pattern"]

_NEVER = "(?!)"


class Pattern:
    """Writes the regular expression of a tree, and the numbers of its groups into the tree.

    Args:
        piece: of a terminal, by its place among the looks of a state.
        root: of the tree.
    """

    def __init__(self, piece: Callable[[Branch, int], Piece], root: Branch) -> None:
        self._piece = piece
        self._groups = 0
        self.text = self._branch(root)

    def _branch(self, branch: Branch, before: int = 0) -> str:
        ignored = self._ignored(branch)
        tried = [place for place, look in enumerate(branch.state.looks) if not look.ignored]
        if self._apart(branch, tried):
            options = [self._token(branch.steps[place], self._piece(branch, place)) for place in tried if place in branch.steps]
            if branch.state.end is not None:
                options.append(self._end(branch, alone=not options, before=before))
            return ignored + (options[0] if len(options) == 1 else f"(?:{'|'.join(options)})" if options else _NEVER)
        return ignored + self._chosen(branch, tried)

    def _end(self, branch: Branch, *, alone: bool, before: int) -> str:
        """Write the end of the text; a token that only the end can follow tells by its group that it came."""
        if alone and before:
            branch.group = before
            return r"\Z"
        self._groups += 1
        branch.group = self._groups
        return r"\Z()"

    def _apart(self, branch: Branch, tried: list[int]) -> bool:
        """Tell whether no token that fits can be taken for another of the place."""
        pieces = [self._piece(branch, place) for place in tried]
        return all(
            pieces[one].disjoint(pieces[other])
            for other in range(len(tried))
            if tried[other] in branch.steps
            for one in range(other)
        )

    def _token(self, step: Step, piece: Piece) -> str:
        if not step.captured:
            return piece.pattern + self._behind(step)
        self._groups += 1
        step.group = self._groups
        return f"({piece.pattern})" + self._behind(step)

    def _behind(self, step: Step) -> str:
        if step.behind is not None:
            return self._branch(step.behind, step.group)
        if step.group:
            return ""
        self._groups += 1
        step.group = self._groups
        return "()"

    def _chosen(self, branch: Branch, tried: list[int]) -> str:
        options = []
        for place in tried:
            piece = self._piece(branch, place)
            step = branch.steps.get(place)
            if step is None:
                options.append(piece.pattern)
                continue
            self._groups += 1
            step.group = self._groups
            step.captured = True
            options.append(f"({piece.pattern})")
        if branch.state.end is not None:
            self._groups += 1
            branch.group = self._groups
            options.append(r"(\Z)")
        rests = [(step.group, self._branch(step.behind, step.group) if step.behind else "") for step in branch.steps.values()]
        rests += [(branch.group, "")] if branch.group else []
        behind = _NEVER
        for group, rest in reversed(rests):
            behind = f"(?({group}){rest}|{behind})"
        return f"(?>{'|'.join(options)}){behind}"

    def _ignored(self, branch: Branch) -> str:
        """Write what the lexer leaves out before it finds a token."""
        options = []
        plain = ""
        for place, look in enumerate(branch.state.looks):
            if not look.ignored:
                continue
            piece = self._piece(branch, place)
            before = [self._piece(branch, one) for one in range(place) if not branch.state.looks[one].ignored]
            guards = "".join(f"(?!{one.pattern})" for one in before if not one.disjoint(piece))
            options.append(guards + piece.pattern)
            plain = "" if guards else piece.spaces
        if len(options) == 1 and plain:
            return plain
        return f"(?>(?:{'|'.join(options)})*)" if options else ""
