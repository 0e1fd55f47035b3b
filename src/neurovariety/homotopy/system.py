"""Square systems of polynomial (or rational) equations with parameters, as tapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from neurovariety.errors import InputError
from neurovariety.homotopy.expressions import Expression, Graph, jacobian
from neurovariety.homotopy.tape import Tape, record


@dataclass(frozen=True, eq=False)
class System:
    """n equations F(x; p) = 0 in n unknowns x and m parameters p.

    ``with_jacobian`` computes the n values and then the n x n entries of dF/dx row by row; ``values`` the n values alone, every
    intermediate result in a slot of its own, for power series.
    """

    unknowns: int
    parameters: int
    with_jacobian: Tape
    values: Tape

    @classmethod
    def of(cls, graph: Graph, equations: Sequence[Expression], unknowns: int) -> System:
        """The system of expressions whose first ``unknowns`` inputs are the unknowns, the others parameters."""
        if len(equations) != unknowns:
            raise InputError(
                f"a square system is expected, as many equations as unknowns; got {len(equations)} equations in {unknowns} unknowns"
            )
        derivatives = jacobian(graph, equations, range(unknowns))
        entries = [entry for row in derivatives for entry in row]
        return cls(
            unknowns, graph.inputs - unknowns, record(graph, [*equations, *entries]), record(graph, equations, reuse=False)
        )

    @classmethod
    def build(cls, function: Callable[..., Sequence[Any]], unknowns: int, parameters: int = 0) -> System:
        """The system of a Python function of two lists, unknowns and parameters, that uses +, -, *, / and integer powers."""
        graph = Graph(unknowns + parameters)
        inputs = [graph.input(i) for i in range(unknowns + parameters)]
        found = [e if isinstance(e, Expression) else graph.constant(e) for e in function(inputs[:unknowns], inputs[unknowns:])]
        return cls.of(graph, found, unknowns)
