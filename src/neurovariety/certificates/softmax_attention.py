"""Self-attention with softmax: its Jacobian in ball arithmetic at exact weights, and how many weights its symmetries account for.

A layer takes X of size d x t (d features, t tokens) to sum over heads of V X softmax(X^T K^T Q X), with the softmax along keys, so that
each column of weights sums to 1. Exponentials are definable in an o-minimal structure, and so are the functions.

From above the dimension is bounded by the weights of a network that expresses at least as much, less the rank of vector fields that
change no function. Which network: what layer l puts out lies in the sum of the images of its V, of dimension at most heads times its
own width, so in suitable features of the next layer all others are 0; and K^T Q of a rows is any matrix of rank at most a. Over one
token the softmax is 1, and only the sum of the V of a layer is seen. Which fields: A of gl(a) moves (K, Q) by (A K, -A^T Q), and C
of gl(d_l) moves V of layer l by C V and K, Q, V of the next by -K C, -Q C, -V C. Their rank at any weights bounds from below the
dimension of general orbits, in each of which the function is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import flint

from neurovariety.certificates.activation_series import rational_ball
from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION, DEFINABLE, Table
from neurovariety.certificates.analytic_weights import GENERAL
from neurovariety.certificates.fiber import HIDDEN
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.linear_symmetries import STATED, symmetries_in
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_OF_FIBERS: Mapping[str, str] = {"dimension": "dimension of the fiber", "hidden": HIDDEN}
_OF_SYMMETRIES: Mapping[str, str] = {"dimension": symmetries_in("all"), "stated": STATED, "orbit_dimension": "general orbit"}
Block = tuple[str, int, int]
"""Letter, layer from 0, head from 0."""


@dataclass(frozen=True)
class SoftmaxAttention:
    """Layers of attention with softmax between ``widths``, with ``inner`` rows in K and Q of each, on ``tokens`` tokens, with ``heads``
    heads in each layer. Weights are ordered layer by layer, head by head, K, Q, V, row by row; inputs (d, t) row by row."""

    widths: tuple[int, ...]
    inner: tuple[int, ...]
    tokens: int
    heads: int

    def __post_init__(self) -> None:
        sizes = (*self.widths, *self.inner, self.tokens, self.heads)
        if len(self.widths) < 2 or len(self.inner) != len(self.widths) - 1 or not all(type(n) is int and n >= 1 for n in sizes):
            raise ValueError("widths from 1 up, the rows of K and Q of each layer, and numbers of tokens and heads are expected")

    @cached_property
    def hash(self) -> str:
        """The name under which certificates speak of it."""
        return hashlib.sha256(f"analytic {self.notation}".encode()).hexdigest()

    @property
    def notation(self) -> str:
        """The network in the notation of architectures."""
        inner = self.inner[:1] if len(set(self.inner)) == 1 else self.inner
        heads = f"; heads={self.heads}" if self.heads > 1 else ""
        return f"attention({','.join(map(str, self.widths))}; a={','.join(map(str, inner))}; t={self.tokens}{heads}; softmax)"

    @property
    def transcendental(self) -> str:
        """What makes its functions no polynomials."""
        return "softmax"

    @property
    def scope(self) -> tuple[str, ...]:
        """In which sense the functions have a dimension."""
        return (DEFINABLE,)

    @property
    def inputs(self) -> int:
        """The number of entries of an input."""
        return self.widths[0] * self.tokens

    @property
    def outputs(self) -> int:
        """The number of values."""
        return self.widths[-1] * self.tokens

    @cached_property
    def blocks(self) -> Mapping[Block, tuple[int, int, int]]:
        """Where the matrices of a head start among the weights, with their rows and columns."""
        found: dict[Block, tuple[int, int, int]] = {}
        at = 0
        for l, (d, out, a) in enumerate(zip(self.widths, self.widths[1:], self.inner, strict=False)):
            for h in range(self.heads):
                for letter, rows in (("K", a), ("Q", a), ("V", out)):
                    found[letter, l, h] = (at, rows, d)
                    at += rows * d
        return found

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(rows * columns for _, rows, columns in self.blocks.values())

    @property
    def base_changes(self) -> int:
        """The dimension of the group of base changes between K and Q of a head, and between layers. It acts on weights by linear
        maps, of which none but one keeps all weights: C of a layer from what it does to its V, the first layer first, then A from K."""
        return self.heads * sum(a * a for a in self.inner) + sum(d * d for d in self.widths[1:-1])

    @cached_property
    def enough(self) -> SoftmaxAttention:
        """A network of the same family that expresses at least as much, without the features and rows that add nothing."""
        widths, heads = [self.widths[0]], 1 if self.tokens == 1 else self.heads
        for d in self.widths[1:-1]:
            widths.append(min(d, heads * widths[-1]))
        inner = tuple(1 if self.tokens == 1 else min(a, d) for a, d in zip(self.inner, widths, strict=True))
        return SoftmaxAttention((*widths, self.widths[-1]), inner, self.tokens, heads)

    def orbit_rank(self, weights: Sequence[int]) -> int:
        """The rank at integer weights of fields that change no function: base changes, and what one token does not see.

        Raises `NotShown` for weights of another number.
        """
        if len(weights) != self.parameters or not all(type(w) is int for w in weights):
            raise NotShown("integer weights of the network are expected")
        fields = [row for row in self.fields(weights) if any(row)]
        return int(flint.fmpz_mat(fields).rank()) if fields else 0

    def fields(self, weights: Sequence[int]) -> Iterator[list[int]]:
        """At weights the directions of the symmetries."""
        if self.tokens == 1:  # K and Q are not seen, and of V only the sums over heads
            for (letter, l, h), (at, rows, columns) in self.blocks.items():
                for i in range(at, at + rows * columns):
                    if letter != "V" or h:
                        yield [
                            int(j == i) - int(letter == "V" and j == i - at + self.blocks["V", l, 0][0]) for j in range(len(weights))
                        ]
        for (letter, l, h), (_, rows, _) in self.blocks.items():
            if letter == "K":
                for i in range(rows):
                    for j in range(rows):
                        yield self._moved(weights, [("K", l, h, i, j, 1, True), ("Q", l, h, j, i, -1, True)])
        for l in range(len(self.inner) - 1):
            for i in range(self.widths[l + 1]):
                for j in range(self.widths[l + 1]):
                    made = [("V", l, h, i, j, 1, True) for h in range(self.heads)]
                    read = [(letter, l + 1, h, i, j, -1, False) for h in range(self.heads) for letter in "KQV"]
                    yield self._moved(weights, made + read)

    def _moved(self, weights: Sequence[int], parts: Sequence[tuple[str, int, int, int, int, int, bool]]) -> list[int]:
        """The field that multiplies matrices by multiples of the unit matrix E_ij, from the left or else from the right."""
        found = [0] * len(weights)
        for letter, l, h, i, j, factor, left in parts:
            at, rows, columns = self.blocks[letter, l, h]
            if left:  # row i becomes row j
                for k in range(columns):
                    found[at + i * columns + k] = factor * weights[at + j * columns + k]
            else:  # column j becomes column i
                for k in range(rows):
                    found[at + k * columns + j] = factor * weights[at + k * columns + i]
        return found

    def jacobian(self, weights: Sequence[Fraction], inputs: Table) -> list[list[flint.arb]]:
        """The derivatives of all values by all weights, in balls, within a precision: a row for each input and output.

        Raises `NotShown` for weights or inputs of another number.
        """
        if len(weights) != self.parameters or any(len(x) != self.inputs for x in inputs):
            raise NotShown("weights and inputs of the network are expected")
        matrices = {
            block: flint.arb_mat(rows, columns, [rational_ball(w) for w in weights[at : at + rows * columns]])
            for block, (at, rows, columns) in self.blocks.items()
        }
        return [
            row for x in inputs for row in self._rows(matrices, flint.arb_mat(self.widths[0], self.tokens, [*map(rational_ball, x)]))
        ]

    def _rows(self, matrices: Mapping[Block, flint.arb_mat], x: flint.arb_mat) -> list[list[flint.arb]]:
        values, softmaxes = [x], []
        for l in range(len(self.inner)):
            shares = [
                _softmax((matrices["K", l, h] * values[-1]).transpose() * (matrices["Q", l, h] * values[-1])) for h in range(self.heads)
            ]
            total = matrices["V", l, 0] * (values[-1] * shares[0])
            for h in range(1, self.heads):
                total = total + matrices["V", l, h] * (values[-1] * shares[h])
            values.append(total)
            softmaxes.append(shares)
        found = []
        for i in range(self.widths[-1]):
            for j in range(self.tokens):
                back = flint.arb_mat(self.widths[-1], self.tokens, [int(k == i * self.tokens + j) for k in range(self.outputs)])
                found.append(self._backward(matrices, values, softmaxes, back))
        return found

    def _backward(
        self,
        matrices: Mapping[Block, flint.arb_mat],
        values: Sequence[flint.arb_mat],
        softmaxes: Sequence[Sequence[flint.arb_mat]],
        back: flint.arb_mat,
    ) -> list[flint.arb]:
        """The derivatives of one value, by backpropagation."""
        slopes: dict[Block, flint.arb_mat] = {}
        for l in range(len(self.inner) - 1, -1, -1):
            x, before = values[l], flint.arb_mat(self.widths[l], self.tokens)
            for h, share in enumerate(softmaxes[l]):
                k, q, v = (matrices[letter, l, h] for letter in "KQV")
                mixed = v.transpose() * back
                slopes["V", l, h] = back * (x * share).transpose()
                scores = _through_softmax(share, x.transpose() * mixed)
                keys, queries = (q * x) * scores.transpose(), (k * x) * scores
                slopes["K", l, h], slopes["Q", l, h] = keys * x.transpose(), queries * x.transpose()
                before = before + mixed * share.transpose() + k.transpose() * keys + q.transpose() * queries
            back = before
        return [entry for block in self.blocks for entry in slopes[block].entries()]


def _softmax(scores: flint.arb_mat) -> flint.arb_mat:
    """Each column exponentiated, over its sum."""
    t = scores.ncols()
    powers = [[scores[j, i].exp() for i in range(t)] for j in range(t)]
    sums = [sum((powers[j][i] for j in range(t)), flint.arb(0)) for i in range(t)]
    return flint.arb_mat([[powers[j][i] / sums[i] for i in range(t)] for j in range(t)])


def _through_softmax(share: flint.arb_mat, back: flint.arb_mat) -> flint.arb_mat:
    """Derivatives by scores of those by the shares of a softmax along columns."""
    t = share.ncols()
    means = [sum((share[j, i] * back[j, i] for j in range(t)), flint.arb(0)) for i in range(t)]
    return flint.arb_mat([[share[j, i] * (back[j, i] - means[i]) for i in range(t)] for j in range(t)])


@dataclass(frozen=True)
class LessOrbits:
    """The dimension is at most the weights of ``SoftmaxAttention.enough``, less the rank of its fields at integer weights ``drawn``."""

    subject: str
    scope: tuple[str, ...]
    value: int
    drawn: tuple[int, ...]

    def check(self, subject: SoftmaxAttention) -> None:
        """Raises `NotShown` for another number."""
        if not isinstance(subject, SoftmaxAttention) or subject.hash != self.subject or subject.scope != self.scope:
            raise NotShown("the certificate is one of another network")
        enough = subject.enough
        if type(self.value) is not int or enough.parameters - enough.orbit_rank(self.drawn) != self.value:
            raise NotShown("weights and symmetries leave another number")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at most that."""
        return Statement(ANALYTIC_DIMENSION, self.subject, self.value, self.scope), Claim.UPPER_BOUND


