"""What the functions of a network are, as data: which set they form.

A family says so once, and what depends on it dispatches on the kind of record. An `Image` is a fact of the *set* of functions:
networks with equal functions have equal images, as far as the library knows, whatever their notation (slopes of activations that the
next layer absorbs, layers that are wider than their neighbours, one factor or two). How weights make the functions is another record
(`parametrization`): whether a function is realizable is asked of the image, weights that realize it of the parametrization.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb, prod
from typing import TypeVar

from neurovariety.errors import NotationError

Terms = tuple[tuple[int, Fraction], ...]
Shape = tuple[int, ...]
Activation = TypeVar("Activation", bound="RationalFunction")

_ONE: Terms = ((0, Fraction(1)),)


@dataclass(frozen=True)
class RationalFunction:
    """A univariate polynomial or rational function.

    ``terms`` lists (exponent, coefficient) of the numerator, with descending exponents and nonzero coefficients; a coefficient of None
    is generic (drawn anew for each exact trial). ``denominator`` lists those of the denominator, which is monic, coprime to the
    numerator, and 1 for a polynomial.
    """

    terms: tuple[tuple[int, Fraction | None], ...]
    denominator: Terms = _ONE

    @property
    def is_polynomial(self) -> bool:
        return self.denominator == _ONE

    @property
    def degree(self) -> int:
        """The degree of a polynomial. Raises `NotationError` for any other rational function: bounds by degrees do not hold for it."""
        if not self.is_polynomial:
            raise NotationError(
                f"the activation {self} is rational and a polynomial is needed here: write x^2, x^3 + x^2 or generic(3)"
            )
        return self.terms[0][0]

    @property
    def homogeneity(self) -> int | None:
        """The r with s(c x) = c^r s(x) for all c, so that neurons can be rescaled: 2 for 3*x^2, -1 for 1/x; None where there is
        none.
        """
        if len(self.terms) > 1 or len(self.denominator) > 1:
            return None
        return self.terms[0][0] - self.denominator[0][0]

    @property
    def is_generic(self) -> bool:
        return any(c is None for _, c in self.terms)

    @property
    def is_monomial(self) -> bool:
        """A polynomial of a single term."""
        return self.is_polynomial and len(self.terms) == 1

    @property
    def is_linear(self) -> bool:
        """c x with any slope c but 0, which the next layer absorbs."""
        return self.is_monomial and self.degree == 1

    @property
    def is_affine(self) -> bool:
        """c x + k with c not 0: what c x is where there are biases, which absorb k."""
        return self.is_polynomial and self.degree == 1

    @property
    def leading(self) -> Fraction | None:
        """The coefficient of the numerator's highest power; None where it is generic."""
        return self.terms[0][1]


class Image:
    """Which set of functions a network has. Every kind here is closed under multiplication by numbers, as last layers are linear."""

    @property
    def constants(self) -> bool:
        """Whether the set is closed under adding constant vectors."""
        return False

    @property
    def bounded_rank(self) -> tuple[int, int, int] | None:
        """(rows, columns, rank) where the functions are all matrices of bounded rank, up to a scaling of columns, which keeps the rank;
        else None."""
        return None


@dataclass(frozen=True)
class Matrices(Image):
    """x -> M x, M any ``outputs`` x ``inputs`` matrix of rank at most ``rank``; with any constant vector added where ``bias``."""

    inputs: int
    outputs: int
    rank: int
    bias: bool = False

    @property
    def constants(self) -> bool:
        return self.bias

    @property
    def full(self) -> bool:
        """Whether every matrix is one: the set is then a linear space."""
        return self.rank == min(self.inputs, self.outputs)

    @property
    def bounded_rank(self) -> tuple[int, int, int] | None:
        return None if self.bias else (self.outputs, self.inputs, self.rank)


@dataclass(frozen=True)
class OrbitMatrices(Image):
    """x -> M s, where s holds the sums of x over consecutive ``orbits`` and M is any matrix of ``outputs`` rows and of rank at most
    ``rank``."""

    orbits: tuple[int, ...]
    outputs: int
    rank: int

    @property
    def bounded_rank(self) -> tuple[int, int, int] | None:
        """Summing over orbits scales the squared length of a column by the size of its orbit, so the critical points of the Frobenius
        norm correspond to those of the smaller matrix."""
        return self.outputs, len(self.orbits), self.rank


