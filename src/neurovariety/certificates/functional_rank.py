"""The functional dimension of a network at its weights: the rank of the derivatives of all its affine pieces by the weights.

On each region the function is affine, and its coefficients are polynomials in the weights. The rank of all their derivatives together
is at least that modulo a prime, of the regions that are known. It is at most the number of weights less the dimension of a space of
directions along which no piece changes: those that scale a unit, for which a proof is written down in `dense_layers`, and others, along
which the derivative is computed on each region and found to be 0. The derivative of a unit at its kink is taken to be that of the line
before it: this matters for units that stay at a kink on a whole region, and the statement says so then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import flint
import numpy as np

from neurovariety.certificates.cell_complex import REGIONS, CellComplex, KnownCells, known_cells
from neurovariety.certificates.dense_layers import DenseLayers, dense_layers
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import Line, NetworkData, network_hash
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import residue
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FUNCTIONAL = "functional-dimension: value"
BOUND = "functional-dimension: bound"
COUNTS = "functional-dimension: counts"
WITHOUT_BIASES = "along directions that keep the biases at 0"
LOWER_LINES = "where a unit that stays at a kink on an open set counts with the slope of the line below"
_BITS = 26
"""Products of residues below 2^26 can be added 2,048 at a time in 64 bits."""
_AT_ONCE = 1024
_MOST_ENTRIES = 3 * 10**7
"""Of the derivatives of all regions: some ten seconds."""
Table = np.ndarray


def check_small_prime(p: int) -> None:
    """Raises `NotShown` unless ``p`` is a prime whose residues may be multiplied in 64 bits."""
    if not 2 < p < 2**_BITS or not flint.fmpz(p).is_prime():
        raise NotShown(f"a prime below 2^{_BITS} is expected")


@dataclass(frozen=True, eq=False)
class RankOfPieces:
    """The functional dimension is at least the rank of the derivatives of all pieces mod ``prime``; and at most what ``directions``
    (whole numbers, one direction of the weights a row) and the scalings of units leave. ``value`` is both, or the first alone where
    ``directions`` is None. Without ``biases``, which are all 0 then, these are no weights; ``stays`` says whether some unit is at a
    kink on a whole region."""

    cells: Verdict
    prime: int
    value: int
    directions: np.ndarray | None = None
    biases: bool = True
    stays: bool = False

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the rank is smaller, where a direction changes a piece, and where more directions are left."""
        known, layers = self._known(subject)
        if self.stays is not stays_at_kinks(known):
            raise NotShown("whether a unit stays at a kink is said wrongly")
        if rank_of_pieces(known, layers, self.prime) < self.value:
            raise NotShown("the rank of the derivatives is smaller modulo this prime")
        if self.directions is None:
            return
        still = self.directions.tolist()
        if (
            self.directions.ndim != 2
            or self.directions.shape[1] != layers.parameters
            or any(type(v) is not int for r in still for v in r)
        ):
            raise NotShown("directions are rows of whole numbers, one for each weight")
        if len(still) and not all(unmoved(layers, list(lines), self.directions) for lines in pieces(known, layers)):
            raise NotShown("a piece changes along a direction")
        left = layers.parameters - rank_of_rational_rows([*layers.scalings(), *([Fraction(v) for v in r] for r in still)], self.prime)
        if left > self.value:
            raise NotShown(f"the directions leave {left} others")

    def _known(self, subject: NetworkData) -> tuple[KnownCells, DenseLayers]:
        said, complex_ = self.cells.statement, self.cells.certificate
        if (
            not self.cells.shown
            or said.kind != REGIONS
            or self.cells.claim is not Claim.PROVED
            or not isinstance(complex_, CellComplex)
        ):
            raise NotShown("cells that are known to be all regions are expected")
        check_small_prime(self.prime)
        return known_cells(complex_, subject), dense_layers(subject, self.biases)

    def concludes(self) -> tuple[Statement, Claim]:
        """The functional dimension is that number, or at least that."""
        said = self.cells.statement
        claim = Claim.LOWER_BOUND if self.directions is None else Claim.PROVED
        scope = (*said.scope, *(() if self.biases else (WITHOUT_BIASES,)), *((LOWER_LINES,) if self.stays else ()))
        return Statement(FUNCTIONAL, said.subject, self.value, scope), claim


