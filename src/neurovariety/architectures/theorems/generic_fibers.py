"""Theorems that count the points of the generic fiber of a parametrization modulo its stated symmetries, over the complex numbers.

Each returns a `Theorem` whose quantity is ``generic fiber`` and whose value is the count, or None where no theorem decides.
"""

from __future__ import annotations

import itertools
from math import factorial, prod

from neurovariety.architectures.theorems.dimension_bounds import forms
from neurovariety.theorem import GENERIC_FIBER, Hypothesis, Theorem

_MAX_GROUPED = 9
"""Modes beyond this number are merged before groupings in three are tried one by one."""

_TWO_DECOMPOSITIONS = {(3, 6, 9), (4, 4, 8), (6, 3, 9)}
"""(inputs, exponent, width): the only subgeneric sums of powers of exponent at least 3 with more than one decomposition (two)."""


def shallow_monomial_fiber(inputs: int, width: int, outputs: int, exponent: int, bias: bool) -> Theorem | None:
    """The fiber of f = sum_i a_i l_i^d, l_i linear forms in ``inputs`` variables, a_i in C^outputs, i <= ``width``.

    A term a_i (x) l_i^d determines l_i up to scale and then a_i: the fiber modulo rescaling and permuting neurons is the set of
    decompositions into such terms. With biases, f made homogeneous is such a sum in one variable x_0 more, with the term b x_0^d;
    a change of coordinates turns the form of any one term of a general sum into x_0, so if general sums have one decomposition then
    so have these.
    """
    n, m = (inputs + 1, width + 1) if bias else (inputs, width)
    if exponent < 2:
        return None
    grouping = _kruskal(n, m, outputs, exponent)
    name = "a neuron is determined by its term" if m == 1 else "Kruskal's theorem"
    if grouping is not None:
        return Theorem(
            name,
            GENERIC_FIBER,
            1,
            f"a general sum of {m} terms a (x) l^{exponent} has only one decomposition" + ("" if m == 1 else f": {grouping}"),
            "kruskal1977",
            (Hypothesis("one hidden layer with a monomial activation", True),),
        )
    if outputs > 1:
        return None
    subgeneric = exponent >= 3 and m * n < forms(n, exponent)
    if subgeneric and (n, exponent, m) not in _TWO_DECOMPOSITIONS:
        return _waring(1, f"a general sum of {m} powers l^{exponent} in {n} variables has only one decomposition", "chiantini2017")
    if subgeneric and not bias:
        return _waring(2, f"a general sum of {m} powers l^{exponent} in {n} variables has two decompositions", "chiantini2017")
    if (n, exponent, m) == (3, 5, 7):
        return _waring(1, "a general ternary quintic is a sum of seven fifth powers in one way", "galuppi2019")
    return None


def _waring(count: int, statement: str, source: str) -> Theorem:
    hypotheses = (Hypothesis("one hidden layer with a monomial activation, one output", True),)
    return Theorem("Waring decompositions of general forms", GENERIC_FIBER, count, statement, source, hypotheses)


def _kruskal(n: int, m: int, outputs: int, exponent: int) -> str | None:
    """How the factors of a (x) l^d can be grouped in three so that Kruskal's condition holds, in words; None where they cannot.

    A sum of m products u_i (x) v_i (x) w_i is the only one of its tensor if the Kruskal ranks of the three families add up to at
    least 2m + 2. General powers l_i^e have Kruskal rank min(m, number of forms of degree e), since powers span the forms; the terms
    a_i (x) l_i^e have min(m, outputs times that).
    """
    if m == 1:
        return ""
    if n == 1:
        return None
    with_output = range(3) if outputs > 1 else (None,)
    for e1 in range(exponent + 1):
        for e2 in range(e1, exponent - e1 + 1):
            powers = (e1, e2, exponent - e1 - e2)
            for k in with_output:
                ranks = [min(m, forms(n, e) * (outputs if i == k else 1)) for i, e in enumerate(powers)]
                if sum(ranks) >= 2 * m + 2:
                    groups = " x ".join(("outputs " if i == k else "") + f"degree {e}" for i, e in enumerate(powers))
                    return f"grouped as {groups}, Kruskal ranks {' + '.join(map(str, ranks))} >= 2 * {m} + 2"
    return None


