"""Normal form of a graph: entrywise chains of one value become one activation, biases join their layers, unused nodes go.

Exported graphs write x^3 + x^2 as powers, products and sums, GELU as its error function, a bias as an addition. A chain of additions,
products and quotients of one value and rational constants is a rational function of that value, found here exactly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from math import isclose, pi, sqrt
from typing import Any

import flint

from neurovariety.checkpoints.graph.network import Network, Node

MAX_FUSED_DEGREE = 64
"""Largest degree of an activation that is put together from several nodes: composition multiplies degrees, and a chain of squares
would become one dense polynomial of astronomical degree."""

_CONSTANT_TOLERANCE = 1e-6
"""How far 1/sqrt(2), sqrt(2/pi) and 0.044715 in a graph may lie from their values: they are stored in single precision."""

_ONE = flint.fmpq_poly([1])
_X = flint.fmpq_poly([0, 1])

Form = tuple[str, flint.fmpq_poly, flint.fmpq_poly]
"""A value as numerator / denominator, polynomials in another value, its base."""


def fused(network: Network) -> Network:
    """The same function with fewer, larger nodes."""
    out = _without_unused(_straightened(_recognised(_without_unused(_composed(_with_biases(network))))))
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
            and before.kind in ("linear", "conv")
            and "bias" not in before.weights
            and readers[before.name] == 1
            and before.name != network.output
        ):
            key, filters = node.weights["weight"], network.weights[before.weights["weight"]]
            channels = (filters.shape[0], *(1 for _ in filters.shape[2:]))
            if network.weights[key].shape == channels and (before.kind == "linear" or uses[key] == 1):
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
        own: Form = (node.name, _X, _ONE)
        form = _form(node, forms) or own
        if max(form[1].degree(), form[2].degree()) > MAX_FUSED_DEGREE:
            form = own
        forms[node.name] = form
        nodes.append(node if form is own else _activation(node, form))
    return replace(network, nodes=tuple(nodes))


def _form(node: Node, forms: dict[str, Form]) -> Form | None:
    if node.kind == "activation":
        base, num, den = forms[node.inputs[0]]
        function = node.attributes["function"]
        if function == "polynomial":
            top, bottom = _polynomial(node.attributes["coefficients"]), _ONE
        elif function == "rational":
            top, bottom = _polynomial(node.attributes["numerator"]), _polynomial(node.attributes["denominator"])
        else:
            return None
        if max(top.degree(), bottom.degree()) * max(num.degree(), den.degree()) > MAX_FUSED_DEGREE:
            return None
        degree = max(top.degree(), bottom.degree())
        return _lowest(base, _homogeneous(top, num, den, degree), _homogeneous(bottom, num, den, degree))
    if node.kind not in ("add", "subtract", "multiply", "divide") or node.weights:
        return None
    base, a, p = forms[node.inputs[0]]
    if len(node.inputs) == 2:
        other, b, q = forms[node.inputs[1]]
        if other != base:
            return None
    else:
        b, q = _polynomial((node.attributes["constant"],)), _ONE
    if node.attributes.get("reversed"):
        a, p, b, q = b, q, a, p
    if node.kind == "multiply":
        return _lowest(base, a * b, p * q)
    if node.kind == "divide":
        return _lowest(base, a * q, p * b) if b != 0 else None
    return _lowest(base, a * q + b * p if node.kind == "add" else a * q - b * p, p * q)


def _lowest(base: str, num: flint.fmpq_poly, den: flint.fmpq_poly) -> Form:
    common = num.gcd(den) if den.degree() > 0 else _ONE
    lead = den.coeffs()[-1]
    return base, (num // common) / lead, (den // common) / lead


def _homogeneous(p: flint.fmpq_poly, num: flint.fmpq_poly, den: flint.fmpq_poly, degree: int) -> flint.fmpq_poly:
    """den^degree * p(num / den)."""
    total = flint.fmpq_poly([0])
    for k, c in enumerate(p.coeffs()):
        total += c * num**k * den ** (degree - k)
    return total


def _polynomial(coefficients: tuple[Fraction, ...]) -> flint.fmpq_poly:
    return flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in coefficients])


def _coefficients(p: flint.fmpq_poly) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(c.p), int(c.q)) for c in p.coeffs()) or (Fraction(0),)


def _activation(node: Node, form: Form) -> Node:
    base, num, den = form
    if den == _ONE:
        attributes: dict[str, Any] = {"function": "polynomial", "coefficients": _coefficients(num)}
    else:
        attributes = {"function": "rational", "numerator": _coefficients(num), "denominator": _coefficients(den)}
    return Node(node.name, "activation", (base,), {}, attributes, node.path)


Terms = dict[tuple[int, int], Fraction]
Mixed = tuple[str, str | None, Terms]
"""A value as a polynomial in its base x and one transcendental activation T of x: the base, the node of T, (i, j) -> coefficient."""


def _recognised(network: Network) -> Network:
    """x (1 + erf(x/sqrt 2))/2 and its tanh approximation become gelu, x sigmoid(x) becomes silu."""
    by_name = {node.name: node for node in network.nodes}
    mixed: dict[str, Mixed] = {}
    nodes = []
    for node in network.nodes:
        own: Mixed = (node.name, None, {(1, 0): Fraction(1)})
        mixed[node.name] = found = _mixed(node, mixed) or own
        base, transcendental, terms = found
        if transcendental is not None and transcendental != node.name:
            attributes, factor = _named(by_name[transcendental], mixed, terms)
            if attributes is not None:
                whole = Node(node.name if factor == 1 else f"{node.name} unscaled", "activation", (base,), {}, attributes, node.path)
                mixed[node.name] = own
                nodes.append(whole)
                if factor == 1:
                    continue
                scaled = {"function": "polynomial", "coefficients": (Fraction(0), factor)}
                node = Node(node.name, "activation", (whole.name,), {}, scaled, node.path)
        nodes.append(node)
    return replace(network, nodes=tuple(nodes))


def _mixed(node: Node, mixed: dict[str, Mixed]) -> Mixed | None:
    if node.kind == "multiply" and len(node.inputs) == 2:
        (base, t, a), (other, u, b) = (mixed[n] for n in node.inputs)
        if base != other or len(a) * len(b) > 16 or (t and u and t != u):
            return None
        product: Terms = {}
        for (i, j), c in a.items():
            for (k, l), d in b.items():
                product[i + k, j + l] = product.get((i + k, j + l), Fraction(0)) + c * d
        return base, t or u, product
    if node.kind == "add" and len(node.inputs) == 2:
        (base, t, a), (other, u, b) = (mixed[n] for n in node.inputs)
        if base != other or (t and u and t != u):
            return None
        return base, t or u, {k: a.get(k, Fraction(0)) + b.get(k, Fraction(0)) for k in {**a, **b}}
    if node.kind != "activation":
        return None
    base, t, a = mixed[node.inputs[0]]
    function = node.attributes["function"]
    if function in ("erf", "tanh", "sigmoid") and t is None:
        return base, node.name, {(0, 1): Fraction(1)}
    if function == "polynomial" and (len(node.attributes["coefficients"]) == 2 or (t is None and a == {(1, 0): Fraction(1)})):
        if t is None and a == {(1, 0): Fraction(1)}:
            return base, None, {(k, 0): c for k, c in enumerate(node.attributes["coefficients"]) if c}
        constant, slope = node.attributes["coefficients"]
        scaled = {k: slope * c for k, c in a.items()}
        scaled[0, 0] = scaled.get((0, 0), Fraction(0)) + constant
        return base, t, scaled
    return None


def _named(inner: Node, mixed: dict[str, Mixed], terms: Terms) -> tuple[dict[str, Any] | None, Fraction]:
    """The attributes of the activation of which the terms are a multiple, or None, and the factor."""
    terms = {k: c for k, c in terms.items() if c}
    _, _, argument = mixed[inner.inputs[0]]
    function, factor = inner.attributes["function"], terms.get((1, 1), Fraction(0))
    if function == "sigmoid" and set(terms) == {(1, 1)} and argument == {(1, 0): 1}:
        return {"function": "silu"}, factor
    if terms == {(1, 0): factor, (1, 1): factor}:
        if function == "erf" and _near(argument, {(1, 0): sqrt(0.5)}):
            return {"function": "gelu", "approximate": "none"}, 2 * factor
        if function == "tanh" and _near(argument, {(1, 0): sqrt(2 / pi), (3, 0): sqrt(2 / pi) * 0.044715}):
            return {"function": "gelu", "approximate": "tanh"}, 2 * factor
    return None, factor


def _near(terms: Terms, expected: dict[tuple[int, int], float]) -> bool:
    return set(terms) == set(expected) and all(isclose(terms[k], v, rel_tol=_CONSTANT_TOLERANCE) for k, v in expected.items())


def _straightened(network: Network) -> Network:
    """Reshapes of reshapes and transpositions of transpositions become one, or none where nothing changes."""
    shapes = network.shapes()
    by_name: dict[str, Node] = {}
    for node in network.nodes:
        before = by_name[node.inputs[0]] if node.inputs else node
        if node.kind == "reshape":
            start = before.inputs[0] if before.kind == "reshape" else node.inputs[0]
            node = replace(node, inputs=(start,))
            if shapes[start] == shapes[node.name]:
                node = _identity(node)
        elif node.kind == "transpose":
            order = tuple(node.attributes["permutation"])
            if before.kind == "transpose":
                order = tuple(before.attributes["permutation"][k] for k in order)
                node = replace(node, inputs=before.inputs, attributes={"permutation": order})
            if order == tuple(range(len(order))):
                node = _identity(node)
        by_name[node.name] = node
    return replace(network, nodes=tuple(by_name.values()))


def _identity(node: Node) -> Node:
    """A node that does nothing, which `_without_unused` passes over."""
    identity = {"function": "polynomial", "coefficients": (Fraction(0), Fraction(1))}
    return Node(node.name, "activation", node.inputs, {}, identity, node.path)


def _without_unused(network: Network) -> Network:
    """The nodes that the output needs. An activation that is the identity is passed over."""
    same: dict[str, str] = {}
    nodes = []
    for node in network.nodes:
        node = replace(node, inputs=tuple(same.get(n, n) for n in node.inputs))
        if node.kind == "activation" and node.attributes.get("coefficients") == (0, 1):
            same[node.name] = node.inputs[0]
        else:
            nodes.append(node)
    output = same.get(network.output, network.output)
    needed = {output}
    kept = []
    for node in reversed(nodes):
        if node.name in needed or node.kind == "input":
            kept.append(node)
            needed.update(node.inputs)
    return replace(network, nodes=tuple(reversed(kept)), output=output)
