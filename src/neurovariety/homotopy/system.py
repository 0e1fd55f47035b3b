"""Square systems of polynomial (or rational) equations with parameters, as tapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from neurovariety.errors import InputError
from neurovariety.homotopy.expressions import Expression, Graph, Number, jacobian
from neurovariety.homotopy.tape import Tape, record

Equations = Callable[[list[Expression], list[Expression]], Sequence[Expression | Number]]
"""Unknowns and parameters -> left sides."""


@dataclass(frozen=True, eq=False)
class System:
    """n equations F(x; p) = 0 in n unknowns x and m parameters p: expressions in the inputs of ``graph``, unknowns first.

    ``with_jacobian`` is the tape of the n values and then the n x n entries of dF/dx row by row; ``values`` that of the n values alone,
    every intermediate result in a slot of its own, for power series.
    """

    graph: Graph = field(repr=False)
    equations: tuple[Expression, ...] = field(repr=False)
    unknowns: int
    with_jacobian: Tape = field(repr=False)
    values: Tape = field(repr=False)
    parameters: int = field(repr=False)

    @classmethod
    def of(cls, graph: Graph, equations: Sequence[Expression], unknowns: int, parameters: int | None = None) -> System:
        """The system of expressions whose first ``unknowns`` inputs are the unknowns, the next ``parameters`` (all others, unless
        said otherwise) parameters."""
        if len(equations) != unknowns:
            raise InputError(
                f"a square system is expected, as many equations as unknowns; got {len(equations)} equations in {unknowns} unknowns"
            )
        if not unknowns:
            raise InputError("a system without unknowns has nothing to solve for")
        for k, e in enumerate(equations):
            if not any(graph.depends(e, i) for i in range(unknowns)):
                raise InputError(f"equation {k} contains no unknown: it holds everywhere or nowhere; leave it out")
        entries = [entry for row in jacobian(graph, equations, range(unknowns)) for entry in row]
        m = graph.inputs - unknowns if parameters is None else parameters
        both = record(graph, [*equations, *entries], inputs=unknowns + m)
        return cls(graph, tuple(equations), unknowns, both, record(graph, equations, reuse=False, inputs=unknowns + m), m)

    @classmethod
    def build(
        cls, function: Callable[[list[Expression], list[Expression]], Sequence[Expression | Number]], unknowns: int, parameters: int = 0
    ) -> System:
        """The system of a Python function of two lists, unknowns and parameters, that uses +, -, *, / and integer powers.

        Raises `InputError` where it is not square, or where an equation contains no unknown.

        >>> System.build(lambda x, p: [x[0] ** 2 - p[0]], 1, 1)
        System(unknowns=1)
        """
        graph = Graph(unknowns + parameters)
        inputs = [graph.input(i) for i in range(unknowns + parameters)]
        found = [e if isinstance(e, Expression) else graph.constant(e) for e in function(inputs[:unknowns], inputs[unknowns:])]
        return cls.of(graph, found, unknowns)
