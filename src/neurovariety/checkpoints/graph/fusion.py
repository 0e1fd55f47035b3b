"""Normal form of a graph: entrywise chains of one value become one activation, biases join their layers, unused nodes go.

Exported graphs write x^3 + x^2 as powers, products and sums, GELU as its error function, a bias as an addition. A chain of additions,
products and quotients of one value and rational constants is a rational function of that value, found here exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isclose

import flint

from neurovariety.checkpoints.graph.activations import ACTIVATIONS, activation
from neurovariety.checkpoints.graph.channels_first import channels_first
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, rational
from neurovariety.checkpoints.graph.nonlinearity import Algebraic, Exponents, Smooth, Spelling
from neurovariety.checkpoints.graph.operations import operation

MAX_FUSED_DEGREE = 64
"""Largest degree of an activation that is put together from several nodes: composition multiplies degrees, and a chain of squares
would become one dense polynomial of astronomical degree."""

_CONSTANT_TOLERANCE = 1e-6
"""How far 1/sqrt(2), sqrt(2/pi) and 0.044715 in a graph may lie from their values: they are stored in single precision."""

_SPELLED = tuple(
    (record.name, spelling) for record in ACTIVATIONS.values() if isinstance(record, Smooth) for spelling in record.spellings
)
"""Activations that graphs write by others, with how."""


@dataclass(frozen=True)
class _Ratio:
    """A quotient of polynomials in lowest terms, with a monic denominator."""

    num: flint.fmpq_poly
    den: flint.fmpq_poly

    @staticmethod
    def lowest(num: flint.fmpq_poly, den: flint.fmpq_poly) -> _Ratio:
        common = num.gcd(den) if den.degree() > 0 else _ONE
        lead = den.coeffs()[-1]
        return _Ratio((num // common) / lead, (den // common) / lead)

    @property
    def degree(self) -> int:
        return int(max(self.num.degree(), self.den.degree()))

    def __add__(self, other: _Ratio) -> _Ratio:
        return _Ratio.lowest(self.num * other.den + other.num * self.den, self.den * other.den)

    def __sub__(self, other: _Ratio) -> _Ratio:
        return _Ratio.lowest(self.num * other.den - other.num * self.den, self.den * other.den)

    def __mul__(self, other: _Ratio) -> _Ratio:
        return _Ratio.lowest(self.num * other.num, self.den * other.den)

    def __truediv__(self, other: _Ratio) -> _Ratio:
        if other.num == 0:
            raise ZeroDivisionError("a quotient by the polynomial 0")
        return _Ratio.lowest(self.num * other.den, self.den * other.num)


_ONE = flint.fmpq_poly([1])
_IDENTITY = _Ratio(flint.fmpq_poly([0, 1]), _ONE)

Form = tuple[str, _Ratio]
"""A value as a rational function of another value, its base."""


def fused(network: Network) -> Network:
    """The same function with fewer, larger nodes."""
    moved = _without_unused(channels_first(network))
    out = _without_unused(_straightened(_recognised(_without_unused(_composed(_with_biases(moved))))))
    used = {k for node in out.nodes for k in node.weights.values()}
    return replace(out, weights={k: v for k, v in out.weights.items() if k in used}, fixed=out.fixed & used)


def _with_biases(network: Network) -> Network:
    """An addition of a vector to a linear node or a convolution without bias, which nothing else reads, becomes its bias."""
    readers = Counter(n for node in network.nodes for n in node.inputs)
    uses = Counter(k for node in network.nodes for k in node.weights.values())
    weights, by_name = dict(network.weights), {node.name: node for node in network.nodes}
    nodes: dict[str, Node] = {}
    for node in network.nodes:
        before = by_name[node.inputs[0]] if node.inputs else None
        if (
            node.kind == "add"
            and "weight" in node.weights
            and before is not None
            and operation(before).affine is not None
            and "bias" not in before.weights
            and readers[before.name] == 1
            and before.name != network.output
        ):
            key, filters = node.weights["weight"], network.weights[before.weights["weight"]]
            channels = (filters.shape[0], *(1 for _ in filters.shape[2:]))
            given = network.weights[key].shape
            while len(given) > len(channels) and given[0] == 1:  # axes that stand for the batch and for places
                given = given[1:]
            if given == channels and (len(network.weights[key].shape) == 1 or uses[key] == 1):
                weights[key] = network.weights[key].reshape(-1)
                del nodes[before.name]
                node = replace(before, name=node.name, weights={**before.weights, "bias": key})
        by_name[node.name] = nodes[node.name] = node
    return replace(network, nodes=tuple(nodes.values()), weights=weights)


def _composed(network: Network) -> Network:
    """Every value that is a rational function of one other value is written as one activation of it."""
    forms: dict[str, Form] = {}
    nodes: list[Node] = []
    for node in network.nodes:
        form = _form(node, forms)
        if form is None or form[1].degree > MAX_FUSED_DEGREE:
            forms[node.name] = node.name, _IDENTITY
            nodes.append(node)
        else:
            forms[node.name] = form
            nodes.append(_activation(node, form))
    return replace(network, nodes=tuple(nodes))


def _form(node: Node, forms: Mapping[str, Form]) -> Form | None:
    if node.function is not None:
        record = activation(node.attributes)
        if not isinstance(record, Algebraic):
            return None
        base, inner = forms[node.inputs[0]]
        outer = _Ratio(*map(_polynomial, record.ratio(node.attributes)))
        if outer.degree * inner.degree > MAX_FUSED_DEGREE:
            return None
        top, bottom = (_homogeneous(p, inner, outer.degree) for p in (outer.num, outer.den))
        return base, _Ratio.lowest(top, bottom)
    combine = operation(node).entrywise
    if combine is None or node.weights:
        return None
    base, first = forms[node.inputs[0]]
    if len(node.inputs) == 2:
        other, second = forms[node.inputs[1]]
        if other != base:
            return None
    else:
        second = _Ratio(_polynomial((rational(node.attributes, "constant"),)), _ONE)
    if node.attributes.get("reversed"):
        first, second = second, first
    try:
        return base, combine(first, second)
    except ZeroDivisionError:
        return None


def _homogeneous(p: flint.fmpq_poly, inner: _Ratio, degree: int) -> flint.fmpq_poly:
    """den^degree * p(num / den)."""
    total = flint.fmpq_poly([0])
    for k, c in enumerate(p.coeffs()):
        total += c * inner.num**k * inner.den ** (degree - k)
    return total


def _polynomial(coefficients: tuple[Fraction, ...]) -> flint.fmpq_poly:
    return flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in coefficients])


def _coefficients(p: flint.fmpq_poly) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(c.p), int(c.q)) for c in p.coeffs()) or (Fraction(0),)


def _activation(node: Node, form: Form) -> Node:
    base, ratio = form
    if ratio.den == _ONE:
        attributes: dict[str, object] = {"function": "polynomial", "coefficients": _coefficients(ratio.num)}
    else:
        attributes = {"function": "rational", "numerator": _coefficients(ratio.num), "denominator": _coefficients(ratio.den)}
    return Node(node.name, "activation", (base,), {}, attributes, node.path)


class _Terms(dict[Exponents, Fraction]):
    """A polynomial in x and T: exponents -> coefficient."""

    def __add__(self, other: _Terms) -> _Terms:
        return _Terms({k: self.get(k, Fraction(0)) + other.get(k, Fraction(0)) for k in {**self, **other}})

    def __mul__(self, other: _Terms) -> _Terms:
        out = _Terms()
        for (i, j), c in self.items():
            for (k, l), d in other.items():
                out[i + k, j + l] = out.get((i + k, j + l), Fraction(0)) + c * d
        return out


_BARE = _Terms({(1, 0): Fraction(1)})
_MOST_TERMS = 16
"""Most products of terms that are multiplied out: no activation is written with more."""

Mixed = tuple[str, str | None, _Terms]
"""A value as a polynomial in its base x and one transcendental activation T of x: the base, the node of T, the terms."""


def _recognised(network: Network) -> Network:
    """x (1 + erf(x/sqrt 2))/2 and its tanh approximation become gelu, x sigmoid(x) becomes silu: what `Spelling`s say."""
    by_name = {node.name: node for node in network.nodes}
    mixed: dict[str, Mixed] = {}
    nodes = []
    for node in network.nodes:
        own: Mixed = (node.name, None, _BARE)
        mixed[node.name] = found = _mixed(node, mixed) or own
        base, transcendental, terms = found
        if transcendental is not None and transcendental != node.name:
            attributes, factor = _named(by_name[transcendental], mixed, terms)
            if attributes is not None:
                scaled = Node(node.name if factor == 1 else f"{node.name} unscaled", "activation", (base,), {}, attributes, node.path)
                mixed[node.name] = own
                nodes.append(scaled)
                if factor == 1:
                    continue
                times: dict[str, object] = {"function": "polynomial", "coefficients": (Fraction(0), factor)}
                node = Node(node.name, "activation", (scaled.name,), {}, times, node.path)
        nodes.append(node)
    return replace(network, nodes=tuple(nodes))


def _mixed(node: Node, mixed: Mapping[str, Mixed]) -> Mixed | None:
    combine = operation(node).entrywise
    if combine is not None and len(node.inputs) == 2 and node.kind in ("add", "multiply"):
        (base, t, a), (other, u, b) = (mixed[n] for n in node.inputs)
        if base != other or (t and u and t != u) or (node.kind == "multiply" and len(a) * len(b) > _MOST_TERMS):
            return None
        return base, t or u, combine(a, b)
    if node.function is None:
        return None
    base, t, a = mixed[node.inputs[0]]
    if t is None and any(node.function == spelling.inner for _, spelling in _SPELLED):
        return base, node.name, _Terms({(0, 1): Fraction(1)})
    record = activation(node.attributes)
    if not isinstance(record, Algebraic) or record.degree(node.attributes) is None:
        return None
    coefficients, _ = record.ratio(node.attributes)
    if t is None and a == _BARE:
        return base, None, _Terms({(k, 0): c for k, c in enumerate(coefficients) if c})
    if len(coefficients) == 2:
        constant, slope = coefficients
        return base, t, _Terms({k: slope * c for k, c in a.items()}) + _Terms({(0, 0): constant})
    return None


def _named(inner: Node, mixed: Mapping[str, Mixed], terms: _Terms) -> tuple[dict[str, object] | None, Fraction]:
    """The attributes of the activation of which the terms are a multiple, or None, and the factor."""
    there = {k: c for k, c in terms.items() if c}
    _, _, argument = mixed[inner.inputs[0]]
    for name, spelling in _SPELLED:
        multiple = set(there) == spelling.terms and len(set(there.values())) == 1
        fits = all(inner.attributes.get(k) == v for k, v in spelling.inner_attributes.items())
        if inner.function == spelling.inner and fits and multiple and _fits(argument, spelling):
            return {"function": name, **spelling.attributes}, spelling.factor * next(iter(there.values()))
    return None, Fraction(0)


def _fits(argument: _Terms, spelling: Spelling) -> bool:
    expected = spelling.argument
    return set(argument) == set(expected) and all(
        argument[k] == v if isinstance(v, Fraction) else isclose(argument[k], v, rel_tol=_CONSTANT_TOLERANCE)
        for k, v in expected.items()
    )


def _straightened(network: Network) -> Network:
    """Reshapes of reshapes and transpositions of transpositions become one, or none where nothing changes."""
    shapes = network.shapes()
    by_name: dict[str, Node] = {}
    for node in network.nodes:
        merged = operation(node).merged
        if merged is not None:
            before = by_name[node.inputs[0]]
            node = merged(before, node) if before.kind == node.kind else node
            if operation(node).idle(node, shapes[node.inputs[0]], shapes[node.name]):
                node = _identity(node)
        by_name[node.name] = node
    return replace(network, nodes=tuple(by_name.values()))


def _identity(node: Node) -> Node:
    """A node that does nothing, which `_without_unused` passes over."""
    identity: dict[str, object] = {"function": "polynomial", "coefficients": (Fraction(0), Fraction(1))}
    return Node(node.name, "activation", node.inputs, {}, identity, node.path)


def _without_unused(network: Network) -> Network:
    """The nodes that the output needs. An activation that is the identity is passed over."""
    same: dict[str, str] = {}
    nodes = []
    for node in network.nodes:
        node = replace(node, inputs=tuple(same.get(n, n) for n in node.inputs))
        if node.function is not None and operation(node).idle(node, (), ()):
            same[node.name] = node.inputs[0]
        else:
            nodes.append(node)
    output = same.get(network.output, network.output)
    needed = {output}
    kept = []
    for node in reversed(nodes):
        if node.name in needed or node.is_input:
            kept.append(node)
            needed.update(node.inputs)
    return replace(network, nodes=tuple(reversed(kept)), output=output)