def linear_fiber(widths: tuple[int, ...]) -> Theorem | None:
    """The fiber of a linear network whose hidden layers all have the least width r: one orbit of GL(r) x ... x GL(r).

    Over a matrix of rank r every layer keeps rank r, so the kernel of W_1, its image, and so on are those of the matrix up to a
    choice of basis of each hidden layer.
    """
    r = min(widths)
    if any(w != r for w in widths[1:-1]):
        return None
    return Theorem(
        "factorizations of a matrix of full rank",
        GENERIC_FIBER,
        1,
        f"factorizations of a matrix of rank {r} through spaces of dimension {r} differ by a change of basis of these spaces",
        "trager2020",
        (Hypothesis("every layer is linear, every hidden layer has the least width", True),),
    )


def convolution_fiber(sizes: tuple[int, ...]) -> Theorem:
    """The fiber of a linear convolutional network of stride one: the ways to deal out the roots of a polynomial to its layers."""
    degrees = [k - 1 for k in sizes]
    count = factorial(sum(degrees)) // prod(factorial(e) for e in degrees)
    return Theorem(
        "factorizations of a polynomial",
        GENERIC_FIBER,
        count,
        f"the filters are the factors of degrees {', '.join(map(str, degrees))} of a polynomial with {sum(degrees)} different roots, "
        "up to scaling",
        "kohn2022",
        (Hypothesis("one channel, sequences, stride 1, every layer linear", True),),
    )


def polynomial_convolution_fiber() -> Theorem:
    """The fiber of a convolutional network with one channel and monomial activations: the parametrization is birational."""
    return Theorem(
        "filters of polynomial convolutional networks",
        GENERIC_FIBER,
        1,
        "the parametrization by filters up to scaling is finite and birational",
        "shahverdi2025",
        (Hypothesis("one channel, sequences, every activation a monomial of degree at least 2", True),),
    )


def diagonal_fiber() -> Theorem:
    """The fiber of a deep diagonal linear network over a vector without zeros: one orbit of the tori between its layers."""
    return Theorem(
        "factorizations of numbers",
        GENERIC_FIBER,
        1,
        "the factors of numbers that are not zero differ by numbers that are not zero",
        "woodworth2020",
        (Hypothesis("a diagonal linear network", True),),
    )


def rank_decomposition_fiber(modes: tuple[int, ...], rank: int) -> Theorem | None:
    """The fiber of sums of ``rank`` products of vectors, one of each mode: decompositions of a general tensor of that rank.

    For two modes the symmetries are a change of basis between the two factors of a matrix.
    """
    if len(modes) == 2:
        return linear_fiber((modes[0], rank, modes[1])) if rank <= min(modes) else None
    grouping = None if rank == 1 else _kruskal_of_modes(modes, rank)
    if rank > 1 and grouping is None:
        return None
    return Theorem(
        "a product is determined by its factors up to scale" if rank == 1 else "Kruskal's theorem",
        GENERIC_FIBER,
        1,
        f"a general sum of {rank} products has only one decomposition" + (f": {grouping}" if grouping else ""),
        "kruskal1977",
        (Hypothesis("three modes or more", True),),
    )


def _kruskal_of_modes(modes: tuple[int, ...], rank: int) -> str | None:
    """A grouping of the modes in three that meets Kruskal's condition, in words; None where none of those tried does.

    General products of vectors of the modes in a group span it, so their Kruskal rank is the least of their number and its dimension.
    """
    large = sorted((n for n in modes if n > 1), reverse=True)
    if len(large) > _MAX_GROUPED:
        large = [*large[: _MAX_GROUPED - 1], prod(large[_MAX_GROUPED - 1 :])]
    for places in itertools.product(range(3), repeat=len(large)):
        groups = [[n for n, place in zip(large, places, strict=True) if place == g] for g in range(3)]
        ranks = [min(rank, prod(group)) for group in groups]
        if sum(ranks) >= 2 * rank + 2:
            shown = " x ".join("(" + " ".join(map(str, group)) + ")" for group in groups)
            return f"modes of sizes grouped as {shown}, Kruskal ranks {' + '.join(map(str, ranks))} >= 2 * {rank} + 2"
    return None


def tensor_train_fiber() -> Theorem:
    """The fiber of a tensor train whose bonds are the separation ranks of its general tensor: one orbit of the groups on the bonds."""
    return Theorem(
        "tensor trains of full bonds",
        GENERIC_FIBER,
        1,
        "cores of minimal ranks are unique up to a change of basis of each bond",
        "holtz2012",
        (Hypothesis("every bond is the separation rank of a general tensor of the family", True),),
    )
