"""The circles of a graph."""

from collections.abc import Iterator
from typing import Any

__all__ = ["circles"]


def circles(edges: dict[Any, list[Any]]) -> Iterator[set[Any]]:
    """List the sets of nodes that can all reach one another, more than one or with an edge to itself (Kosaraju's way).

    Args:
        edges: of each node, to nodes of the graph.
    """
    order: list[Any] = []
    seen: set[Any] = set()
    for root, after in edges.items():
        stack = [] if root in seen else [(root, iter(after))]
        seen.add(root)
        while stack:
            node, rest = stack[-1]
            found = next((other for other in rest if other not in seen), None)
            if found is None:
                order.append(stack.pop()[0])
            else:
                seen.add(found)
                stack.append((found, iter(edges[found])))
    back: dict[Any, list[Any]] = {node: [] for node in edges}
    for node, others in edges.items():
        for other in others:
            back[other].append(node)
    seen = set()
    for root in reversed(order):
        circle, waiting = set(), [root]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                circle.add(node)
                waiting += back[node]
        if len(circle) > 1 or any(node in edges[node] for node in circle):
            yield circle
