"""Total degrees of expressions and their homogeneous forms, for total degree homotopies in projective space."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.certificates.gaussian import Coefficient
from neurovariety.errors import InputError
from neurovariety.homotopy.expressions import Expression, Graph, Monomial


class TotalDegrees:
    """Total degrees in the first ``unknowns`` inputs, sums inside included; the other inputs count as constants."""

    def __init__(self, graph: Graph, unknowns: int) -> None:
        self.graph = graph
        self.unknowns = unknowns
        self._known: dict[int, int] = {}

    def of(self, terms: dict[Monomial, Coefficient]) -> int:
        """The largest degree of a term (an upper bound where leading terms cancel inside)."""
        return max((self.monomial(m) for m in terms), default=0)

    def monomial(self, monomial: Monomial) -> int:
        return sum(e * self._base(b) for b, e in monomial)

    def _base(self, base: int) -> int:
        if base < self.graph.inputs:
            return int(base < self.unknowns)
        if base in self.graph.reciprocals:
            raise InputError("a total degree homotopy takes polynomials; this system divides: clear the denominators")
        if base not in self._known:
            self._known[base] = self.of(self.graph.sums[base])
        return self._known[base]


def homogenized(
    graph: Graph, equations: Sequence[Expression], unknowns: int, inputs: Sequence[Expression], extra: Expression
) -> tuple[list[Expression], list[int]]:
    """The equations made homogeneous in the unknowns with the variable ``extra``, and their degrees.

    ``inputs`` are what to put for the inputs of ``graph``, expressions of the graph that ``extra`` belongs to.
    """
    degrees = TotalDegrees(graph, unknowns)
    made: dict[int, Expression] = {}

    def base(number: int) -> Expression:
        if number < graph.inputs:
            return inputs[number]
        if number not in made:
            terms = graph.sums[number]
            made[number] = form(terms, degrees.of(terms)).as_base()
        return made[number]

    def form(terms: dict[Monomial, Coefficient], degree: int) -> Expression:
        total = extra.graph.constant(0)
        for monomial, c in terms.items():
            product = extra ** (degree - degrees.monomial(monomial)) * c
            for b, e in monomial:
                product = product * base(b) ** e
            total = total + product
        return total

    found = [degrees.of(e.terms) for e in equations]
    return [form(e.terms, d) for e, d in zip(equations, found, strict=True)], found
