"""Networks with the function of a given one, in which hidden units read the opposite; all of them where there is one hidden layer.

Let f = c0 + sum_i c_i p(w_i x + b_i) with p(z) = l z below 0 and r z above, l and r different, where no w_i and no c_i is 0 and no two
units vanish on the same hyperplane. Then the gradient of f jumps on the m hyperplanes of the m units and nowhere else. Another network
with m units and this function needs a unit for each hyperplane, so it has one, which reads s (w_i x + b_i) with s > 0 or s < 0; and
the jump says that it is read with c_i / |s|. As p(-z) = p(z) - (l + r) z, the network in which the units of a set S are *flipped*
(s = -1) is f less (l + r) sum_S c_i (w_i x + b_i), up to a constant in c0. So up to the order of units and positive factors these
networks are the sets S with (l + r) sum_S c_i w_i = 0, and sum_S c_i b_i = 0 as well where outputs have no bias.

With several hidden layers that is done in each of them: what the next one reads stays, up to its biases. Rows of a layer stay pairwise
independent, for those that are multiples without their biases have these moved by the same multiple; so order and positive factors of
units make no two of these networks equal. There may be others, so that their number is a lower bound.

The sums are compared exactly: vectors become whole numbers, written one behind another as the digits of a single one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import flint

from neurovariety.certificates.dense_layers import DenseLayers, dense_layers
from neurovariety.certificates.network_nodes import NetworkData, network_hash, rational
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

MOST_SHOWN = 20
"""Sets that are written out."""
_MOST_UNITS = 36
"""Of which all sets are looked at, as pairs of a set of the first half and one of the others: two lists of 2^18."""
SAME_WIDTHS = "among networks of this architecture, up to the order of units and positive factors"


@dataclass(frozen=True)
class NetworksOfFunction:
    """So many networks of its architecture have the function of the network with that hash, up to order and positive factors; with
    several hidden layers at least so many."""

    subject: str
    orbits: int
    several: bool = False
    """Whether there are several hidden layers."""

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where it is another number, or units are not as the theorem wants them."""
        layers = _own_layers(self.subject, subject)
        if self.several is not (len(layers.bends) > 1):
            raise NotShown("all networks with the function are known of those with one hidden layer")
        if flips_of(layers)[0] != self.orbits or type(self.orbits) is not int:
            raise NotShown("another number of sets of units can be flipped")

    def concludes(self) -> tuple[Statement, Claim]:
        """The number, of which the network itself is one."""
        claim = Claim.LOWER_BOUND if self.several else Claim.PROVED
        return Statement("relu-fiber: orbits", self.subject, self.orbits, (SAME_WIDTHS,)), claim


