"""Are two trained networks the same function? The symmetry that carries one to the other, or an input on which they differ.

Both networks are pruned exactly and their layers are matched from the input on: permutations with the scalings that the activation
carries (nonzero for monomials, positive for ReLU, signs for tanh), base changes between matrices in a row. The symmetry found is
applied to the first network over Q, and its weights are compared with those of the second.

What is proved: equal weights after the symmetry, an input with different exact outputs, equal polynomials (by enough points), equal
normal forms of one hidden layer that is linear on pieces, a bound of the difference on a ball of inputs where the weights are only
near. Where none is found, the answer is undecided; the known group need not be all of it (hidden symmetries).

Sources: Marchetti et al. 2025, 4.3; Sussmann 1992 and Fefferman 1994 for tanh; the pages on fibers in the documentation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, TypedDict

import numpy as np

from neurovariety.certificates.bends_of_functions import SameBends
from neurovariety.certificates.issue import ForEach, Verdict, issue, weak
from neurovariety.certificates.network_distance import bound as change_bound
from neurovariety.certificates.network_functions import Chained, Comparison, Counted, DiffersAt, DistanceBound, EnoughPoints
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.sentences import Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.canonical_form import canonical, same_graph, same_weights
from neurovariety.checkpoints.file_alignment import compared_files
from neurovariety.checkpoints.file_prune import file_notices
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.layers.attention_heads import attention_heads
from neurovariety.checkpoints.layers.gated_units import gated_layers
from neurovariety.checkpoints.layers.head_bases import bases_changed
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.load import load_network, whole_network
from neurovariety.checkpoints.matched_networks import CarriedNetwork, best_match, equal_functions
from neurovariety.checkpoints.nearest_symmetry import LabelledData, LineData, distance, line, merged, nearest_permutation
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.checkpoints.rank.exact_equality import FunctionsCompared, affordable, compare_functions
from neurovariety.claim import Claim
from neurovariety.errors import DataError
from neurovariety.pictures.drawn_result import DrawnResult
from neurovariety.result import Provenance
from neurovariety.tolerances import DEFAULT_SEED

_NEAR = Fraction(1, 4)
"""Part of a neuron's largest weight by which its weights may differ for the networks to count as aligned, and a bound to be stated."""
_CANONICAL_AT_MOST = 20_000
"""Parameters up to which canonical forms are compared where matching found no exact symmetry."""
_LARGEST = float(np.finfo(np.float64).max)


class AlignValue(TypedDict):
    """See `AlignResult`."""

    same: str
    related: str
    exact: bool
    bound: float | None
    box: float | None
    residual: float | None
    difference: float | None
    input: list[str] | None


@dataclass(frozen=True, repr=False)
class AlignResult(DrawnResult):
    """Whether two networks have the same function.

    ``value``: ``same`` is ``yes`` (equal functions, exactly), ``within`` (no two outputs differ by more than ``bound``, in Euclidean
    norm, at inputs of norm at most ``box``: proved), ``no`` (at ``input`` they differ by more than rounding of the stored types
    explains) or ``undecided``. ``related`` says whether a symmetry of the known group carries the weights of one to those of the
    other: ``yes``, ``within`` (up to ``residual``), ``no``, ``undecided``; ``exact`` is whether it does so exactly. ``residual`` is
    the largest difference of weights after the symmetry, relative to the largest weight of that neuron, ``difference`` (where they
    are not equal) the largest difference of outputs that was seen, at inputs drawn at random: these need not lie in the ball of
    ``box``, so it may exceed ``bound``. ``symmetry`` in the evidence lists the permutation and scalings,
    or the base change, of each layer; ``network`` is the first network carried to the second (heads whose bases were rounded are put
    into those of the second in the types of the weights), or permuted towards it where they are different functions, and ``merged``
    the network half way where the weights are not equal.
    """

    entry: ClassVar[str] = "align"
    figure: ClassVar[str] = "aligned"
    headline: ClassVar[tuple[str, ...]] = ("same", "bound", "box", "input")
    network: Network | None = field(default=None, repr=False, compare=False)
    merged: Network | None = field(default=None, repr=False, compare=False)

    def speaks(self) -> Iterable[str]:
        """Whether they are one function, with the bound of a difference, and how the weights of equal ones are related."""
        return {"yes": ("same", "related"), "within": ("same", "bound")}.get(self.value["same"], ("same",))


