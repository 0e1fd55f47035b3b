"""How much may a network's function change on a ball of inputs when its weights do? Norms propagated through the graph.

For each value of the graph two numbers are carried: a bound M of its Euclidean norm for both networks, and a bound e of the
difference of the two. A matrix adds |W| e + |W' - W| M, an activation multiplies e by its Lipschitz constant on [-M, M]. Norms of
matrices are at most the smaller of the Frobenius norm and sqrt(|W|_1 |W|_inf), sums of nonnegative floats; every step is rounded up
by more than their rounding error, so that the bound holds for the exact functions.
"""

from __future__ import annotations

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.nonlinearity import ROUNDED_UP
from neurovariety.checkpoints.graph.operation import Enclosure, Perturbation
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import to_floats


def change_bound(a: Network, b: Network, radius: float) -> float:
    """A bound of |f_a(x) - f_b(x)| for |x| <= radius; both networks have the same graph. inf where no finite bound is known."""
    found: dict[str, Enclosure] = {}
    shapes = a.shapes()
    for node, other in zip(a.nodes, b.nodes, strict=True):
        if node.is_input:
            found[node.name] = Enclosure(radius * ROUNDED_UP, 0.0)
            continue
        weights = {r: (to_floats(a.weights[k]), to_floats(b.weights[other.weights[r]])) for r, k in node.weights.items()}
        below = [found[n] for n in node.inputs]
        made = operation(node).bound(Perturbation(node, below, weights, shapes[node.name], [shapes[n] for n in node.inputs]))
        found[node.name] = Enclosure(made.size * ROUNDED_UP, made.error * ROUNDED_UP)
    return found[a.output].error