@dataclass(frozen=True)
class FlippedUnits:
    """The first ``flips``, sets of hidden units, counted from 0 through all layers, that can be flipped while outputs stay: all, up to
    so many; of several layers all that lie in a single one."""

    subject: str
    flips: tuple[tuple[int, ...], ...]

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where these are other sets, or units are not as the theorem wants them."""
        if flips_of(_own_layers(self.subject, subject))[1] != self.flips:
            raise NotShown("other sets of units can be flipped")

    def concludes(self) -> tuple[Statement, Claim]:
        """The sets."""
        return Statement("relu-fiber: flips", self.subject, [list(s) for s in self.flips]), Claim.PROVED


def _own_layers(name: str, subject: NetworkData) -> DenseLayers:
    if network_hash(subject) != name:
        raise NotShown("the certificate is one of another network")
    return flippable_layers(subject)


def flippable_layers(network: NetworkData) -> DenseLayers:
    """The layers of a network. Raises `NotShown` for an activation with other kinks, and where some layers alone have biases."""
    layers = dense_layers(network)
    if not layers.bends:
        raise NotShown("the network has no hidden layer")
    for kinks, pieces in layers.bends:
        if tuple(kinks) != (0,) or any(offset for _, offset in pieces) or pieces[0][0] == pieces[1][0]:
            raise NotShown("the activation is none with a single kink, at 0, such as relu or leaky_relu")
    if len(layers.bends) > 1 and len({b is None for b in layers.biases}) > 1:
        raise NotShown("some layers have biases and others none")
    return layers


def flips_of(layers: DenseLayers) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """How many sets of units can be flipped, the empty one among them, and the first others; of several layers those in a single one.

    Raises `NotShown` for too many units, and such as the theorem does not speak of."""
    orbits, found, first = 1, list[tuple[int, ...]](), 0
    for k, bend in enumerate(layers.bends):
        here = DenseLayers(layers.matrices[k].shape[1], layers.matrices[k : k + 2], layers.biases[k : k + 2], (bend,))
        try:
            count, sets = _flips_of_layer(here)
        except NotShown as why:
            raise NotShown(f"in hidden layer {k + 1}, {why}" if len(layers.bends) > 1 else str(why)) from None
        orbits *= count
        found += [tuple(first + i for i in s) for s in sets]
        first += len(layers.matrices[k])
    return orbits, tuple(found[:MOST_SHOWN])


def require_general_units(layers: DenseLayers) -> None:
    """Raises `NotShown`, with a reason, where units are not as the theorem wants them."""
    seen: dict[tuple[Fraction, ...], int] = {}
    for i, row in enumerate(layers.matrices[0].tolist()):
        if not any(row):
            raise NotShown(f"unit {i} reads no input: networks with one unit less have this function, so there are families of them")
        if not layers.matrices[1][:, i].any():
            raise NotShown(f"unit {i} is read by nothing: its weights can be any")
        first = next(v for v in row if v)
        bias = layers.biases[0]
        plane = tuple(v / first for v in (*row, Fraction(0) if bias is None else bias[i]))
        if plane in seen:
            raise NotShown(f"units {seen[plane]} and {i} vanish on the same hyperplane, so units are left over or share what is read")
        seen[plane] = i


def _flips_of_layer(layers: DenseLayers) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """As `flips_of`, of one hidden layer."""
    require_general_units(layers)
    vectors = _changes(layers)
    rank = flint.fmpq_mat([[rational(v) for v in row] for row in vectors]).rank()
    if rank == len(vectors):
        return 1, ()
    if len(vectors) > _MOST_UNITS:
        raise NotShown(f"{len(vectors)} units have more sets than are looked at here, which are those of up to {_MOST_UNITS}")
    numbers = _as_numbers(vectors)
    half = len(numbers) // 2
    sets: dict[int, list[int]] = {}
    for mask, total in enumerate(_sums(numbers[:half])):
        sets.setdefault(total, []).append(mask)
    count, found = 0, list[tuple[int, ...]]()
    for mask, total in enumerate(_sums(numbers[half:])):
        fitting = sets.get(-total, [])
        count += len(fitting)
        for other in fitting[: MOST_SHOWN + 1 - len(found)]:
            both = other | mask << half
            found.append(tuple(i for i in range(len(numbers)) if both >> i & 1))
    return count, tuple(found[1:])  # the first is the empty set


def _changes(layers: DenseLayers) -> list[list[Fraction]]:
    """By how much, for each unit, flipping it changes the slopes of the outputs, and their constants where no bias makes up for it."""
    (left, _), (right, _) = layers.bends[0][1]
    reads, out = layers.matrices
    found = []
    for i, row in enumerate(reads.tolist()):
        bias = layers.biases[0]
        kept = row if bias is None or layers.biases[1] is not None else [*row, bias[i]]
        found.append([(left + right) * c * v for c in out[:, i].tolist() for v in kept])
    return found


def _as_numbers(vectors: Sequence[Sequence[Fraction]]) -> list[int]:
    """Whole numbers whose sums over sets are 0 exactly where those of the vectors are: entries are digits that no sum exceeds."""
    d = lcm(*(v.denominator for row in vectors for v in row))
    whole = [[v.numerator * (d // v.denominator) for v in row] for row in vectors]
    bits = 1 + max((sum(abs(v) for v in column) for column in zip(*whole, strict=True)), default=0).bit_length()
    return [sum(v << bits * k for k, v in enumerate(row)) for row in whole]


def _sums(numbers: Sequence[int]) -> list[int]:
    """The sums over all sets; that of a set stands at the number whose bits it is."""
    found = [0]
    for v in numbers:
        found += [total + v for total in found]
    return found
