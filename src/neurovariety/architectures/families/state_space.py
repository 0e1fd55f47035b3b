"""Linear state-space layers: a linear recurrence, read out after a number of steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lgamma, log
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size
from neurovariety.architectures.families.linear import Linear
from neurovariety.architectures.families.mlp import MLP
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.absorption import absorption
from neurovariety.architectures.theorems.dimension_bounds import forms, monomial_network_bound
from neurovariety.errors import NotationError
from neurovariety.image import Image, Matrices
from neurovariety.model import Shape
from neurovariety.parametrization import Layers
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import LINEAR, Scaling, Silence, Size, Units, counts

_MAX_STEPS = 1000
_MAX_DIGITS = 1000
"""Digits of the dimension of a span beyond which nothing is stated of it."""


@dataclass(frozen=True, repr=False)
class StateSpace(Architecture):
    """y = C s(h_t) with h_k = A h_{k-1} + B u_k, h_0 = 0, on inputs u = (u_1, ..., u_t) of shape (t, m).

    ``widths`` = (m, n, p): inputs, states, outputs; ``steps`` = t. A is n x n, B is n x m, C is p x n; with ``diagonal`` A is the
    diagonal matrix of the block a of shape (n,). The output has shape (p,). Without an ``activation`` s is the identity and f is given
    by the Markov parameters C A^j B, j = 0, ..., t - 1 (Ho, Kalman 1966); with n >= t min(m, p) states these are any t matrices, for a
    shift register is such a system, and fewer do not realize (0, ..., 0, M). One step is y = C s(B u), a network without memory: there
    A takes no part, and is no parameter. ``input_axes`` is empty: the first axis of the input is
    time, and a linear map of it mixes the steps, which no linear map of the weights can follow.
    """

    family: ClassVar[str] = "ssm"
    example: ClassVar[str] = "ssm(1,2,1; t=5)"
    widths: tuple[int, int, int]
    steps: int
    activation: Activation | None = None
    diagonal: bool = False

    def __post_init__(self) -> None:
        for name, value in zip(("inputs", "states", "outputs"), self.widths, strict=True):
            if value < 1:
                raise NotationError(f"ssm: the number of {name} {value} is not positive")
        if not 1 <= self.steps <= _MAX_STEPS:
            raise NotationError(f"ssm: the number of steps t={self.steps} is outside 1 to {_MAX_STEPS:,}")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> StateSpace:
        """The architecture of the sections of a notation."""
        widths = sections.integers(sections.first, "widths") if sections.first else ()
        if len(widths) != 3:
            raise NotationError(
                f"ssm needs 3 widths (inputs, states, outputs), got {len(widths)} in {sections.shown!r}; e.g. {cls.example}"
            )
        flags = [s for s in sections.rest if s.lower() == "diagonal"]
        if len(flags) > 1 or sum("=" not in s for s in sections.rest) - len(flags) > 1:
            raise NotationError(
                f"ssm takes t=, one activation and diagonal, each once, got {sections.shown!r}; e.g. ssm(1,2,1; t=5; x^2; diagonal)"
            )
        options, rest = sections.options({"t"}, [s for s in sections.rest if s.lower() != "diagonal"])
        if "t" not in options:
            raise NotationError(f"ssm needs t= (the number of steps) in {sections.shown!r}; e.g. {cls.example}")
        m, n, p = widths
        activation = sections.activations(rest[0], 1, "ssm")[0] if rest else None
        if activation == Activation.monomial(1):
            activation = None
        return cls((m, n, p), sections.integer(options["t"], "t"), activation, bool(flags))

    @property
    def linear(self) -> bool:
        """Whether the readout is linear in the state."""
        return self.activation is None or self.activation.is_linear

    @property
    def static(self) -> Linear | MLP | None:
        """What one step computes, with W_1 = B and W_2 = C; None for more steps."""
        if self.steps > 1:
            return None
        return Linear(self.widths) if self.activation is None else MLP(self.widths, (self.activation,))

    def shapes(self) -> dict[str, Shape]:
        m, n, p = self.widths
        if self.steps == 1:
            return {"B": (n, m), "C": (p, n)}
        transition: dict[str, Shape] = {"a": (n,)} if self.diagonal else {"A": (n, n)}
        # Pytree order: capitals before small letters.
        return {"B": (n, m), "C": (p, n)} | transition if self.diagonal else transition | {"B": (n, m), "C": (p, n)}

    @property
    def input_shape(self) -> Shape:
        return (self.steps, self.widths[0])

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return self.activation.inexact_coefficients if self.activation is not None else ()

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        state = None
        for k in range(self.steps):
            driven = parameters["B"] @ x[k]
            if state is None:
                state = driven
            elif self.diagonal:
                state = parameters["a"] * state + driven
            else:
                state = parameters["A"] @ state + driven
        if self.activation is not None:
            state = self.activation.apply(state, coefficients)
        return parameters["C"] @ state

    def notation(self) -> str:
        parts = [",".join(map(str, self.widths)), f"t={self.steps}"]
        parts += [str(self.activation)] if self.activation is not None else []
        return f"ssm({'; '.join(parts + (['diagonal'] if self.diagonal else []))})"

    def image(self) -> Image | None:
        """That of a network without memory for one step, all linear maps for a shift register; else no kind of image fits."""
        if self.static is not None:
            return self.static.image()
        m, n, p = self.widths
        whole = self.linear and not self.diagonal and n >= self.steps * min(m, p)
        return Matrices(m * self.steps, p, min(m * self.steps, p)) if whole else None

    def parametrization(self) -> Layers | None:
        made = None if self.static is None else self.static.parametrization()
        return None if made is None else replace(made, weights=("B", "C"))

    def units(self) -> tuple[Units, ...]:
        """The states, which the recurrence makes of each other, and reads before the activation."""
        n, recurrent = self.widths[1], self.steps > 1
        if self.activation is None or self.activation.is_linear:
            absorbs = replace(LINEAR, scaling=Scaling.TORUS) if self.diagonal and recurrent else LINEAR
        else:
            absorbs = absorption(self.activation)
        turned = () if self.diagonal or not recurrent else (("A", 0),)
        return (
            Units(
                n,
                made=(*turned, ("B", 0)),
                read=(("C", 1),),
                absorbs=absorbs,
                noun="state",
                basis=f"on the state: {'A -> g A g^-1, ' if turned else ''}B -> g B, C -> C g^-1",
                looped=(("A", 1),) if turned else (),
                own=(("a", 0),) if self.diagonal and recurrent else (),
            ),
        )

    def silences(self) -> tuple[Silence, ...]:
        zero = self.activation is None or self.activation.vanishes_at_zero
        return (*((Silence("B", ("B",)),) if zero else ()), Silence("C", ("C",)))

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> StateSpace:
        m, _, p = self.widths
        (n,) = counts(sizes)
        return StateSpace((inputs or m, n, outputs or p), self.steps, self.activation, self.diagonal)

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return (("C", 0),)

    def theorems(self) -> tuple[Theorem, ...]:
        if self.static is not None:
            return self.static.theorems()
        if self.linear:
            return (self._realization(), self._ambient())
        activation, (m, n, _) = self.activation, self.widths
        assert activation is not None
        if not activation.is_polynomial or max(_digits(max(m * self.steps, n), e) for e, _ in activation.terms) > _MAX_DIGITS:
            return ()
        if not activation.is_monomial:
            return (self._ambient(),)
        longer = (self._longer_sequences(activation.degree),) if self.diagonal and m == 1 else ()
        return (self._ambient(), *self._perceptrons(activation.degree), *longer)

    def _realization(self) -> Theorem:
        m, n, p = self.widths
        return Theorem(
            "realization theory of Markov parameters",
            "dimension",
            markov_dimension(m, n, p, self.steps),
            f"{self.steps} Markov parameters of size {p} x {m} of a generic system with {n} states: the sum over i, j of "
            "min(t, k_i + v_j), with balanced controllability indices k_1 + ... + k_m = n and observability indices "
            "v_1 + ... + v_p = n",
            "kailath1980",
            (Hypothesis("the readout is linear", True),),
        )

    def _perceptrons(self, r: int) -> list[Theorem]:
        """Bounds for the readout x^r: a network with one hidden layer on all inputs, or on the state."""
        m, n, p = self.widths
        value, how = monomial_network_bound((m * self.steps, n, p), (r,), False)
        monomial = (Hypothesis("the readout is a monomial", True),)
        out = [
            Theorem(
                f"perceptrons on all inputs at once: {how}",
                "dimension at most",
                value,
                f"the states are {n} linear forms in {m * self.steps} variables, so the functions are among those of a polynomial "
                "network with one hidden layer",
                "kileel2019",
                monomial,
            )
        ]
        if not self.diagonal:
            value, how = monomial_network_bound((n, n, p), (r,), False)
            out.append(
                Theorem(
                    f"perceptrons on the state: {how}",
                    "dimension at most",
                    n * m + value,
                    f"pairs (A, B) up to GL({n}) form a family of dimension nm, and the readout of g h, g in GL({n}) is a polynomial "
                    f"network with one hidden layer on the {n} entries of h",
                    "kileel2019",
                    monomial,
                )
            )
        return out

    def _longer_sequences(self, r: int) -> Theorem:
        """The dimension for the readout x^r of diagonal systems with one input."""
        _, n, p = self.widths
        longer = r * (self.steps - 1) + 1
        return Theorem(
            "powers of geometric sequences are geometric sequences",
            "dimension",
            markov_dimension(1, n, p, longer),
            f"(sum over k of a^k u_(t-k))^{r} has the coefficients 1, a, ..., a^{longer - 1} up to fixed factors, so the "
            f"functions are those of a linear readout after {longer} steps",
            "kailath1980",
            (Hypothesis("A is diagonal, there is one input, the readout is a monomial", True),),
        )

    def _ambient(self) -> Theorem:
        """Span of the functions: for each output, and for each degree e of the readout, the span of the powers l^e of the linear forms
        l in the inputs that a state can be. (One state read out alone, its input matrix scaled by c, gives the sum of c^e l^e.)

        A state of a diagonal recurrence, and any state where n = 1, is l = sum of a^(t-k) <b, u_k>, and the monomials of l^e are told
        apart by their degrees in the m inputs and their weight in a, which takes all values from 0 to e(t-1). In general l ranges over
        the sequences of order n, the n-th secant variety of those forms; it contains all forms where m t <= n(m + 1), and no
        polynomial of degree at most n vanishes on it, so the powers l^e, e <= n, span all forms of degree e.
        """
        m, n, p = self.widths
        t = self.steps
        degrees = [1] if self.activation is None else [e for e, _ in self.activation.terms]
        if self.diagonal or n == 1:
            value, exact = sum((e * (t - 1) + 1) * forms(m, e) for e in degrees), True
            how = "monomials of powers of a geometric sequence, by degrees and weight"
        else:
            value = sum(forms(m * t, e) for e in degrees)
            exact = m * t <= n * (m + 1) or max(degrees) <= n
            how = f"forms in {m * t} variables of degrees {', '.join(map(str, degrees[:8]))}{', ...' if len(degrees) > 8 else ''}"
        return Theorem(
            "powers of the linear forms that a state can be",
            "ambient" if exact else "ambient at most",
            p * value,
            how,
            "landsberg2012",
        )


def markov_dimension(inputs: int, states: int, outputs: int, steps: int) -> int:
    """Dimension of the set of ``steps`` Markov parameters C A^j B of linear systems: the sum over i, j of min(t, k_i + v_j).

    k is the balanced partition of n into m parts and v that of n into p parts: controllability and observability indices of a
    generic system. Why: write the transfer function G = C (z - A)^-1 B = D'^-1 N' = N D^-1 with D column reduced of column degrees k_i
    and D' row reduced of row degrees v_j (Kailath 1980, chapter 6). For a minimal system the derivatives of G are the strictly proper
    D'^-1 X D^-1 with X a polynomial matrix: D' dG D is polynomial, X_ji has degree below k_i + v_j because D and D' are reduced, and
    these X have dimension nm + np, as have the derivatives, GL(n) acting freely and its orbits being the fibers of G. The first t
    parameters do not change if and only if D'^-1 X D^-1 = O(z^(-t-1)), that is deg X_ji < k_i + v_j - t. So the rank of the derivative
    is the sum of min(t, k_i + v_j).

    For t >= ceil(n/m) + ceil(n/p) this is n(m + p) (Ho, Kalman 1966); for one input and one output it is min(2n, t); for t = 1 it is
    the dimension of the p x m matrices of rank at most n. Systems with diagonal A have the same closure, since almost every A can be
    diagonalized over the complex numbers.
    """
    total = 0
    for k, columns in _balanced(states, inputs):
        for v, rows in _balanced(states, outputs):
            total += columns * rows * min(steps, k + v)
    return total


def _balanced(n: int, parts: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The partition of n into parts that differ by at most one, as (part, how often)."""
    low, more = divmod(n, parts)
    return (low + 1, more), (low, parts - more)


def _digits(variables: int, degree: int) -> float:
    """Decimal digits of the number of forms, roughly."""
    return (lgamma(variables + degree) - lgamma(degree + 1) - lgamma(variables)) / log(10)
