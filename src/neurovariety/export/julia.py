"""Scripts for Julia: HomotopyContinuation.jl for numbers of points, Oscar for equations."""

from __future__ import annotations

from fractions import Fraction

from neurovariety.export.question import Question

COUNTED = (
    "The script counts weights, counts those over one function, and divides.",
    "Counted by path tracking in floating-point numbers, which can lose a solution.",
)


def write(asked: Question) -> str:
    """The script; its last line prints ``question = answer``."""
    body = {"dimension": _dimension, "equations": _equations, "degree": _degree, "ed-degree": _ed_degree}[asked.question]
    return "\n".join([*asked.heading("#", COUNTED), "", *body(asked), ""])


def _names(asked: Question) -> list[str]:
    return [name.flat for name in asked.parametrization.names]


def _number(c: Fraction) -> str:
    return f"({c.numerator}//{c.denominator})" if c.denominator > 1 else str(c)


def _phi(entries: list[str], kind: str = "Expression") -> list[str]:
    return [f"phi = {kind}[", *(f"    {e}," for e in entries), "]"]


def _dimension(asked: Question) -> list[str]:
    names = _names(asked)
    return [
        *_start(asked),
        f"@var {' '.join(names)}",
        f"weights = [{', '.join(names)}]",
        *_phi(asked.parametrization.written(names, "^", _number)),
        "# The numerical rank of the Jacobian at a random complex point.",
        "jacobian_at_point = ComplexF64.(evaluate(differentiate(phi, weights), weights => randn(ComplexF64, length(weights))))",
        'println("dimension = ", rank(jacobian_at_point; rtol = 1e-9))',
    ]


def _equations(asked: Question) -> list[str]:
    names, p = _names(asked), asked.parametrization
    lines = [
        "using Oscar",
        f"weight_ring, ({', '.join(names)},) = polynomial_ring(QQ, [{', '.join(map(_quoted, names))}])",
        *_phi(p.written(names, "^", _number), ""),
        f"coordinate_ring, c = polynomial_ring(QQ, [{', '.join(_quoted(f'c_{j}') for j in range(p.count))}])",
        "# Every polynomial in the coordinates that vanishes identically in the weights.",
        "equation_ideal = kernel(hom(coordinate_ring, weight_ring, weight_ring.(phi)))",
        "equations = filter(!iszero, gens(equation_ideal))",
    ]
    if asked.at_most:
        lines += [f"equations = filter(g -> total_degree(g) <= {asked.at_most}, equations)"]
    return [
        *lines,
        "foreach(println, equations)",
        "degrees = total_degree.(equations)",
        'println("equations = ", join(["$d:$(count(==(d), degrees))" for d in sort(unique(degrees))], " "))',
    ]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _chart(asked: Question) -> list[str]:
    names = _names(asked)
    free = [names[i] for i in asked.chart.free]
    return [
        *_start(asked),
        f"@var {' '.join(free)}",
        f"weights = [{', '.join(free)}]",
        *_phi(asked.restricted(names, "^", _number)),
        "jacobian_of_phi = differentiate(phi, weights)",
        f"regular(w) = rank(ComplexF64.(evaluate(jacobian_of_phi, weights => w)); rtol = 1e-8) == {asked.dimension}",
        "# Weights over one general function of the chart: solutions of general combinations that hit all coordinates.",
        "point = randn(ComplexF64, length(weights))",
        "values_at_point = ComplexF64.(evaluate(phi, weights => point))",
        "over_point = solve(System(randn(ComplexF64, length(weights), length(phi)) * (phi - values_at_point); variables = weights))",
        "near(w) = norm(ComplexF64.(evaluate(phi, weights => w)) - values_at_point) < 1e-6 * norm(values_at_point)",
        "fiber_count = count(w -> near(w) && regular(w), solutions(over_point))",
    ]


def _start(asked: Question) -> list[str]:
    return ["using HomotopyContinuation, LinearAlgebra, Random", f"Random.seed!({asked.seed})"]


def _quotient(question: str, count: str) -> list[str]:
    lost = '"undecided: solutions were lost, run again with another seed"'
    return [
        f"quotient = {count} // fiber_count",
        f'println("{question} = ", isinteger(quotient) ? numerator(quotient) : {lost})',
    ]


def _degree(asked: Question) -> list[str]:
    return [
        *_chart(asked),
        "# Weights whose function lies on a general affine space of complementary dimension.",
        "slices = randn(ComplexF64, length(weights), length(phi))",
        "on_slice = solve(System(slices * phi - randn(ComplexF64, length(weights)); variables = weights))",
        "slice_count = count(regular, solutions(on_slice))",
        *_quotient("degree", "slice_count"),
    ]


def _ed_degree(asked: Question) -> list[str]:
    return [
        *_chart(asked),
        "# Critical weights of Q(phi - u) on the chart, where the Jacobian does not drop rank.",
        "half = randn(ComplexF64, length(phi), length(phi))",
        "quadric = half + transpose(half)",
        "data_point = randn(ComplexF64, length(phi))",
        "critical = solve(System(transpose(jacobian_of_phi) * quadric * (phi - data_point); variables = weights))",
        "critical_count = count(regular, solutions(critical))",
        *_quotient("ed-degree", "critical_count"),
    ]
