"""Scripts for SageMath, written in Python's own syntax (powers as ``**``), so that they also run as Python files."""

from __future__ import annotations

from fractions import Fraction

from neurovariety.export.question import COUNTED, PRIME, Question


def write(asked: Question) -> str:
    """The script; its last line prints ``question = answer``."""
    body = {"dimension": _dimension, "equations": _equations, "degree": _degree, "ed-degree": _ed_degree}[asked.question]
    extra = ["from sage.libs.singular.function import singular_function"] if asked.question == "equations" else []
    return "\n".join([*asked.heading("#", COUNTED), "", "from sage.all import *", *extra, "", *body(asked), ""])


def _names(asked: Question) -> list[str]:
    return [name.flat for name in asked.parametrization.names]


def _ring(field: str, variables: list[str]) -> list[str]:
    return [
        f"field = {field}",
        f"weight_ring = PolynomialRing(field, {len(variables)}, {variables!r})",
        f"{', '.join(variables)}, = weight_ring.gens()",
    ]


def _phi(entries: list[str]) -> list[str]:
    return ["phi = [", *(f"    weight_ring({e})," for e in entries), "]"]


def _dimension(asked: Question) -> list[str]:
    names = _names(asked)
    return [
        *_ring(f"GF({PRIME})", names),
        *_phi(asked.parametrization.written(names, "**", _number)),
        "# The rank of the Jacobian at a random point is the dimension, unless the point is special.",
        "jacobian_of_phi = jacobian(phi, weight_ring.gens())",
        f"point = {asked.point!r}",
        'print("dimension =", matrix(field, [[f(*point) for f in row] for row in jacobian_of_phi]).rank())',
    ]


def _number(c: Fraction) -> str:
    """A positive rational number as an element of the field, since Python would round 1/3."""
    return f"field({c.numerator})/{c.denominator}" if c.denominator > 1 else str(c)


def _equations(asked: Question) -> list[str]:
    names, p = _names(asked), asked.parametrization
    coordinates = [f"c_{j}" for j in range(p.count)]
    lines = [
        *_ring("QQ", [*names, *coordinates]),
        *_phi(p.written(names, "**", _number)),
        "# Every polynomial in the coordinates that vanishes identically in the weights.",
        f"graph = weight_ring.ideal([c - f for c, f in zip([{', '.join(coordinates)}], phi)])",
        f"found = graph.elimination_ideal([{', '.join(names)}])",
        "# Minimal generators, if the ideal is homogeneous; else a Groebner basis stays as it is.",
        'basis = singular_function("minbase")(found) if found.is_homogeneous() else found.gens()',
        "equations = [g for g in basis if g != 0]",
    ]
    if asked.at_most:
        lines += [f"equations = [g for g in equations if g.degree() <= {asked.at_most}]"]
    return [
        *lines,
        "for g in equations:",
        "    print(g)",
        "degrees = sorted({g.degree() for g in equations})",
        'print("equations =", " ".join(f"{d}:{sum(g.degree() == d for g in equations)}" for d in degrees))',
    ]


def _chart(asked: Question) -> list[str]:
    names = _names(asked)
    free = [names[i] for i in asked.chart.free]
    return [
        "# The last variable is the inverse of a minor of the Jacobian, which must not vanish.",
        *_ring(f"GF({PRIME})", [*free, "inverse_of_minor"]),
        *_phi(asked.restricted(names, "**", _number)),
        "weights = weight_ring.gens()[:-1]",
        "jacobian_of_phi = jacobian(phi, weights)",
        f"big_minor = jacobian_of_phi.matrix_from_rows({list(asked.chart.rows)!r}).det()",
        "regular = inverse_of_minor * big_minor - 1",
        "# Weights over one general function of the chart.",
        f"point = {[*asked.chart.point, 0]!r}",
        "fiber_count = ZZ(weight_ring.ideal([f - f(*point) for f in phi] + [regular]).vector_space_dimension())",
    ]


def _degree(asked: Question) -> list[str]:
    return [
        *_chart(asked),
        "# Weights whose function lies on a general affine space of complementary dimension.",
        f"slices = matrix(weight_ring, {asked.slices!r})",
        f"levels = vector(weight_ring, {asked.levels!r})",
        "slice_ideal = weight_ring.ideal(list(slices * vector(phi) - levels) + [regular])",
        'print("degree =", ZZ(slice_ideal.vector_space_dimension()) / fiber_count)',
    ]


def _ed_degree(asked: Question) -> list[str]:
    return [
        *_chart(asked),
        "# Critical weights of Q(phi - u) on the chart.",
        f"quadric = matrix(weight_ring, {asked.quadric!r})",
        f"data_point = vector(weight_ring, {asked.target!r})",
        "critical = weight_ring.ideal(list(jacobian_of_phi.transpose() * quadric * (vector(phi) - data_point)) + [regular])",
        'print("ed-degree =", ZZ(critical.vector_space_dimension()) / fiber_count)',
    ]
