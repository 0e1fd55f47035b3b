"""Tangent spaces at the function of exact weights, with models that agree: each refusal alone, at both sides of where it begins."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.functions import DIMENSION, Coefficients, Equation, Place
from neurovariety.certificates.hilbert_function import GenerateAll, HilbertFunction
from neurovariety.certificates.known_equations import VANISH, KnownEquations
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.tangent_spaces import (
    SecondDerivative,
    SingularByEquations,
    SingularByTangents,
    SmoothByTangents,
    TangentAtLeast,
    TangentAtMost,
    TangentOfSmooth,
    TangentRange,
    TangentVectorsOfModel,
)
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

P = 101
UP, DOWN, LIKELY = Claim.UPPER_BOUND, Claim.LOWER_BOUND, Claim.PROBABILITY
AT = (Fraction(2), Fraction(1, 2))
SAME = (Fraction(-2), Fraction(-1, 2))
NAMED = "at the function of the weights 2, 1/2"
TANGENT, STATUS = f"tangent space {NAMED}", "singularities: status"
CONE = Equation(2, (((0, 1), 1), ((2, 2), -1)))
"""x y - z^2, whose gradient is (y, x, -2 z)."""
EQUATIONS = KnownEquations(M, (CONE,), 3)
KNOWN = premise(VANISH, 1, certificate=EQUATIONS)
ALL = GenerateAll(
    premise("forms", (1,), certificate=HilbertFunction(KNOWN, (1,), (), P)),
    ModularRank(M, Place(DIMENSION, P, np.zeros(0), np.zeros(0), np.zeros(0), None), 2),
    True,
)
GENERATE = premise("generate", 1, LIKELY, certificate=ALL, scope=("g",), error=0.25)
CLOSURE = premise(DIMENSION, 2, scope=("d",))


def functions(at=lambda w: {"x": w[0] * w[0], "y": w[1] * w[1], "z": w[0] * w[1]}, **answers):
    return agreeing(Coefficients, **{"coefficient_names": ("x", "y", "z"), "function_at": at, **answers})


def vertex(weights):
    return {}


def test_from_above_by_gradients():
    own = TangentAtMost(KNOWN, AT, 2)
    verdict = check_both_sides(
        own,
        functions(),
        [{"value": 3}, {"value": 3, "model": {"function_at": vertex}}],
        [
            {"value": 1},
            {"model": {"function_at": vertex}},
            {"weights": AT[:1]},
            {"known": premise(VANISH, 1, LIKELY, certificate=EQUATIONS)},
            {"known": premise(VANISH, 1, certificate=replace(EQUATIONS, subject="another"))},
            {"known": premise(VANISH, 1)},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (TANGENT, 2, UP, (), 0.0)
    affine = replace(EQUATIONS, equations=(Equation(2, (((0, 0), 1), ((1, 3), -1), ((3, 3), 7))),))  # x^2 - y + 7
    at_zero = {"known": premise(VANISH, 1, certificate=affine), "model": {"function_at": vertex}}
    assert outcome(own, functions(), at_zero) is not None  # of gradient (0, -1, 0) there
    twice = replace(EQUATIONS, equations=(CONE, Equation(2, (((0, 1), 3), ((2, 2), -3)))))
    assert outcome(replace(own, value=1), functions(), {"known": premise(VANISH, 2, certificate=twice)}) is None
    # At (2, 1, 0): x^2 y has the gradient (4, 4, 0), and (x - 2)^2 / 4 + x + y the gradient (1, 1, 0).
    bent = Equation(3, (((0, 0, 1), 1),)), Equation(2, (((0, 0), 1), ((1, 3), 4), ((3, 3), 4)))
    of_two = {"model": {"function_at": always({"x": 2, "y": 1})}}
    for equations, rank in ((bent, 1), ((bent[0], replace(bent[1], terms=(((0, 0), 1), ((1, 3), 3)))), 2)):
        own_known = premise(VANISH, 2, certificate=replace(EQUATIONS, equations=equations))
        for value in (0, 1, 2):
            assert (outcome(replace(own, value=value), functions(), {"known": own_known, **of_two}) is None) is (value < 3 - rank)
    none = replace(EQUATIONS, equations=())
    assert outcome(replace(own, value=3), functions(), {"known": premise(VANISH, 0, certificate=none)}) is not None
    assert outcome(own, functions(), {"known": premise(VANISH, 0, certificate=none)}) is None


def tangents(rank=2, **answers):
    """J has the kernel (2, 1) at the weights, and (1, 0) at the others; the rank is asked of these residues."""
    kernels = {AT: [[1, -2]], SAME: [[0, 1]]}

    def jacobian(weights, inputs):
        return flint.fmpq_mat(1, 2, [flint.fmpq(v) for v in kernels[weights][0]])

    def ranked(prime, weights, second, inputs):
        expected = [[2, 51], [99, 50]][: len(weights)]
        vectors = {(): 0, ((0, (4, 2), (3, 100)),): 1, ((0, (1, 51), (3, 100)),): 1, ((1, (1, 0), (0, 1)),): 1}
        asked = tuple((at, tuple(c), tuple(v)) for at, c, v in second)
        return rank + len(weights) - 2 + vectors[asked] if weights == expected and inputs is RESIDUES else 0

    given = {"coefficient_names": (), "function_at": always({"x": 1}), "jacobian_over_q": jacobian, "tangent_rank": ranked}
    return agreeing(TangentVectorsOfModel, **{**given, **answers})


RESIDUES = np.zeros((2, 1))
BENT = SecondDerivative(0, (Fraction(4), Fraction(2)), (3, -1))
OTHER = SecondDerivative(1, (Fraction(1), Fraction(0)), (0, 1))


def test_from_below_by_derivatives():
    own = TangentAtLeast(M, AT, (SAME,), (BENT,), P, RESIDUES, 3)
    ours, theirs = {"x": 1}, {"x": 2}
    verdict = check_both_sides(
        own,
        tangents(),
        [
            {"value": 2},
            {"second": (replace(BENT, c=(Fraction(1), Fraction(1, 2))),)},
            {"second": (OTHER,)},
            {"second": (), "value": 2},
            {"others": (), "value": 2},
            {"others": (), "value": 2, "model": {"function_at": lambda w: 1 / 0}},
        ],
        [
            {"subject": "another"},
            {"model": {"generic": True}},
            {"prime": 9},
            {"prime": 1},
            {"value": 4},
            {"second": (), "value": 3},
            {"others": ()},
            {"weights": AT[:1]},
            {"others": (SAME[:1],)},
            {"model": {"function_at": lambda w: ours if w == AT else theirs}},
            *({"second": (replace(BENT, at=k),)} for k in (-1, 1, 2)),
            {"second": (replace(OTHER, at=2),)},
            {"second": (replace(BENT, c=(Fraction(4), Fraction(3))),)},
            {"second": (replace(BENT, c=(Fraction(4), Fraction(2), Fraction(0))),)},
            {"second": (replace(BENT, v=(3,)),)},
            {"second": (replace(BENT, v=(3, -1, 0)),)},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (TANGENT, 3, DOWN, (), 0.0)


HIGH, LOW = premise(TANGENT, 2, UP, error=0.125), premise(TANGENT, 3, DOWN, error=0.125)


def test_residues_are_those_of_a_prime():
    own = TangentAtLeast(M, AT, (), (), P, RESIDUES, 2)
    for prime in (P, 9, 25, 1, 2**64 + 13):
        assert (outcome(own, tangents(tangent_rank=always(2)), {"prime": prime}) is None) is (prime != P)


def named(known, claim=None):
    """As another tangent space, or none."""
    for kind in ("tangent cone", f"a {TANGENT}"):
        yield premise(kind, known.statement.value, claim or known.claim)
    yield from twins(known, tuple(c for c in (UP, DOWN, Claim.PROVED, LIKELY) if c is not known.claim))


def test_smooth_and_singular():
    smooth = check_both_sides(
        SmoothByTangents(HIGH, CLOSURE),
        functions(),
        [{"tangent": premise(TANGENT, 1, UP)}, *({"dimension": premise(DIMENSION, 2, c)} for c in (LIKELY, DOWN))],
        [
            {"tangent": premise(TANGENT, 3, UP)},
            *({"tangent": v} for v in named(HIGH)),
            *({"dimension": v} for v in twins(CLOSURE, (UP,))),
        ],
    )
    assert (smooth.statement.kind, *said(smooth)) == (STATUS, "smooth", Claim.PROVED, (NAMED,), 0.125)
    singular = check_both_sides(
        SingularByTangents(LOW, CLOSURE),
        functions(),
        [{"dimension": premise(DIMENSION, 2, UP)}],
        [
            {"tangent": premise(TANGENT, 2, DOWN)},
            *({"tangent": v} for v in named(LOW)),
            *({"dimension": v} for v in twins(CLOSURE, (DOWN, LIKELY))),
        ],
    )
    assert (singular.statement.kind, *said(singular)) == (STATUS, "singular", Claim.PROVED, (NAMED,), 0.125)


def test_singular_by_all_equations():
    own = SingularByEquations(KNOWN, GENERATE, AT, CLOSURE)
    another = premise(VANISH, 1, certificate=replace(EQUATIONS))
    verdict = check_both_sides(
        own,
        functions(vertex),
        [{"dimension": premise(DIMENSION, 2, UP)}],
        [
            {"model": {"function_at": functions().function_at}},
            {"dimension": premise(DIMENSION, 3)},
            *({"dimension": v} for v in twins(CLOSURE, (DOWN, LIKELY))),
            {"weights": AT[:1]},
            {"known": another},
            {"generate": premise("generate", 1, LIKELY, certificate=replace(ALL, complete=False))},
            {"generate": premise("generate", 1, LIKELY)},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (STATUS, "singular", LIKELY, (NAMED,), 0.25)


def test_both_bounds():
    own = TangentRange(AT, LOW, HIGH)
    elsewhere = premise("tangent space at the function of the weights 2, 1/3", 3, DOWN), premise(f"{TANGENT}, 1", 3, UP)
    verdict = check_both_sides(
        own,
        functions(),
        [{"upper": None}, *({"lower": premise(DIMENSION, 3, c)} for c in (Claim.PROVED, LIKELY, DOWN))],
        [
            *({"lower": v} for v in named(LOW)),
            *({"upper": v} for v in named(HIGH)),
            {"lower": elsewhere[0]},
            {"lower": elsewhere[0], "upper": None},
            {"upper": elsewhere[1]},
            {"upper": premise(DIMENSION, 2, UP)},
            {"weights": SAME},
            *({"lower": v} for v in twins(premise(DIMENSION, 3), (UP,))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("singularities: tangent_space", [3, 2], Claim.PROVED, (NAMED,), 0.0)
    alone = outcome(own, functions(), {"upper": None, "lower": premise(DIMENSION, 1, DOWN)})
    assert alone.statement.value == [1, None]


def test_of_smooth_functions():
    smooth = premise(STATUS, "smooth", scope=(NAMED, "d"), error=0.25)
    likely = premise(DIMENSION, 2, LIKELY, scope=("d",), error=0.5)
    own = TangentOfSmooth(likely, smooth)
    verdict = check_both_sides(
        own,
        functions(),
        [{"status": None}, {"whole": CLOSURE}, {"whole": premise(DIMENSION, 2, DOWN)}],
        [
            *({"whole": v} for v in twins(likely, (UP,))),
            {"status": premise(STATUS, "singular")},
            *({"status": v} for v in [*twins(smooth)][:3]),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("singularities: tangent_space", [2, 2], LIKELY, ("d", NAMED), 0.75)
    cone = outcome(own, functions(), {"status": None})
    assert (cone.statement.kind, *said(cone)) == ("singularities: tangent_cone", 2, LIKELY, ("d",), 0.5)
