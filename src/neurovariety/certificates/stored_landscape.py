"""A network with its strata for one loss as data that can be stored: what certificates of resting points and of the least loss ask."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.critical_functions import InCharts, ShownInChart, together, truths
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.gaussian import parts
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.nearest_matrices import NearestMatrices
from neurovariety.certificates.stored_charts import StoredCharts, StoredQuadric, bounds_of, values_at
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_BITS = 256
Box = list[flint.acb]


def landscape_hash(name: str, lists: Sequence[str], listed: str, singular: str, given: StoredQuadric | None, loss: str) -> str:
    """The hash by which certificates speak of a network with the lists of its functions and the loss that is asked for: lists do not
    depend on its constant, the least loss does. ``loss``: a hash of it where ``given`` is None."""
    return hashlib.sha256("\n".join((name, *lists, listed, singular, loss if given is None else repr(given))).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class StoredStratum:
    """A stratum: how weights of the smaller network are put into the network (None: all are 0), and whether many of them have one
    function."""

    embed: ExactSystem | None
    ambiguous: bool

    def dead(self, parameters: int) -> list[int] | None:
        """The weights that it sets to 0, where it puts those of its network into places and does nothing else."""
        if self.embed is None:
            return list(range(parameters))
        n, sums = self.embed.unknowns, self.embed.sums
        places: list[int | None] = []
        for slot in self.embed.equations:
            terms = sums[slot - n] if slot >= n else ((1, ((slot, 1),)),)
            alone = len(terms) == 1 and terms[0][0] == 1 and len(terms[0][1]) == 1
            if terms and not (alone and terms[0][1][0][0] < n and terms[0][1][0][1] == 1):
                return None
            places.append(terms[0][1][0][0] if terms else None)
        used = sorted(k for k in places if k is not None)
        return [i for i, k in enumerate(places) if k is None] if used == list(range(n)) and not self.ambiguous else None


@dataclass(frozen=True, eq=False)
class StoredLandscape:
    """What `resting.StrataOfLoss` and `least_loss.LossOfNetworks` ask, as data.

    ``values`` are the coordinates of the network's functions in all weights, ``quadric`` the loss on them, ``given`` the same in
    units of the data, larger by 2 to the ``power`` twice, or a hash of it, ``loss``. ``stages``: the charts of the network and then of
    each of the ``strata``, None where no function had to be found. Taken on trust: ``listed`` and ``singular``, why all weights where J
    drops rank, and all singular functions, are on strata, and that the matrices of all functions have the rank of ``nearest``.
    ``bounded``: a theorem bounds the loss of all networks, which is not rechecked.
    """

    name: str
    listed: str
    singular: str
    nearest: NearestMatrices | None
    power: int
    values: ExactSystem
    quadric: StoredQuadric | None
    given: StoredQuadric | None
    loss: str
    stages: tuple[StoredCharts | None, ...]
    strata: tuple[StoredStratum, ...]

    def __post_init__(self) -> None:
        n, sizes = self.values.unknowns, {len(q.against) for q in (self.quadric, self.given) if q is not None}
        if len(self.stages) != 1 + len(self.strata) or sizes - {len(self.values.equations)}:
            raise ValueError("the strata, or the coordinates, are others")
        if self.stages == (None,) and (self.power or self.quadric != self.given):
            raise ValueError("without lists there is one loss, in the units of the data")
        for stage, stratum in zip(self.stages[1:], self.strata, strict=True):
            small = stratum.embed
            if small is not None and (len(small.equations) != n or (stage is not None and small.unknowns != stage.values.unknowns)):
                raise ValueError("a stratum belongs to another network")

    @property
    def lists(self) -> tuple[str, ...]:
        return tuple("" if stage is None else stage.hash for stage in self.stages)

    @property
    def hash(self) -> str:
        return landscape_hash(self.name, self.lists, self.listed, self.singular, self.given, self.loss)

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        own = (self.hash, self.nearest, self.power, self.values.hash, self.quadric)
        stages = [stage and stage.digest for stage in self.stages]
        strata = [(s.embed and s.embed.hash, s.ambiguous) for s in self.strata]
        return hashlib.sha256(f"{own}{stages}{strata}".encode()).hexdigest()

    def _shown(self, number: int, known: Verdict) -> list[ShownInChart]:
        stage = self.stages[number]
        if stage is None or not isinstance(known.certificate, InCharts):
            raise NotShown("a list of critical functions is expected")
        return known.certificate.shown(stage)

    def _box(self, number: int, function: int, known: Verdict | None) -> Box:
        """Weights of the network that a stratum has for a function of its list."""
        small = self.strata[number - 1].embed
        if small is None or known is None:
            return [flint.acb(0)] * self.values.unknowns
        at = function
        for shown in self._shown(number, known):
            if at < len(shown):
                break
            at -= len(shown)
        else:
            raise NotShown("there is no such function")
        held = [flint.acb(z.real, z.imag) for z in shown.place.points.parameters.tolist()]
        rest = (i for i in range(small.unknowns) if i not in shown.place.free)
        own = dict(zip(shown.place.free, shown.box(at), strict=True)) | dict(zip(rest, held, strict=False))
        with precision(_BITS):
            return _run(small, [own[i] for i in range(small.unknowns)])

    def moves(self, number: int, function: int, known: Verdict | None) -> bool:
        quadric, n = _there(self.quadric), self.values.unknowns
        box = self._box(number, function, known)
        with precision(_BITS):
            found = _run(self.values.with_jacobian(), box)
            count = len(self.values.equations)
            c, slopes = found[:count], found[count:]
            rows = zip(quadric.pairs, quadric.against, strict=True)
            off = [sum((_arb(p) * v for p, v in zip(row, c, strict=True)), flint.acb(-_arb(b))) for row, b in rows]
            return any(not sum((slopes[i * n + k] * g for i, g in enumerate(off)), flint.acb(0)).contains(0) for k in range(n))

    def rests(self, number: int, function: int, known: Verdict | None) -> bool:
        n, count = self.values.unknowns, len(self.values.equations)
        dead = self.strata[number - 1].dead(n)
        if dead is None:
            return False
        with precision(_BITS):
            slopes = _run(self.values.with_jacobian(), self._box(number, function, known))[count:]
        return all(slopes[row * n + k] == 0 for row in range(count) for k in dead)

    @property
    def squares(self) -> bool:
        """Whether the loss is a sum of squares."""
        return _there(self.given).nonnegative

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        return bounds_of(_there(self.given).at(values_at(self.values, weights)))

    def below_all(self) -> flint.arb | None:
        if self.nearest is not None:
            self.nearest.check(_there(self.given))
            return self.nearest.below()
        least = _there(self.quadric).least
        if least is None:
            return None
        with precision(_BITS):
            return _arb(least) * flint.arb(2) ** (2 * self.power)

    def definite(self) -> bool:
        return _there(self.quadric).definite

    def real_losses(self, number: int, known: Verdict | None) -> list[flint.arb]:
        with precision(_BITS):
            scale = flint.arb(2) ** (2 * self.power)
            if known is None:
                here = values_at(self.values, [0.0] * self.values.unknowns)
                return [_arb(_there(self.quadric).at(here)) * scale]
            found, stage = self._shown(number, known), self.stages[number]
            if not found:
                return []
            assert stage is not None
            balls, out = together([s.functions for s in found]), []
            for value, size, real in zip(balls.values, balls.sizes, truths(found, known.claim is Claim.COMPLETE), strict=True):
                if real is not False:
                    out.append(_least_near(stage.known_quadric, value.real, size) * scale)
            return out


def _least_near(quadric: StoredQuadric, centre: np.ndarray, sizes: np.ndarray) -> flint.arb:
    """A ball of the losses of all functions near one: L(c + d) = L(c) + 2 (Pc - b)'d + d'Pd."""
    if not (np.isfinite(centre).all() and np.isfinite(sizes).all()):
        raise NotShown("the functions are not known well enough")
    c = [Fraction(float(v)) for v in centre]
    d = [flint.arb(0, float(r)) for r in sizes]
    total = _arb(quadric.at(c))
    for row, b, own in zip(quadric.pairs, quadric.against, d, strict=True):
        slope = sum((p * v for p, v in zip(row, c, strict=True)), Fraction(0)) - b
        total = total + own * (2 * _arb(slope) + sum((_arb(p) * other for p, other in zip(row, d, strict=True)), flint.arb(0)))
    return flint.arb(total.lower())


def _there(quadric: StoredQuadric | None) -> StoredQuadric:
    if quadric is None:
        raise NotStored("the loss is not rational, or has too many coordinates, so the loss of networks is not rechecked")
    return quadric


def _run(program: ExactSystem, box: Sequence[flint.acb]) -> Box:
    def constant(c: object) -> flint.acb:
        re, im = parts(c)  # type: ignore[arg-type]
        return flint.acb(_arb(re), _arb(im))

    return [flint.acb(v) for v in Over(program, constant)(list(box))]


def _fmpq(value: Fraction) -> flint.fmpq:
    return flint.fmpq(value.numerator, value.denominator)


def _arb(value: Fraction) -> flint.arb:
    return flint.arb(_fmpq(value))
