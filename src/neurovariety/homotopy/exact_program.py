"""Systems and tapes as exact programs: what certificates speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Monomial, Sum
from neurovariety.certificates.gaussian import Coefficient
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.homotopy.expressions import Monomial as Letters
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape


def exact_system(system: System, parameters: Sequence[Coefficient]) -> ExactSystem:
    """The equations of ``system`` at ``parameters``, for a system that does not divide.

    Raises `KeyError` for a reciprocal.
    """
    return _program(system.graph, system.equations, system.unknowns, parameters, dividing=False)


def system_of(program: ExactSystem) -> System:
    """A program as a system to be solved, in the same unknowns."""
    graph, equations = expressions_of(program)
    return System.of(graph, equations, program.unknowns)


def expressions_of(program: ExactSystem) -> tuple[Graph, list[Expression]]:
    """The equations of a program as expressions."""
    graph = Graph(program.unknowns)
    slots = [graph.input(i) for i in range(program.unknowns)]
    for terms in program.sums:
        total = graph.constant(0)
        for c, monomial in terms:
            product = graph.constant(c)
            for slot, e in monomial:
                product = product * slots[slot] ** e
            total = total + product
        slots.append(total.as_base())
    return graph, [slots[k] for k in program.equations]


def exact_family(system: System) -> ExactSystem:
    """The equations of ``system`` in its unknowns and then its parameters."""
    return _program(system.graph, system.equations, system.unknowns + system.parameters, ())


def exact_outputs(tape: Tape) -> ExactSystem:
    """The outputs of a tape that was recorded here, in its inputs."""
    assert tape.source is not None
    graph, outputs = tape.source
    return _program(graph, outputs, tape.inputs, ())


def exact_map(unknowns: int, outputs: Callable[[np.ndarray], Iterable[Any]]) -> ExactSystem:
    """A polynomial map of so many unknowns, written with + - * of the entries of an object array."""
    graph = Graph(unknowns)
    letters = np.empty(unknowns, dtype=object)
    letters[:] = [graph.input(i) for i in range(unknowns)]
    return exact_expressions(graph, [v if isinstance(v, Expression) else graph.constant(v) for v in outputs(letters)])


def exact_expressions(graph: Graph, outputs: Sequence[Expression]) -> ExactSystem:
    """Expressions of a graph, in its inputs."""
    return _program(graph, outputs, graph.inputs, ())


def _program(
    graph: Graph, outputs: Sequence[Expression], inputs: int, parameters: Sequence[Coefficient], *, dividing: bool = True
) -> ExactSystem:
    sums: list[Sum] = [(((p, ()),) if p else ()) for p in parameters]
    place = {i: i for i in range(inputs + len(parameters))}

    def letter(base: int, e: int) -> tuple[int, int]:
        while base in graph.reciprocals and dividing:
            base, e = graph.reciprocals[base], -e
        return place[base], e

    def read(terms: dict[Letters, Coefficient]) -> Sum:
        found: list[tuple[Coefficient, Monomial]] = []
        for m, c in terms.items():
            found.append((c, tuple(letter(b, e) for b, e in m)))
        return tuple(found)

    def make(terms: dict[Letters, Coefficient]) -> int:
        sums.append(read(terms))
        return inputs + len(sums) - 1

    needed: set[int] = set()
    stack = [e.terms for e in outputs]
    while stack:
        for monomial in stack.pop():
            for base, _ in monomial:
                while base in graph.reciprocals and dividing:
                    base = graph.reciprocals[base]
                if base >= graph.inputs and base not in needed:
                    needed.add(base)
                    stack.append(graph.sums[base])
    for base in sorted(needed):  # a sum reads only earlier ones
        place[base] = make(graph.sums[base])
    equations = tuple(make(e.terms) for e in outputs)
    return ExactSystem(inputs, tuple(sums), equations)
