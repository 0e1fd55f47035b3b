"""Are two trained networks the same function? The symmetry that carries one to the other, or an input on which they differ.

Both networks are pruned exactly and their layers are matched from the input on: permutations with the scalings that the activation
carries (nonzero for monomials, positive for ReLU, signs for tanh), base changes between matrices in a row. The symmetry found is
applied to the first network over Q, and its weights are compared with those of the second.

What is proved: equal weights after the symmetry, an input with different exact outputs, equal polynomials (by enough points), a bound
of the difference on a ball of inputs where the weights are only near. Where none is found, the answer is undecided; the known group
need not be all of it (hidden symmetries).

Sources: Marchetti et al. 2025, 4.3; Sussmann 1992 and Fefferman 1994 for tanh; the pages on fibers in the documentation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, TypedDict

import numpy as np
from scipy.optimize import linear_sum_assignment

from neurovariety.certificates.issue import legacy
from neurovariety.checkpoints.canonical_form import canonical_form, residual, row_pivots, same_graph, same_weights
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_floats, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, hidden_layers
from neurovariety.checkpoints.layers.layer_actions import base_changed, folded, inverted, permuted_and_scaled
from neurovariety.checkpoints.layers.layer_symmetries import kind_of
from neurovariety.checkpoints.layers.neuron_rows import exact_rows, float_rows, of_size_one
from neurovariety.checkpoints.load import whole_network
from neurovariety.checkpoints.prune import exactly_pruned
from neurovariety.checkpoints.rank.exact_equality import Comparison, compare_functions
from neurovariety.checkpoints.rank.neuron_bounds import neuron_bound
from neurovariety.checkpoints.rank.perturbation_bound import change_bound
from neurovariety.checkpoints.rank.storage_rounding import smallest_normal, unit_in_last_place
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.result import Provenance, Result
from neurovariety.rings.ring import Array
from neurovariety.tolerances import DEFAULT_SEED

_NEAR = Fraction(1, 4)
"""Part of a neuron's largest weight by which its weights may differ for the networks to count as aligned, and a bound to be stated."""
_ROUNDINGS = 8
"""Units in the last place, for each matrix on the way, by which scaling and rounding again may move a weight."""
_DOUBLE = 2.0**-52
_CANONICAL_AT_MOST = 20_000
"""Parameters up to which canonical forms are compared where matching found no exact symmetry."""
_LARGEST = float(np.finfo(np.float64).max)
_SHOWN = 64
"""Widest layer whose permutation and scalings are written into the evidence."""


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
class AlignResult(Result):
    """Whether two networks have the same function.

    ``value``: ``same`` is ``yes`` (equal functions, exactly), ``within`` (no two outputs differ by more than ``bound``, in Euclidean
    norm, at inputs of norm at most ``box``: proved), ``no`` (at ``input`` they differ by more than rounding of the stored types
    explains) or ``undecided``. ``related`` says whether a symmetry of the known group carries the weights of one to those of the
    other: ``yes``, ``within`` (up to ``residual``), ``no``, ``undecided``; ``exact`` is whether it does so exactly. ``residual`` is
    the largest difference of weights after the symmetry, relative to the largest weight of that neuron, ``difference`` (where they
    are not equal) the largest difference of outputs that was seen. ``symmetry`` in the evidence lists the permutation and scalings,
    or the base change, of each layer; ``network`` is the first network carried to the second.
    """

    entry: ClassVar[str] = "align"
    network: Network | None = field(default=None, repr=False, compare=False)


