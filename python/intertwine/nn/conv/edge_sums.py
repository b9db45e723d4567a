"""Sums over the edges of a graph, computed as batched products of matrices.

A layer computes, for each node t, the sum over the edges e from s to t, and over the functions f, of phi_f(e) C_f x(s). The
matrices C_f may be applied to the sums of ``sum_at_targets``, or to x before ``multiply_at_sources``.
"""

from __future__ import annotations

import torch

from intertwine.kernels.torch_modes import has_values, is_readable, is_traced

_TABLES = (0.25, 0.5, 1.0)
"""Numbers of slots to try, relative to the mean number of edges of a node."""

_OVERHEAD = 4.0
"""A row of a table costs about so many slots on top of its own."""


def _values_may_decide(*tensors: torch.Tensor) -> bool:
    """Whether shapes may depend on the values of these tensors."""
    return not is_traced() and all(map(has_values, tensors))


class _Table:
    """The edges of each node in rows of equally many slots; a node has as many rows as it needs.

    On a CPU the number of slots is the best one. On a device, which is not waited for, slots and rows follow from
    the numbers of edges and nodes alone.

    Attributes:
        edges: the edge in each slot, shape ``(rows, slots)``; the number of edges stands for an empty slot.
        owner: the node of each row, shape ``(rows,)``; ``None`` if row i is node i.
    """

    def __init__(self, nodes_of_edges: torch.Tensor, count: int) -> None:
        total = nodes_of_edges.shape[0]
        if is_readable(nodes_of_edges):
            degrees = torch.bincount(nodes_of_edges, minlength=count)
            slots, direct = self._slots(degrees)
        else:
            degrees = nodes_of_edges.new_zeros(count).index_add(0, nodes_of_edges, torch.ones_like(nodes_of_edges))
            slots, direct = max(1, round(total / count)), False
        order = torch.argsort(nodes_of_edges, stable=True)
        node = nodes_of_edges[order]
        first = torch.cumsum(degrees, 0) - degrees
        position = torch.arange(total, device=node.device) - first[node]
        if direct:
            row, rows = node, count
            self.owner = None
        else:
            per_node = -(-degrees // slots)
            ends = torch.cumsum(per_node, 0)
            row = (ends - per_node)[node] + position // slots
            # Where the numbers cannot be read at once, there are as many rows as there may be: the last ones are empty.
            rows = int(ends[-1]) if is_readable(ends) else count + total // slots
            numbers = torch.arange(rows, device=node.device)
            self.owner = torch.searchsorted(ends, numbers, right=True).clamp(max=count - 1)
        place = row * slots + position % slots
        edges = torch.full((rows * slots,), total, device=node.device, dtype=torch.int64)
        self.edges = edges.index_copy(0, place, order).view(rows, slots)
        self.place_of_edge = torch.empty_like(place).index_copy(0, order, place)

    @staticmethod
    def _slots(degrees: torch.Tensor) -> tuple[int, bool]:
        """The number of slots for which slots and rows cost the least, and whether every node has one row."""
        largest = max(int(degrees.max()) if len(degrees) else 0, 1)
        mean = float(degrees.sum()) / max(int((degrees > 0).sum()), 1)
        best, cost, direct = largest, len(degrees) * float(largest), True
        for share in _TABLES:
            slots = max(1, min(largest, round(share * mean)))
            rows = int((-(-degrees // slots)).sum())
            if rows * (slots + _OVERHEAD) < cost:
                best, cost, direct = slots, rows * (slots + _OVERHEAD), False
        return best, direct


def _with_empty(values: torch.Tensor) -> torch.Tensor:
    """One more row, of zeros, for the empty slots."""
    return torch.cat([values, values.new_zeros(1, *values.shape[1:])])


def sum_at_targets(
    functions: torch.Tensor, features: torch.Tensor, sources: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """For each node t the sums over the edges e from s to t of functions times features: sum_e phi_f(e) x_i(s).

    Args:
        functions: shape ``(edges, F)``.
        features: shape ``(nodes, I)``.
        sources: s of each edge.
        targets: t of each edge.

    Returns:
        shape ``(nodes, F, I)``.
    """
    count, width, size = features.shape[0], functions.shape[1], features.shape[1]
    if not _values_may_decide(functions, features, targets):
        products = functions[:, :, None] * features.index_select(0, sources)[:, None, :]
        return products.new_zeros(count, width, size).index_add(0, targets, products)
    if not targets.shape[0]:
        return (functions.sum() + features.sum()) * features.new_zeros(count, width, size)
    table = _Table(targets, count)
    # An empty slot takes the features of any node: its functions are 0.
    nodes = torch.cat([sources, sources[:1]])[table.edges].view(-1)
    carried = features.index_select(0, nodes).view(*table.edges.shape, size)
    weights = _with_empty(functions).index_select(0, table.edges.view(-1)).view(*table.edges.shape, width)
    sums = torch.bmm(weights.transpose(1, 2), carried)
    if table.owner is None:
        return sums
    return sums.new_zeros(count, width, size).index_add(0, table.owner, sums)


def multiply_at_sources(
    functions: torch.Tensor, features: torch.Tensor, sources: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """For each node t the sums over the edges e from s to t of functions times features: sum_e sum_f phi_f(e) z_f(s).

    Args:
        functions: shape ``(edges, F)``.
        features: shape ``(nodes, F, O)``.
        sources: s of each edge.
        targets: t of each edge.

    Returns:
        shape ``(nodes, O)``.
    """
    count, width, size = features.shape
    if not _values_may_decide(functions, features, targets):
        messages = torch.einsum("ef,efo->eo", functions, features.index_select(0, sources))
        return messages.new_zeros(count, size).index_add(0, targets, messages)
    if not targets.shape[0]:
        return (functions.sum() + features.sum()) * features.new_zeros(count, size)
    table = _Table(sources, count)
    weights = _with_empty(functions).index_select(0, table.edges.view(-1)).view(*table.edges.shape, width)
    rows = features if table.owner is None else features.index_select(0, table.owner)
    messages = torch.bmm(weights, rows).view(-1, size).index_select(0, table.place_of_edge)
    return messages.new_zeros(count, size).index_add(0, targets, messages)