@dataclass(frozen=True)
class LessUnits:
    """No weights of such a network have a functional dimension above ``value``, the number of weights less that of units that scale.

    Take the lines on which units lie as given, whatever the weights: the rank of the derivatives of all pieces is then largest at
    general weights, where the scalings of units are independent. For a combination of them that is 0 has no part in the first layer,
    since each unit there has a row of its own, so none in the second, and so on.
    """

    subject: str
    value: int

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` for another number."""
        layers = dense_layers(subject)
        if network_hash(subject) != self.subject or not layers.inputs:
            raise NotShown("the certificate is one of another network")
        if layers.parameters - len(layers.scalings()) != self.value:
            raise NotShown("the units leave another number of weights")

    def concludes(self) -> tuple[Statement, Claim]:
        """The functional dimension is at most that, at any weights."""
        return Statement(BOUND, self.subject, self.value), Claim.PROVED


@dataclass(frozen=True)
class DimensionsOfDraws:
    """How many of some networks have which functional dimension."""

    known: tuple[Verdict, ...]

    def check(self, subject: object) -> None:
        """Raises `NotShown` where a functional dimension is not proved."""
        proved = all(v.shown and v.statement.kind == FUNCTIONAL and v.claim is Claim.PROVED for v in self.known)
        if not proved or any(set(v.statement.scope) - {LOWER_LINES} for v in self.known):
            raise NotShown("functional dimensions that are proved are expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """The numbers, by dimension."""
        found = sorted(v.statement.value for v in self.known)
        counts = {str(d): found.count(d) for d in sorted(set(found))}
        stays = [LOWER_LINES] if any(v.statement.scope for v in self.known) else []
        return Statement(COUNTS, "", counts, (f"at the weights of the {len(found)} networks that were drawn", *stays)), Claim.PROVED


def stays_at_kinks(known: KnownCells) -> bool:
    """Whether some unit is at a kink on a whole region."""
    return len(known.signs.zeros()[0]) > 0


def pieces(known: KnownCells, layers: DenseLayers, chosen: Sequence[int] | None = None) -> Iterator[list[list[Line]]]:
    """The lines of all units on each region, or the ``chosen`` ones."""
    order = known.forms.cuts_by_unit
    for signs in known.signs if chosen is None else known.signs[list(chosen)]:
        yield layers.on_lines(signs[order].tolist())


def rank_of_pieces(known: KnownCells, layers: DenseLayers, p: int) -> int:
    """The rank mod p of the derivatives of all pieces by all weights."""
    rows = (layers.inputs + 1) * len(layers.matrices[-1])
    if rows * len(known.cells) * layers.parameters > _MOST_ENTRIES:
        raise NotShown("the derivatives of all pieces are too large to be taken here")
    found = np.concatenate(list(derivatives(known, layers, p)))
    return int(flint.nmod_mat(len(found), layers.parameters, found.reshape(-1).tolist(), p).rank())


def derivatives(known: KnownCells, layers: DenseLayers, p: int, chosen: Sequence[int] | None = None) -> Iterator[Table]:
    """For each region, or the ``chosen`` ones, (outputs x coefficients, weights): the derivatives of the coefficients of its affine
    function by the weights, mod p; exactly, as Fractions, for p = 0."""
    matrices = [_residues(m, p) for m in layers.matrices]
    biases = [None if b is None else _residues(b, p) for b in layers.biases]
    for lines in pieces(known, layers, chosen):
        yield _derivative(matrices, biases, lines, layers.inputs + 1, p)


def _derivative(matrices: Sequence[Table], biases: Sequence[Table | None], lines: Sequence[Sequence[Line]], n: int, p: int) -> Table:
    kind = matrices[0].dtype
    values = [np.eye(n, dtype=kind)[1:]]  # after each layer: (units, coefficients), the constant first
    slopes = [_residues(np.array([s for s, _ in row], dtype=object), p) for row in lines]
    for m, b, row, slope in zip(matrices, biases, lines, slopes, strict=False):
        z = _times(m, values[-1], p)
        z[:, 0] += 0 if b is None else b
        a = _reduced(slope[:, None] * _reduced(z, p), p)
        a[:, 0] += _residues(np.array([o for _, o in row], dtype=object), p)
        values.append(_reduced(a, p))
    outputs = len(matrices[-1])
    above = np.eye(outputs, dtype=kind)
    blocks: list[Table] = []
    for l in range(len(matrices) - 1, -1, -1):
        entry = _reduced(above.T[:, None, :, None] * values[l][None, :, None, :], p)  # (unit, input, output, coefficient)
        parts = [entry.reshape(-1, outputs * n)]
        if biases[l] is not None:
            constant = np.zeros((len(matrices[l]), outputs, n), dtype=kind)
            constant[:, :, 0] = above.T
            parts.append(constant.reshape(-1, outputs * n))
        blocks.insert(0, np.concatenate(parts))
        if l:
            above = _reduced(_times(above, matrices[l], p) * slopes[l - 1][None, :], p)
    return np.concatenate(blocks).T


def _reduced(values: Table, p: int) -> Table:
    return values % p if p else values


def _times(one: Table, two: Table, p: int) -> Table:
    """The product of matrices, of residues where p is not 0."""
    total = np.zeros((one.shape[0], two.shape[1]), dtype=one.dtype)
    for k in range(0, one.shape[1], _AT_ONCE):
        total = _reduced(total + one[:, k : k + _AT_ONCE] @ two[k : k + _AT_ONCE], p)
    return total


def _residues(values: np.ndarray, p: int) -> Table:
    if not p:
        return values.astype(object)
    return np.array([residue(v, p) for v in values.reshape(-1).tolist()], dtype=np.int64).reshape(values.shape)


def rank_of_rational_rows(rows: Sequence[Sequence[Fraction]], p: int) -> int:
    """The rank mod p of rational rows, which is no more than their rank."""
    if not rows:
        return 0
    return int(flint.nmod_mat(len(rows), len(rows[0]), [residue(v, p) for r in rows for v in r], p).rank())


def unmoved(layers: DenseLayers, lines: Sequence[Sequence[Line]], directions: np.ndarray) -> bool:
    """Whether the affine function with units on these lines stays, to first order, along each direction of the weights; exactly."""
    n, count = layers.inputs + 1, len(directions)
    at = flint.fmpz_mat([[int(i + 1 == j) for j in range(n)] for i in range(layers.inputs)])
    moves = flint.fmpz_mat(layers.inputs, n * count)  # side by side, one block a direction
    scale = 1
    for l, (m, b, (start, bias)) in enumerate(zip(layers.matrices, layers.biases, layers.places(), strict=True)):
        d = lcm(*(v.denominator for v in m.reshape(-1).tolist()), *(v.denominator for v in ([] if b is None else b.tolist())))
        weight = flint.fmpz_mat([[int(v * d) for v in r] for r in m.tolist()])
        own = directions[:, start : start + m.size].reshape(count * len(m), m.shape[1])
        turned = (flint.fmpz_mat(own.tolist()) * at).tolist()  # (directions x units, n)
        carried = (weight * moves).tolist()
        z, dz = (weight * at).tolist(), [[flint.fmpz(0)] * (n * count) for _ in m]
        for i in range(len(m)):
            if b is not None:
                z[i][0] += int(b[i] * d) * scale
            for k in range(count):
                for j in range(n):
                    dz[i][k * n + j] = turned[k * len(m) + i][j] * d + carried[i][k * n + j]
                if bias is not None:
                    dz[i][k * n] += int(directions[k, bias + i]) * d * scale
        scale *= d
        if l == len(layers.matrices) - 1:
            return not any(v for r in dz for v in r)
        e = lcm(*(v.denominator for line in lines[l] for v in line))
        for i, (slope, offset) in enumerate(lines[l]):
            s = int(slope * e)
            z[i] = [s * v for v in z[i]]
            z[i][0] += int(offset * e) * scale
            dz[i] = [s * v for v in dz[i]]
        scale *= e
        at, moves = flint.fmpz_mat(z), flint.fmpz_mat(dz)
    return True
