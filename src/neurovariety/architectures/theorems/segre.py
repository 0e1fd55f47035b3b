"""Dimensions of secant varieties of Segre varieties: what is proved of tensors of bounded rank.

All numbers are affine: dimensions of the closed set of sums of at most ``rank`` products of vectors, scale included. Modes of size one
change nothing and are left out first. Below, m_1, ..., m_d are the others, and for a mode i

    M_i = product of the other modes,      c_i = M_i - sum over the other modes of (m_j - 1),

so that the other modes' Segre variety Y_i lies in a space of dimension M_i and has codimension c_i - 1 there.
"""

from __future__ import annotations

from itertools import combinations
from math import prod

from neurovariety.architectures.theorems.dimension_bounds import rank_bounded
from neurovariety.theorem import Hypothesis, Theorem

_MOST_MODES = 12
"""All flattenings are tried up to so many modes, beyond only those that single out one mode. Nothing is lost: where both groups have
two modes or more, the sum of (m_j - 1) is at most (a + b) / 2, so that rank (a + b - rank) is not below the number of terms times
1 + sum of (m_j - 1); two such flattenings gain one over it only for the four modes 2, 2, n, n."""


def secant_theorems(modes: tuple[int, ...], rank: int) -> tuple[Theorem, ...]:
    """What is known of the dimension of the tensors of format ``modes`` and rank at most ``rank``; all hypotheses hold."""
    m = tuple(sorted(n for n in modes if n > 1))
    if len(m) < 3:
        return (_matrices(m, rank),)
    equalities = [t for t in (*_one_large_mode(m, rank), *_equal_modes(m, rank)) if t.applies]
    bounds = [t for t in (*_flattenings(m, rank), *_exceptions(m, rank)) if t.applies]
    return (*equalities[:1], *bounds)


def _matrices(m: tuple[int, ...], rank: int) -> Theorem:
    """Up to two modes: vectors, or matrices of bounded rank."""
    a, b = (*m, 1, 1)[:2]
    return Theorem(
        "dimension of a determinantal variety",
        "dimension",
        rank_bounded(a, b, rank),
        f"{a} x {b} matrices of rank at most {rank}",
        "bruns1988",
        (Hypothesis("at most two modes are larger than one", len(m) <= 2),),
    )


def _one_large_mode(m: tuple[int, ...], rank: int) -> list[Theorem]:
    """Equalities from looking at a tensor as a space of tensors in the other modes.

    A tensor of rank at most R is an element of W (x) C^{m_i} with W spanned by R points of Y_i. Two cases are settled:

    * R >= c_i: a general linear space of dimension R meets the irreducible nondegenerate Y_i in a nondegenerate section, so it is
      spanned by points of Y_i, and the closure is that of all matrices M_i x m_i of rank at most R;
    * R <= c_i and R <= m_i: the span of R general points of Y_i meets Y_i in finitely many points (for R < c_i in these R alone, the
      generalised trisecant lemma), so W determines the points up to finitely many choices; W varies in a family of dimension
      R dim Y_i and the tensor in W (x) C^{m_i}. Nothing is lost: the dimension is R (1 + sum of (m_j - 1)).
    """
    out = []
    for i in sorted({m.index(n) for n in m}):
        others = m[:i] + m[i + 1 :]
        c = prod(others) - sum(n - 1 for n in others)
        if rank >= c:
            out.append(
                Theorem(
                    "tensors of many terms are matrices of bounded rank",
                    "dimension",
                    rank_bounded(prod(others), m[i], rank),
                    f"at {rank} terms, general subspaces of the tensors {_format(others)} are spanned by tensors of rank one, so that "
                    f"only the rank of the {prod(others)} x {m[i]} flattening is bounded",
                    "catalisano2008",
                    (Hypothesis(f"the rank is at least {c} = the codimension of the other modes' Segre variety plus one", True),),
                )
            )
        elif rank <= m[i]:
            out.append(
                Theorem(
                    "tensors of few terms",
                    "dimension",
                    rank * (1 + sum(n - 1 for n in m)),
                    f"the span of {rank} general tensors of rank one of format {_format(others)} contains finitely many others",
                    "chiantini2002",
                    (
                        Hypothesis(f"the rank is at most {c} = the codimension of the other modes' Segre variety plus one", True),
                        Hypothesis(f"the rank is at most the mode {m[i]}", True),
                    ),
                )
            )
    return out


