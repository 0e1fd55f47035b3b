"""Polynomial graph networks on one fixed graph."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, check_widths, numbered
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.graphs import SimpleGraph
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.absorption import absorption
from neurovariety.architectures.theorems.dimension_bounds import monomial_network_bound, rank_bounded
from neurovariety.architectures.theorems.occurring_degrees import occurring_monomials
from neurovariety.errors import NotationError
from neurovariety.model import Shape
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import Silence, Size, Units, counts

_MAX_NODES_OF_THEOREMS = 60
"""Graphs up to this size have their adjacency matrix examined exactly for what the theorems ask."""

_MAX_COUNTED = 2000
"""Number of variables or degree, the smaller of the two, beyond which monomials are not counted."""


@dataclass(frozen=True, repr=False)
class GraphNetwork(Architecture):
    """Layers H -> s(U H + V H A) on H of shape (channels, nodes), A the adjacency matrix of a fixed graph.

    ``widths`` = (c_0, ..., c_L): U_l, V_l of shape (c_l, c_{l-1}) act on the channels of a vertex and on the sum over its neighbours
    (Morris et al. 2019). The input has shape (c_0, nodes), the output (c_L, nodes), or (c_L,) where ``pool`` adds up the vertices. The
    last layer is linear; there are no biases.
    """

    family: ClassVar[str] = "gnn"
    example: ClassVar[str] = "gnn(path(3); 2,3,1; x^2)"
    graph: SimpleGraph
    widths: tuple[int, ...]
    activations: tuple[Activation, ...]
    pool: bool = False

    def __post_init__(self) -> None:
        check_widths(self.family, self.widths, self.example)
        if len(self.activations) != self.layers - 1:
            raise NotationError(
                f"gnn with {self.layers - 1} hidden layers needs 1 or {self.layers - 1} activations, got {len(self.activations)}"
            )
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> GraphNetwork:
        """The architecture of the sections of a notation."""
        graph = SimpleGraph.read(sections)
        if len(sections) < 2:
            raise NotationError(f"gnn needs widths after its graph in {sections.shown!r}; e.g. {cls.example}")
        text, *others = sections.rest
        widths = sections.integers(text, "widths")
        rest = [s for s in others if s.lower() != "pool"]
        if len(rest) > 1 or len(others) - len(rest) > 1:
            raise NotationError(
                f"gnn takes a graph, widths, activations and pool, got {sections.shown!r}; e.g. gnn(path(3); 2,3,1; x^2; pool)"
            )
        activations = sections.activations(rest[0] if rest else None, len(widths) - 2, "gnn")
        return cls(graph, widths, activations, len(rest) < len(others))

    @property
    def layers(self) -> int:
        return len(self.widths) - 1

    @property
    def degree(self) -> int:
        """Degree of the outputs in the inputs. Raises `NotationError` where an activation is not a polynomial."""
        out = 1
        for a in self.activations:
            out *= a.degree
        return out

    def _own(self, layer: int) -> str:
        return numbered("U", layer, self.layers)

    def _neighbours(self, layer: int) -> str:
        return numbered("V", layer, self.layers)

    def shapes(self) -> dict[str, Shape]:
        layers = range(1, self.layers + 1)
        return {name(l): (self.widths[l], self.widths[l - 1]) for name in (self._own, self._neighbours) for l in layers}

    @property
    def input_shape(self) -> Shape:
        return (self.widths[0], self.graph.nodes)

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return tuple(c for a in self.activations for c in a.inexact_coefficients)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        at = 0
        for l in range(1, self.layers + 1):
            x = parameters[self._own(l)] @ x + (parameters[self._neighbours(l)] @ x) @ self.graph.adjacency
            if l < self.layers:
                activation = self.activations[l - 1]
                n = len(activation.inexact_coefficients)
                x = activation.apply(x, coefficients[at : at + n] if n else None)
                at += n
        return x.sum(axis=1) if self.pool else x

    def notation(self) -> str:
        shown = [str(a) for a in self.activations]
        if len(set(shown)) == 1:
            shown = shown[:1]
        parts = [
            str(self.graph),
            ",".join(map(str, self.widths)),
            *([", ".join(shown)] if shown else []),
            *(["pool"] if self.pool else []),
        ]
        return f"gnn({'; '.join(parts)})"

    def units(self) -> tuple[Units, ...]:
        both = (self._own, self._neighbours)
        return tuple(
            Units(
                self.widths[l],
                made=tuple((name(l), 0) for name in both),
                read=tuple((name(l + 1), 1) for name in both),
                absorbs=absorption(activation),
                noun="channel",
                place=f" of hidden layer {l}",
                label=f"layer {l}",
                basis=f"on the channels of the linear hidden layer {l}",
            )
            for l, activation in enumerate(self.activations, start=1)
        )

    def silences(self) -> tuple[Silence, ...]:
        return tuple(
            Silence(f"layer {l}", (self._own(l), self._neighbours(l)))
            for l in range(1, self.layers + 1)
            if all(a.vanishes_at_zero for a in self.activations[l - 1 :])
        )

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> GraphNetwork:
        widths = (inputs or self.widths[0], *counts(sizes), outputs or self.widths[-1])
        return GraphNetwork(self.graph, widths, self.activations, self.pool)

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._own(1), 1), (self._neighbours(1), 1))

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._own(self.layers), 0), (self._neighbours(self.layers), 0))

    def theorems(self) -> tuple[Theorem, ...]:
        if self.graph.nodes > _MAX_NODES_OF_THEOREMS or not all(a.is_polynomial for a in self.activations):
            return ()
        if all(a.is_linear for a in self.activations):
            return self._linear()
        return self._one_hidden() if self.layers == 2 else self._local()

    def _linear(self) -> tuple[Theorem, ...]:
        """f(X) = sum over k of C_k X A^k with the sum of C_k t^k = prod (U_l + t V_l); only t modulo the minimal polynomial matters."""
        c0, cl, r = self.widths[0], self.widths[-1], min(self.widths)
        seen = self.graph.main_eigenvalues() if self.pool else self.graph.eigenvalues()
        powers = min(self.layers + 1, seen)
        linear = (Hypothesis("every layer is linear", True),)
        what = f"the {seen} distinct eigenvalues of the graph" + (" that the sum over the vertices sees" if self.pool else "")
        found = [
            Theorem(
                "span of linear graph networks",
                "ambient",
                cl * c0 * powers,
                f"one layer after the other the weights U or V with a single entry 1 give each unit matrix times each of the {powers} "
                "independent powers of the adjacency matrix",
                "trager2020",
                linear,
            )
        ]
        value = seen * rank_bounded(cl, c0, r)
        at = f"at {what} the product of the layers U + tV takes as values {cl} x {c0} matrices of rank at most {r}"
        if seen <= 2:
            text = f"{at}, and any such, because a layer takes any values at {seen} points"
            found.append(Theorem("linear graph networks at the eigenvalues", "dimension", value, text, "bruns1988", linear))
        elif self.layers == 1 or (c0 == 1 and cl == 1):
            text = (
                "one layer is its own span"
                if self.layers == 1
                else "over C every polynomial in t is a product of linear ones, so the span is filled"
            )
            found.append(
                Theorem("linear graph networks that fill their span", "dimension", cl * c0 * powers, text, "trager2020", linear)
            )
        else:
            found.append(Theorem("linear graph networks at the eigenvalues", "dimension at most", value, at, "bruns1988", linear))
        return tuple(found)

    def _one_hidden(self) -> tuple[Theorem, ...]:
        """Vertex v gives P(x_v, y_v) + sum over neighbours w of Q(x_w, y_w), y = XA, so f is linear in the network (P, Q)."""
        c0, c1, c2 = self.widths
        activation = self.activations[0]
        edgeless = not self.graph.edges
        inputs = c0 if edgeless else 2 * c0
        outputs = c2 if edgeless or (self.pool and self.graph.regular) else 2 * c2
        text = (
            f"the functions depend linearly on those of a perceptron with {inputs} inputs (the channels of a vertex and their sums "
            f"over its neighbours) and {outputs} outputs (what goes to the vertex and to its neighbours)"
        )
        found = []
        if min(inputs, activation.degree) <= _MAX_COUNTED:
            spanned = outputs * occurring_monomials(inputs, self.activations)
            found.append(Theorem("a perceptron shared by the vertices", "ambient at most", spanned, text, "kileel2019"))
        if activation.is_monomial:
            value, how = monomial_network_bound((inputs, c1, outputs), (activation.degree,), False)
            why = (Hypothesis("one hidden layer, monomial activation", True),)
            name = f"a perceptron shared by the vertices: {how}"
            found.append(Theorem(name, "dimension at most", value, text, "kileel2019", why))
        return tuple(found)

    def _local(self) -> tuple[Theorem, ...]:
        """A vertex sees no further than one edge a layer."""
        variables = self.widths[0] * self.graph.largest_ball(self.layers)
        if min(variables, self.degree) > _MAX_COUNTED:
            return ()
        value = self.widths[-1] * self.graph.nodes * occurring_monomials(variables, self.activations)
        text = f"an output at a vertex is a polynomial of degree at most {self.degree} in {variables} inputs within {self.layers} edges"
        return (Theorem("inputs within reach", "ambient at most", value, text, "morris2019"),)