@dataclass(frozen=True)
class AttentionFiber:
    """``value`` is the dimension of the general fiber, or (``key`` hidden) what of it known symmetries do not explain, whose orbits are
    of the dimension that their fields have at the integer weights ``drawn`` at least."""

    key: str
    value: int
    dimension: Verdict
    drawn: tuple[int, ...]

    def check(self, subject: SoftmaxAttention) -> None:
        """Raises `NotShown` where weights, dimension and symmetries leave another number."""
        said = self.dimension.statement
        if self.key not in _OF_FIBERS or type(self.value) is not int or not isinstance(subject, SoftmaxAttention):
            raise NotShown("the dimension of the fiber, or the hidden directions of it, are expected")
        if not self.dimension.shown or (said.kind, said.subject, said.scope) != (ANALYTIC_DIMENSION, subject.hash, subject.scope):
            raise NotShown("the dimension of the functions of this network is expected")
        if self.dimension.claim not in (Claim.PROVED, Claim.LOWER_BOUND):
            raise NotShown("a dimension that is known from below is expected")
        left = subject.parameters - said.value - (subject.orbit_rank(self.drawn) if self.key == "hidden" else 0)
        if left != self.value:
            raise NotShown(f"{left} directions are left")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many directions; at most as many where the dimension is known from below alone, or orbits may be larger than seen."""
        said = self.dimension.statement
        exact = self.dimension.claim is Claim.PROVED and (self.key == "dimension" or self.value == 0)
        return Statement(_OF_FIBERS[self.key], said.subject, self.value, (GENERAL,)), Claim.PROVED if exact else Claim.UPPER_BOUND


@dataclass(frozen=True)
class BaseChanges:
    """The base changes are linear symmetries, and orbits of all such have the dimension that fields have at the integer weights
    ``drawn``, or more; ``key``: what of the answer says so.

    Each field is a linear one, or (over one token) agrees at general weights with linear ones: those that map V of another head, which
    is not 0, to any multiple of a unit matrix, added there and taken from the first head; or K to any matrix, or Q.
    """

    key: str
    subject: str
    value: int
    drawn: tuple[int, ...]

    def check(self, subject: SoftmaxAttention) -> None:
        """Raises `NotShown` for another number."""
        if self.key not in _OF_SYMMETRIES or not isinstance(subject, SoftmaxAttention) or subject.hash != self.subject:
            raise NotShown("a part of the answer on linear symmetries of this network is expected")
        known = _known(subject, self.key, self.drawn)
        if type(self.value) is not int or known != self.value:
            raise NotShown(f"the base changes give {known}")

    def concludes(self) -> tuple[Statement, Claim]:
        """There are as many of those stated, and at least as many in all."""
        claim = Claim.PROVED if self.key == "stated" else Claim.LOWER_BOUND
        return Statement(_OF_SYMMETRIES[self.key], self.subject, self.value), claim


def _known(network: SoftmaxAttention, key: str, drawn: Sequence[int]) -> int:
    """How many symmetries are known; orbits are of at most the dimension of the group."""
    rank = network.orbit_rank(drawn)
    return {"stated": network.base_changes, "orbit_dimension": rank}.get(key, max(rank, network.base_changes))