@dataclass(frozen=True)
class IsotypicBlock:
    """The part of R^n on which a permutation has the eigenvalues exp(2 pi i k / q) and exp(-2 pi i k / q).

    ``size`` is the multiplicity m. Where q is 1 or 2 the block is real and equivariant maps act on it by any m x m matrix; else they
    act by any complex m x m matrix, [[A, -B], [B, A]] in real terms, and every unit of its rank is worth 2 of the rank of the map.
    """

    q: int
    k: int
    size: int

    @property
    def real(self) -> bool:
        return self.q <= 2

    @property
    def weight(self) -> int:
        """Rank over R for each unit of the block's rank."""
        return 1 if self.real else 2

    @property
    def eigenvalues(self) -> str:
        """The eigenvalues in words."""
        return {1: "1", 2: "-1"}.get(self.q, f"exp(+-2 pi i {self.k}/{self.q})")


@dataclass(frozen=True)
class BlockMatrices(Image):
    """Block diagonal matrices, a real or complex one of rank at most r in each of the ``blocks``; ``ranks`` holds the r."""

    blocks: tuple[IsotypicBlock, ...]
    ranks: tuple[int, ...]

    @property
    def dimension(self) -> int:
        """Real dimension."""
        pairs = zip(self.blocks, self.ranks, strict=True)
        return sum((1 if b.real else 2) * min(r, b.size) * (2 * b.size - min(r, b.size)) for b, r in pairs)


@dataclass(frozen=True)
class BoundedBlockMatrices(Image):
    """Block diagonal matrices, real or complex ones in each of the ``blocks``, of real rank at most ``rank`` in all: a union of
    more than one set of `BlockMatrices`, none of which lies in another."""

    blocks: tuple[IsotypicBlock, ...]
    rank: int


@dataclass(frozen=True)
class Quadrics(Image):
    """Sums of ``rank`` squares of real linear forms in ``inputs`` variables, of either sign; where ``bias``, of affine forms, with any
    constant added."""

    inputs: int
    rank: int
    bias: bool = False

    @property
    def constants(self) -> bool:
        return self.bias


@dataclass(frozen=True)
class BinaryQuadrics(Image):
    """``outputs`` combinations, at least two, of the same ``squares`` squares of real linear forms in two variables."""

    squares: int
    outputs: int


@dataclass(frozen=True)
class PowerSums(Image):
    """``outputs`` combinations of the same ``terms`` powers of exponent ``degree`` of real linear forms in ``inputs`` variables."""

    inputs: int
    terms: int
    outputs: int
    degree: int


@dataclass(frozen=True)
class Perceptrons(Image):
    """x -> W_L s_{L-1}(... s_1(W_1 x + b_1) ...) + b_L for all W_l of size d_l x d_{l-1}, ``widths`` = (d_0, ..., d_L), and all b_l
    where ``bias`` (else none). Functions of any other kind are described by that kind."""

    widths: tuple[int, ...]
    activations: tuple[RationalFunction, ...]
    bias: bool

    @property
    def constants(self) -> bool:
        return self.bias


@dataclass(frozen=True)
class Filters(Image):
    """Convolutions by a filter with ``degree`` + 1 entries and at least ``real_roots`` real roots in P^1, counted with multiplicity, or
    by 0: from ``inputs`` entries to ``outputs`` positions that are ``stride`` apart (1 for one position)."""

    degree: int
    real_roots: int
    stride: int
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Convolutions(Image):
    """Stacks of convolutions, the window, activation, stride and channels of each layer, on inputs of ``size`` (in each direction)."""

    filters: tuple[Shape, ...]
    activations: tuple[RationalFunction, ...]
    strides: tuple[Shape, ...]
    channels: tuple[int, ...]
    size: Shape


@dataclass(frozen=True)
class AttentionMaps(Image):
    """Layers of linear attention: a sum over ``heads`` of X -> V X X^T K^T Q X, ``inner`` rows in Q and K, ``tokens`` columns in X."""

    widths: tuple[int, ...]
    inner: tuple[int, ...]
    tokens: int
    heads: int


@dataclass(frozen=True)
class SeparationRanks(Image):
    """Multilinear functions of vectors of sizes ``modes``, with ``outputs`` values, whose separation of the first k modes from the
    others and the output has rank at most ``ranks`` [k - 1]; these are the ranks of a generic such function."""

    modes: tuple[int, ...]
    outputs: int
    ranks: tuple[int, ...]

    @property
    def rank(self) -> int | None:
        """The r of the sums of r products that they are: for rank one, and for matrices, with at most two sizes above 1; else None."""
        large = [k for k, n in enumerate((*self.modes, self.outputs)) if n > 1]
        if max(self.ranks) == 1 and self.outputs == 1:
            return 1
        if len(large) > 2:
            return None
        between = self.ranks[large[0] : large[1]] if len(large) == 2 else ()
        sizes = [n for n in (*self.modes, self.outputs) if n > 1]
        return min((*between, *sizes), default=1)