def align(
    a: object,
    b: object,
    *,
    architecture: object = None,
    example: object = None,
    data: object = None,
    target: object = None,
    seed: int = DEFAULT_SEED,
) -> AlignResult:
    """Compare two trained networks. ``architecture`` and ``example`` are what `load_network` takes, for both.

    Of two trainings that are not the same function the nearest permutation of neurons is found, ``evidence["nearest"]``: the distance
    of the weights before and after, and with ``data`` (samples, \\*input shape) and their ``target`` (classes or values) the losses on
    the line between the networks, before and after, with the height of the barrier. ``merged`` is then the network half way.
    Two ONNX files with operators that are not understood are one function where these, with what is stored for them, are the same, and
    each part that is understood is that of its counterpart, at the open sizes at which they were read; else both files are run.

    Raises `InputError` for networks that cannot be read, or with other inputs or outputs, `DataError` for data that do not fit.

    >>> one, two = {"w1": [[1, 2], [3, 1]], "w2": [[1, 4]]}, {"w1": [[6, 2], [-1, -2]], "w2": [[1, 1]]}
    >>> found = align(one, two, architecture="mlp(2,2,1; x^2)")
    >>> found.value["same"], found.evidence["symmetry"][0]["permutation"], found.evidence["symmetry"][0]["scalings"]
    ('yes', [1, 0], ['2', '-1'])
    """
    start = time.perf_counter()
    one, two = (load_network(x, architecture=architecture, example=example) for x in (a, b))
    if isinstance(one, PartialNetwork) and isinstance(two, PartialNetwork):
        return _of_files(one, two, data, start, seed)
    one, two = whole_network(one), whole_network(two)
    compared = compare_functions(one, two, seed=seed, stored=True)
    whole = [Rewritten.of(x).folded() for x in (one, two)]
    first, second = (exactly_pruned(x, seed)[0] for x in whole)
    best = best_match(first, second, *whole)
    value, known = _verdict(best, compared, (one, two), math.sqrt(max(math.prod(one.input_shape), 1)))
    if value["related"] == "undecided" and same_graph(first.network, second.network) and compared.differs is None:
        value, known = _by_canonical_forms(value, known, first, second)
    labelled = None if data is None else LabelledData.of(one, data, target)
    apart = value["same"] not in ("yes", "within") and same_graph(whole[0].network, whole[1].network)
    near = _nearest(whole[0], whole[1], labelled) if apart else None
    claims, unproved = _claims(one, two, value, known)
    carried_to = best.in_bases() if best is not None and value["related"] in ("yes", "within") else None
    return AlignResult(
        value=value,
        claims=claims,
        notices=unproved,
        subject=f"{one.source}, {two.source}",
        glosses=_glosses(value, near),
        evidence={
            "symmetry": best.symmetry if best is not None and carried_to is not None else [],
            "compared": _seen(compared),
            "pruned": [x.parameters - y.network.parameters for x, y in ((one, first), (two, second))],
            "same_graph": best is not None,
            "nearest": None if near is None else near.data,
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        network=near.moved if carried_to is None and near is not None else carried_to,
        merged=near.half if near is not None else _half_way(best, carried_to) if value["same"] == "within" else None,
    )


def _of_files(one: PartialNetwork, two: PartialNetwork, data: object, start: float, seed: int) -> AlignResult:
    """Two files of which only parts are understood."""
    if data is not None:
        raise DataError(f"losses are taken of networks that are understood as a whole; {one.why}")
    found = compared_files(one, two, seed)
    yes = found.same == "yes"
    value: AlignValue = {
        "same": found.same,
        "related": "yes" if yes else "undecided",
        "exact": yes,
        "bound": 0.0 if yes else None,
        "box": None,
        "residual": found.residual,
        "difference": found.difference,
        "input": None,
    }
    return AlignResult(
        value=value,
        claims=found.claims(),
        notices=tuple(dict.fromkeys((*file_notices(one), *file_notices(two), *([found.why] if found.why else [])))),
        subject=f"{one.source}, {two.source}",
        glosses=(),
        evidence={
            "symmetry": found.symmetry if yes else [],
            "compared": {"over": "parts that are understood", "inputs": 0, "by_coefficients": False},
            "pruned": found.pruned,
            "same_graph": found.kept[0].hash == found.kept[1].hash,
            "nearest": None,
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
    )


def _seen(compared: FunctionsCompared) -> dict[str, object]:
    """How the functions were compared."""
    return {"over": "Q" if compared.exact else "float64", "inputs": compared.inputs, "by_coefficients": compared.identical}


def _half_way(best: CarriedNetwork | None, carried_to: Network | None) -> Network | None:
    return None if best is None or carried_to is None else merged(carried_to, best.second.network)


class NearestData(TypedDict):
    """Two trainings before and after the nearest permutation."""

    distance_before: float
    distance_after: float
    before: LineData | None
    after: LineData | None


@dataclass(frozen=True, eq=False)
class _Nearest:
    """The first network permuted towards the second, its heads in bases nearer to those there, and the network half way."""

    moved: Network
    half: Network
    data: NearestData

    @property
    def words(self) -> str:
        """What the permutation does."""
        d = self.data
        before, after = d["distance_before"], d["distance_after"]
        if after >= before:
            text = f"no permutation of neurons that was tried brings the weights closer than {before:.4g}"
        else:
            text = f"permuting neurons brings the weights from a distance of {before:.4g} to {after:.4g} (not proved to be the least)"
        if d["before"] is not None and d["after"] is not None:
            text += (
                f", and the barrier of the loss on the line between from {d['before']['barrier']:.4g} to {d['after']['barrier']:.4g}"
            )
        return text


def _nearest(first: Rewritten, second: Rewritten, data: LabelledData | None) -> _Nearest:
    goal = second.network
    moved = bases_changed(nearest_permutation(first, goal).network, goal)
    found: NearestData = {
        "distance_before": distance(first.network, goal),
        "distance_after": distance(moved, goal),
        "before": None if data is None else line(first.network, goal, data),
        "after": None if data is None else line(moved, goal, data),
    }
    return _Nearest(moved, merged(moved, goal), found)


Known = Callable[[], Verdict] | None
"""What makes the verdict on the functions, from which all else follows."""


def _verdict(
    best: CarriedNetwork | None, compared: FunctionsCompared, pair: tuple[Network, Network], radius: float
) -> tuple[AlignValue, Known]:
    left = None if best is None else best.left
    value: AlignValue = {
        "same": "undecided",
        "related": "undecided",
        "exact": left == 0,
        "bound": None,
        "box": None,
        "residual": None if left is None else float(left),
        "difference": None if left == 0 else float(min(compared.largest, _LARGEST)),
        "input": None,
    }
    if best is not None and left == 0:
        return {**value, "same": "yes", "related": "yes", "bound": 0.0}, best.equal
    differs = compared.apart if best is not None and best.left <= _NEAR and best.beyond_rounding else compared.differs
    one, two = pair
    if differs is not None:
        shown = tuple(Fraction(v) for v in differs.reshape(-1))
        value = {**value, "same": "no", "related": "no", "input": [str(v) for v in shown]}
        if not affordable(one, two):
            return value, None
        return value, lambda: issue(DiffersAt(network_hash(one), network_hash(two), shown), pair)
    if compared.identical:
        return {**value, "same": "yes", "bound": 0.0}, lambda: issue(EnoughPoints(*map(network_hash, pair)), pair)
    if (bent := _by_bends(pair)) is not None:
        return {**value, "same": "yes", "bound": 0.0}, lambda: bent
    if best is not None and best.left <= _NEAR:
        near = best.moved.network, best.second.network
        most = change_bound(*near, radius)
        if math.isfinite(most):
            value = {**value, "same": "within", "related": "within", "bound": most, "box": radius}
            return value, lambda: issue(DistanceBound(*best.functions(), most, radius), near)
    return value, None


def _by_bends(pair: tuple[Network, Network]) -> Verdict | None:
    """One hidden layer that is linear on pieces: its function has a normal form, whatever the weights that it is written with."""
    try:
        return issue(SameBends(*map(network_hash, pair)), pair)
    except NotShown:
        return None


def _by_canonical_forms(value: AlignValue, known: Known, first: Rewritten, second: Rewritten) -> tuple[AlignValue, Known]:
    """No difference was seen and no symmetry by matching: where forms can be afforded they decide whether there is one."""
    several = any(attention_heads(x.network)[0] or gated_layers(x.network) for x in (first, second))
    if first.network.parameters > _CANONICAL_AT_MOST or several:  # of heads and gated units there is no canonical form
        return value, known
    one, two = canonical(first), canonical(second)
    if same_weights(one.network, two.network):
        return {**value, "same": "yes", "related": "yes", "bound": 0.0}, lambda: equal_functions(one, two)
    return ({**value, "related": "no"} if value["same"] == "yes" else value), known


def _claims(one: Network, two: Network, value: AlignValue, known: Known) -> tuple[ForEach, tuple[str, ...]]:
    """A certificate for each key that follows from what is known of the functions; the others are what was seen."""
    verdict, why = None, ""
    if known is not None:
        try:
            verdict = known()
        except NotShown as failed:
            why = str(failed)
    subject = (Counted.of(one), Counted.of(two)) if verdict is not None else None
    seen = Claim.ESTIMATE if value["same"] == "no" else Claim.UNDECIDED

    def claim(key: str, part: Any) -> Verdict:
        if verdict is not None and subject is not None:
            try:
                return issue(Comparison(key, part, verdict, _by_symmetry(verdict)), subject)
            except NotShown:
                return weak(Statement(f"align: {key}", "", part), Claim.ESTIMATE, "as it was computed")
        return weak(Statement(f"align: {key}", "", part), seen, why or "no certificate")

    return claim, ((f"no certificate: {why}",) if why else ())


def _by_symmetry(verdict: Verdict) -> bool:
    """Whether a verdict on two functions rests on a symmetry that carries weights to weights."""
    return isinstance(verdict.certificate, Chained | DistanceBound)


def _glosses(value: AlignValue, near: _Nearest | None) -> tuple[Gloss, ...]:
    texts = []
    if value["same"] == "undecided":
        texts.append(Gloss("no symmetry of the known group was found, and no input at which they differ", {}))
    if value["same"] == "within" and value["residual"] is not None:
        texts.append(Gloss(f"after a symmetry weights are apart by up to {value['residual']:.2g} of a neuron's largest", {}))
    if value["same"] == "within" and value["difference"] is not None:
        said = f"the bound holds at inputs of norm at most {value['box']:.4g}; the difference {value['difference']:.4g} was seen at "
        texts.append(Gloss(f"{said}inputs drawn at random, which may be larger, so it may exceed the bound", {}))
    return tuple(texts) if near is None else (*texts, Gloss(near.words, {}))