def _equal_modes(m: tuple[int, ...], rank: int) -> list[Theorem]:
    """Modes all of size two (Catalisano, Geramita, Gimigliano 2011) and three equal modes (Lickteig 1985)."""
    k, n = len(m), m[0]
    expected = min(rank * (1 + sum(x - 1 for x in m)), prod(m))
    binary = Theorem(
        "secant varieties of products of projective lines",
        "dimension",
        expected - 1 if (k, rank) == (4, 3) else expected,
        f"tensors with {k} modes of size 2 have the expected dimension at every rank, but for 4 modes and rank 3",
        "catalisano2011",
        (Hypothesis("every mode has size two", set(m) == {2}),),
    )
    cube = Theorem(
        "Lickteig's theorem on cubic tensors",
        "dimension",
        expected - 1 if (n, rank) == (3, 4) else expected,
        f"{n} x {n} x {n} tensors have the expected dimension at every rank, but for size 3 and rank 4",
        "lickteig1985",
        (Hypothesis("three modes of one size", k == 3 and len(set(m)) == 1),),
    )
    return [binary, cube]


def _flattenings(m: tuple[int, ...], rank: int) -> list[Theorem]:
    """Upper bounds from the matrices into which a tensor can be flattened; they all have rank at most ``rank``.

    A flattening a x b with rank < min(a, b) confines the tensor to a determinantal variety, which is irreducible. For two different
    flattenings neither of these contains the other: a tensor that is a sum of ``rank`` products along one has, where the other cuts a
    factor in two, a larger rank along the other. Their intersection has smaller dimension.
    """
    sizes = range(1, len(m) // 2 + 1) if len(m) <= _MOST_MODES else (1,)
    whole = prod(m)
    tight = []
    for size in sizes:
        for group in combinations(range(len(m)), size):
            if 2 * size == len(m) and 0 not in group:
                continue  # the same flattening, transposed
            a = prod(m[k] for k in group)
            if rank < min(a, whole // a):
                tight.append((rank_bounded(a, whole // a, rank), a))
    if not tight:
        return []
    best, a = min(tight)
    out = [
        Theorem(
            "rank of a flattening",
            "dimension at most",
            best,
            f"the {a} x {whole // a} flattening of a sum of {rank} products has rank at most {rank}",
            "landsberg2012",
        )
    ]
    if len(tight) > 1:
        out.append(
            Theorem(
                "ranks of two flattenings",
                "dimension at most",
                best - 1,
                f"{len(tight)} flattenings have rank at most {rank}, each of which is a condition of its own: different irreducible "
                "varieties, none inside the other, meet in a smaller dimension",
                "landsberg2012",
            )
        )
    return out


def _exceptions(m: tuple[int, ...], rank: int) -> list[Theorem]:
    """Upper bounds that settle the remaining known defective formats.

    * Strassen 1983: for slices X_1, X_2, X_3 the 3n x 3n matrix with block rows (0, X_3, -X_2), (-X_3, 0, X_1), (X_2, -X_1, 0) is
      linear in the tensor and has rank 2 on a product, so rank at most 2R on R terms. Its determinant is not identically zero (take
      X_1 = 1 and X_2, X_3 with an invertible commutator), so 2R < 3n puts the tensors on a hypersurface.
    * 3 x 4 x 4, rank 5: given five general points of P2 x P3 x P3, the conic through the first coordinates takes them at five
      parameters on P1, and in each P3 a twisted cubic takes the others at the same parameters (the only linear relation of five
      general vectors in a space of dimension 4 fixes their scales). This rational curve of degree 2 + 3 + 3 spans a space of
      dimension at most 9, which contains the sum of the five products, while five points of its cone have 10 parameters: every
      decomposition moves in a family inside, and the dimension is below 5 times 9, the number of parameters up to scales.
    """
    strassen = Theorem(
        "Strassen's equation",
        "dimension at most",
        prod(m) - 1,
        f"the determinant of the {3 * m[-1]} x {3 * m[-1]} matrix that antisymmetrizes three slices is 0 on sums of {rank} products",
        "strassen1983",
        (
            Hypothesis("modes 3, n, n", len(m) == 3 and m[0] == 3 and m[1] == m[2]),
            Hypothesis("twice the rank is less than 3n", 2 * rank < 3 * m[-1]),
        ),
    )
    curve = Theorem(
        "rational curves through five points of P2 x P3 x P3",
        "dimension at most",
        5 * 9 - 1,
        "five general products lie on a rational curve that spans a space of dimension 9, so that decompositions come in families",
        "abo2009",
        (Hypothesis("modes 3, 4, 4 and rank 5", m == (3, 4, 4) and rank == 5),),
    )
    return [strassen, curve]


def _format(modes: tuple[int, ...]) -> str:
    return " x ".join(map(str, modes))