@dataclass(frozen=True)
class TensorRank(Image):
    """Multilinear functions of vectors of sizes ``modes``, with ``outputs`` values, that are sums of ``rank`` products of linear forms,
    each times a vector."""

    modes: tuple[int, ...]
    outputs: int
    rank: int


def perceptrons(widths: tuple[int, ...], activations: tuple[RationalFunction, ...], bias: bool) -> Image:
    """The functions of perceptrons with these activations, each in normal form: a power where one does the same, else with the leading
    coefficient 1."""
    widths, activations = without_wide_layers(widths, activations)
    inputs, *hidden, outputs = widths
    if not hidden or (len(hidden) == 1 and activations[0].is_linear):
        return Matrices(inputs, outputs, min(widths), bias)
    if len(hidden) == 1 and activations[0].is_monomial:
        m, d = hidden[0], activations[0].degree
        if d == 2 and outputs == 1:
            return Quadrics(inputs, min(m, inputs + bias), bias)
        m = min(m, comb(inputs + d - 1, d))
        if not bias:
            return BinaryQuadrics(m, outputs) if (inputs, d) == (2, 2) else PowerSums(inputs, m, outputs, d)
    return Perceptrons(widths, activations, bias)


def without_wide_layers(widths: tuple[int, ...], activations: tuple[Activation, ...]) -> tuple[tuple[int, ...], tuple[Activation, ...]]:
    """Widths and activations of fewer layers with the same functions: a layer with a linear activation goes where it is not narrower
    than both of its neighbours, for then what it multiplies is any matrix."""
    for l in range(1, len(widths) - 1):
        if activations[l - 1].is_linear and widths[l] >= min(widths[l - 1], widths[l + 1]):
            return without_wide_layers(widths[:l] + widths[l + 1 :], activations[: l - 1] + activations[l:])
    return widths, activations


def filters(sizes: tuple[int, ...], stride: int, inputs: int, outputs: int) -> Image:
    """The convolutions composed of one-channel ones with filters of these sizes, of stride 1 but for the last, of ``stride``.

    A real filter of even size has a real root, and filters are composed by multiplication of polynomials (Kohn, Merkh, Montufar, Trager
    2022). All filters on one position are all linear forms.
    """
    degree, even = sum(k - 1 for k in sizes), sum(k % 2 == 0 for k in sizes)
    if outputs == 1 and inputs == degree + 1 and even <= 1:
        return Matrices(inputs, 1, 1)
    return Filters(degree, even, stride if outputs > 1 else 1, inputs, outputs)


def separation_ranks(modes: tuple[int, ...], ranks: tuple[int, ...], outputs: int) -> SeparationRanks:
    """The functions of bounded separation ranks, with the largest ranks that occur: r' <= ``ranks`` with r'_k <= r'_{k-1} n_k and
    r'_{k-1} <= n_k r'_k, where r'_0 = 1 and r'_d = ``outputs``.

    Any tensor's separation ranks satisfy these inequalities, ranks that satisfy them are those of some tensor (Holtz, Rohwedder,
    Schneider 2012), and the largest ones are then those of almost all. One sweep from each end reaches them.
    """
    r = [1, *ranks, outputs]
    for k in range(1, len(modes)):
        r[k] = min(r[k], r[k - 1] * modes[k - 1])
    for k in range(len(modes) - 1, 0, -1):
        r[k] = min(r[k], r[k + 1] * modes[k])
    return SeparationRanks(modes, outputs, tuple(r[1:-1]))


def tensors_of_rank(modes: tuple[int, ...], rank: int, outputs: int) -> Image:
    """The functions that are sums of ``rank`` products.

    Separation ranks say the same where one output is a single product, where the functions are matrices (at most two sizes above 1)
    with a bond between rows and columns, and where all functions are such sums: one summand for each choice of a basis vector in all
    factors but one. No bond lies between the last mode and the output.
    """
    sizes = sorted(n for n in (*modes, outputs) if n > 1)
    matrices = len(sizes) <= 2 and min(modes[-1], outputs) == 1
    if matrices or (rank == 1 and outputs == 1) or rank >= prod(sizes[:-1]):
        return separation_ranks(modes, (rank,) * (len(modes) - 1), outputs)
    return TensorRank(modes, outputs, rank)
