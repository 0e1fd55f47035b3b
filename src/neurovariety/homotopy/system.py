"""Square systems of polynomial (or rational) equations with parameters, as tapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Number

import numpy as np

from neurovariety.certificates.gaussian import nearest
from neurovariety.errors import InputError, NeurovarietyError
from neurovariety.homotopy.expressions import Expression, Graph, jacobian
from neurovariety.homotopy.expressions import Number as Constant
from neurovariety.homotopy.tape import Tape, record

Equations = Callable[[list[Expression], list[Expression]], Sequence[Expression | Constant]]
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
    parameters: int = field(repr=False)

    @cached_property
    def with_jacobian(self) -> Tape:
        """Recorded when it is asked for: many systems are only written down."""
        entries = [entry for row in jacobian(self.graph, self.equations, range(self.unknowns)) for entry in row]
        return record(self.graph, [*self.equations, *entries], inputs=self.unknowns + self.parameters)

    @cached_property
    def values(self) -> Tape:
        """Recorded when paths are followed, by power series."""
        return record(self.graph, self.equations, reuse=False, inputs=self.unknowns + self.parameters)

    def with_tapes(self) -> System:
        """The same, its tapes made: what cannot be is refused now, and not on the way."""
        _ = self.with_jacobian, self.values
        return self

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
        return cls(graph, tuple(equations), unknowns, graph.inputs - unknowns if parameters is None else parameters)

    @classmethod
    def build(cls, function: Equations, unknowns: int, parameters: int = 0) -> System:
        """The system of a Python function of two lists, unknowns and parameters, that uses +, -, *, / and integer powers.

        Raises `InputError` where it is not square, where an equation contains no unknown, and where the function gives anything else
        than expressions and finite numbers.

        >>> System.build(lambda x, p: [x[0] ** 2 - p[0]], 1, 1)
        System(unknowns=1)
        """
        for count, name in ((unknowns, "unknowns"), (parameters, "parameters")):
            if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 0:
                raise InputError(f"the number of {name} is {count!r}, and a whole number is expected")
        graph = Graph(int(unknowns) + int(parameters))
        inputs = [graph.input(i) for i in range(graph.inputs)]
        with building_errors():
            found = function(inputs[:unknowns], inputs[unknowns:])
            if isinstance(found, (Expression, str, bytes, Mapping)) or not isinstance(found, Iterable):
                raise InputError(f"a list of equations is expected, got {_shown(found)}; write [...] around them")
            equations = [_equation(graph, k, e) for k, e in enumerate(found)]
            _check_constants(graph, equations)
        return cls.of(graph, equations, int(unknowns)).with_tapes()


def require_system(given: object) -> None:
    """Raises `InputError` for anything but a `System`."""
    if not isinstance(given, System):
        raise InputError(
            f"a System is expected, got {_shown(given)[:60]}; make one with System.build(lambda x, p: [x[0]**2 - 2], 1), a function of "
            "lists of unknowns and parameters that returns a list of left sides"
        )


@contextmanager
def building_errors() -> Iterator[None]:
    """Turn what goes wrong in a user's function of expressions into an `InputError` of one sentence."""
    try:
        yield
    except NeurovarietyError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        line = (str(error).strip().splitlines() or [""])[0][:200]
        raise InputError(
            f"the equations failed on expressions of unknowns ({type(error).__name__}: {line}); "
            "write them with +, -, *, / and whole powers of unknowns, parameters and numbers"
        ) from error


def _equation(graph: Graph, k: int, given: object) -> Expression:
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given.item()
    if isinstance(given, Expression):
        if given.graph is not graph:
            raise InputError(f"equation {k} is made of unknowns of another system; use those that the function is given")
        return given
    if isinstance(given, Number) and not isinstance(given, (bool, np.bool_)):
        return graph.constant(given)  # type: ignore[arg-type]
    raise InputError(f"equation {k} is {_shown(given)}, and an expression or a number is expected; give its left side alone")


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "a single expression" if isinstance(value, Expression) else f"{value!r}"[:60]


def _check_constants(graph: Graph, equations: Sequence[Expression]) -> None:
    """Raise `InputError` for a constant that no double is near."""
    for terms in (*graph.sums.values(), *(e.terms for e in equations)):
        for c in terms.values():
            nearest(c)
