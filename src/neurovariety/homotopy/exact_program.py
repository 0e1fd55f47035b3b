"""The program of a system with its parameters put in, every constant exact: what certificates speak of."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.certificates.exact_system import ExactSystem, Sum
from neurovariety.certificates.gaussian import Coefficient
from neurovariety.homotopy.expressions import Monomial as Letters
from neurovariety.homotopy.system import System


def exact_system(system: System, parameters: Sequence[Coefficient]) -> ExactSystem:
    """The equations of ``system`` at ``parameters``, for a system that does not divide.

    Raises `KeyError` for a reciprocal.
    """
    n, graph = system.unknowns, system.graph
    sums: list[Sum] = [(((p, ()),) if p else ()) for p in parameters]
    place = {i: i for i in range(n + len(parameters))}

    def read(terms: dict[Letters, Coefficient]) -> Sum:
        return tuple((c, tuple((place[b], e) for b, e in m)) for m, c in terms.items())

    def make(terms: dict[Letters, Coefficient]) -> int:
        sums.append(read(terms))
        return n + len(sums) - 1

    needed: set[int] = set()
    stack = [e.terms for e in system.equations]
    while stack:
        for monomial in stack.pop():
            for base, _ in monomial:
                if base >= graph.inputs and base not in needed:
                    needed.add(base)
                    stack.append(graph.sums[base])
    for base in sorted(needed):  # a sum reads only earlier ones
        place[base] = make(graph.sums[base])
    equations = tuple(make(e.terms) for e in system.equations)
    return ExactSystem(n, tuple(sums), equations)