def align(a: object, b: object, *, architecture: object = None, example: object = None, seed: int = DEFAULT_SEED) -> AlignResult:
    """Compare two trained networks. ``architecture`` and ``example`` are what `load_network` takes, for both.

    Raises `InputError` for networks that cannot be read, or whose inputs or outputs have different shapes.

    >>> one, two = {"w1": [[1, 2], [3, 1]], "w2": [[1, 4]]}, {"w1": [[6, 2], [-1, -2]], "w2": [[1, 1]]}
    >>> found = align(one, two, architecture="mlp(2,2,1; x^2)")
    >>> found.value["same"], found.evidence["symmetry"][0]["permutation"], found.evidence["symmetry"][0]["scalings"]
    ('yes', [1, 0], ['2', '-1'])
    """
    start = time.perf_counter()
    one, two = (whole_network(x, architecture=architecture, example=example) for x in (a, b))
    comparison = compare_functions(one, two, seed=seed, stored=True)
    first, second = (exactly_pruned(folded(x), seed)[0] for x in (one, two))
    best = _best(first, second, folded(one), folded(two))
    value, claim = _verdict(best, comparison, math.sqrt(max(math.prod(one.input_shape), 1)))
    if value["related"] == "undecided" and same_graph(first, second) and comparison.differs is None:
        value, claim = _by_canonical_forms(value, claim, first, second, seed)
    related = value["related"] in ("yes", "within")
    return AlignResult(
        value=value,
        claims=legacy("align", claim),
        subject=f"{one.source}, {two.source}",
        meaning=_meaning(value),
        evidence={
            "symmetry": best.symmetry if best is not None and related else [],
            "compared": {
                "over": "Q" if comparison.exact else "float64",
                "inputs": comparison.inputs,
                "by_coefficients": comparison.identical,
            },
            "pruned": [one.parameters - first.parameters, two.parameters - second.parameters],
            "same_graph": best is not None,
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        network=best.network if best is not None and related else None,
    )


@dataclass(frozen=True, eq=False)
class _Carried:
    """The first network moved towards the second, how, and both before that."""

    network: Network
    symmetry: list[Mapping[str, object]]
    first: Network
    second: Network

    @cached_property
    def left(self) -> Fraction:
        """The residual; 0 where the weights are equal."""
        return residual(self.network, self.second)

    @property
    def beyond_rounding(self) -> bool:
        """Whether a weight is further from its counterpart than the types of both explain.

        Weights that pruning or folding made are not looked at: they have no type.
        """
        units = _ROUNDINGS * sum(operation(n).affine is not None for n in self.second.nodes)
        for n, m, k in zip(self.first.nodes, self.second.nodes, self.network.nodes, strict=True):
            for role, key in n.weights.items():
                mine, theirs = np.asarray(self.first.weights[key]), np.asarray(self.second.weights[m.weights[role]])
                if "O" in (mine.dtype.kind, theirs.dtype.kind):
                    continue
                moved = to_floats(self.network.weights[k.weights[role]])
                size, least = (max(f(v) for v in (mine, theirs)) for f in (unit_in_last_place, smallest_normal))
                allowed = units * max(size, _DOUBLE) * (np.abs(to_floats(theirs)) + least)
                if np.any(np.abs(moved - to_floats(theirs)) > allowed):
                    return True
        return False


def _best(first: Network, second: Network, *whole: Network) -> _Carried | None:
    """The pruned networks matched, else those before pruning: they may be redundant in one, and by rounding no longer in the other."""
    found = _Carried(*_carried(first, second), first, second) if same_graph(first, second) else None
    pruned = sum(x.parameters for x in whole) > first.parameters + second.parameters
    if (found is not None and (found.left == 0 or not pruned)) or not same_graph(*whole):
        return found
    other = _Carried(*_carried(*whole), *whole)
    return other if found is None or other.left < found.left else found


def _verdict(best: _Carried | None, compared: Comparison, radius: float) -> tuple[AlignValue, Claim]:
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
    if left == 0:
        return {**value, "same": "yes", "related": "yes", "bound": 0.0}, Claim.PROVED
    differs = compared.apart if best is not None and best.left <= _NEAR and best.beyond_rounding else compared.differs
    if differs is not None:
        shown = [str(v) for v in differs.reshape(-1)]
        return {**value, "same": "no", "related": "no", "input": shown}, Claim.PROVED if compared.exact else Claim.ESTIMATE
    if compared.identical:
        return {**value, "same": "yes", "bound": 0.0}, Claim.PROVED
    if best is not None and best.left <= _NEAR:
        bound = min(f(best.network, best.second, radius) for f in (change_bound, neuron_bound))
        if math.isfinite(bound):
            return {**value, "same": "within", "related": "within", "bound": bound, "box": radius}, Claim.PROVED
    return value, Claim.UNDECIDED


def _by_canonical_forms(value: AlignValue, claim: Claim, first: Network, second: Network, seed: int) -> tuple[AlignValue, Claim]:
    """No difference was seen and no symmetry by matching: where forms can be afforded they decide whether there is one."""
    if first.parameters > _CANONICAL_AT_MOST:
        return value, claim
    if same_weights(canonical_form(first, seed=seed), canonical_form(second, seed=seed)):
        return {**value, "same": "yes", "related": "yes", "bound": 0.0}, Claim.PROVED
    return ({**value, "related": "no"} if value["same"] == "yes" else value), claim


def _carried(first: Network, second: Network) -> tuple[Network, list[Mapping[str, object]]]:
    """The first network moved towards the second, layer by layer from the input on, and what was done."""
    done: list[Mapping[str, object]] = []
    targets = dict(zip((n.name for n in first.nodes), second.nodes, strict=True))
    others = {x.producer.name: x for x in hidden_layers(second)[0]}
    for name in [x.producer.name for x in hidden_layers(first)[0]]:
        layer = next((x for x in hidden_layers(first)[0] if x.producer.name == name), None)
        goal = others.get(targets[name].name)
        if layer is None or goal is None:
            continue
        try:
            first, record = _based(first, second, layer, goal) if layer.linear else _matched(first, second, layer, goal)
        except (InputError, ZeroDivisionError, np.linalg.LinAlgError):  # no member of the group gets nearer: the comparison says so
            continue
        done.append(record)
    return first, done


def _matched(first: Network, second: Network, layer: HiddenLayer, goal: HiddenLayer) -> tuple[Network, Mapping[str, object]]:
    """Neurons paired so that rows agree best, and scaled."""
    kind = "none" if layer.leading else kind_of(layer)
    (mine, size), (theirs, other) = of_size_one(float_rows(first, layer)), of_size_one(float_rows(second, goal))
    if kind not in ("any", "positive"):  # rows are compared as they are, so in the same units
        mine, theirs = (np.ldexp(rows, at - max(size, other)) for rows, at in ((mine, size), (theirs, other)))
    if kind in ("any", "positive"):
        cosine = _unit(theirs) @ _unit(mine).T
        gain = np.abs(cosine) if kind == "any" else cosine
    else:
        squares = (theirs**2).sum(axis=1)[:, None] + (mine**2).sum(axis=1)[None, :]
        inner = theirs @ mine.T
        gain = 2 * (np.abs(inner) if kind == "sign" else inner) - squares
    _, order = linear_sum_assignment(gain, maximize=True)
    exact_mine, exact_theirs = exact_rows(first, layer), exact_rows(second, goal)
    scales = [_scale(exact_mine[j], exact_theirs[i], mine[j], theirs[i], kind) for i, j in enumerate(order.tolist())]
    moved = permuted_and_scaled(first, layer, order.tolist(), scales)
    record: dict[str, object] = {"layer": layer.producer.path or layer.producer.name, "kind": kind, "width": layer.width}
    if layer.width <= _SHOWN:
        record |= {"permutation": order.tolist(), "scalings": [str(s) for s in scales]}
    return moved, record


def _unit(rows: Array) -> Array:
    _, exponents = np.frexp(np.abs(rows).max(axis=1, initial=0.0))
    sized = np.ldexp(rows, -exponents[:, None])  # squares of tiny rows would be 0
    norms = np.linalg.norm(sized, axis=1, keepdims=True)
    return np.asarray(sized / np.where(norms > 0, norms, 1))


def _scale(mine: Array, theirs: Array, mine_float: Array, theirs_float: Array, kind: str) -> Fraction:
    if kind == "none":
        return Fraction(1)
    if kind == "sign":
        return Fraction(-1 if float(mine_float @ theirs_float) < 0 else 1)
    k = int(np.abs(theirs_float).argmax())
    if not mine[k] or not theirs[k] or (kind == "positive" and (mine[k] > 0) != (theirs[k] > 0)):
        return Fraction(1)
    return Fraction(theirs[k]) / Fraction(mine[k])


def _based(first: Network, second: Network, layer: HiddenLayer, goal: HiddenLayer) -> tuple[Network, Mapping[str, object]]:
    """The base change G with W_b = G W_a: exact on pivot columns, by least squares where rounding spoils that."""
    w = to_fractions(first.weights[layer.producer.weights["weight"]])
    target = to_fractions(second.weights[goal.producer.weights["weight"]])
    pivots = row_pivots(w)
    base = exact_matmul(target[:, pivots], inverted(w[:, pivots])) if len(pivots) == layer.width else None
    if base is None or np.any(exact_matmul(base, w) != target):
        base = to_fractions(np.linalg.lstsq(to_floats(w).T, to_floats(target).T, rcond=None)[0].T)
    shift = to_fractions(np.zeros(layer.width))
    if "bias" in layer.producer.weights and "bias" in layer.readers[0].node.weights:
        b = to_fractions(first.weights[layer.producer.weights["bias"]])
        shift = to_fractions(second.weights[goal.producer.weights["bias"]]) - exact_matmul(base, b[:, None])[:, 0]
    record: dict[str, object] = {"layer": layer.producer.path or layer.producer.name, "kind": "base change", "width": layer.width}
    if layer.width <= _SHOWN // 4:
        record |= {"matrix": [[str(v) for v in row] for row in base], "shift": [str(v) for v in shift]}
    return base_changed(first, layer, base, shift), record


def _meaning(value: AlignValue) -> str:
    if value["same"] == "no":
        return "the networks are different functions: they differ at the input shown, so no symmetry relates their weights"
    if value["same"] == "undecided":
        return "different weights: no symmetry of the known group was found, and no input on which the networks differ"
    if value["same"] == "within":
        return (
            f"the functions differ by at most {value['bound']:.3g} at inputs of norm up to {value['box']:.3g}: a symmetry carries one "
            f"to the other up to a residual of {value['residual']:.2g}"
        )
    if value["related"] == "yes":
        return "the same function: a symmetry carries the weights of one to those of the other, exactly"
    if value["related"] == "no":
        return "the same function, and yet no symmetry of the known group relates the weights"
    return "the same function; whether a symmetry of the known group relates the weights was not decided"
