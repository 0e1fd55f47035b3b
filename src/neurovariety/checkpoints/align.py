"""Are two trained networks the same function? The symmetry that carries one to the other, or an input on which they differ.

Both networks are pruned exactly and their layers are matched from the input on: permutations with the scalings that the activation
carries (nonzero for monomials, positive for ReLU, signs for tanh), base changes between matrices in a row. The symmetry found is
applied to the first network over Q, and its weights are compared with those of the second.

What is proved: equal weights after the symmetry, an input with different exact outputs, equal polynomials (by enough points). Where
no symmetry is found and no difference either, the answer is undecided; the known group need not be all of it (hidden symmetries).

Sources: Marchetti et al. 2025, 4.3; Sussmann 1992 and Fefferman 1994 for tanh; the pages on fibers in the documentation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, TypedDict

import numpy as np
from scipy.optimize import linear_sum_assignment

from neurovariety.certificates.issue import legacy
from neurovariety.checkpoints.canonical_form import canonical_form, residual, row_pivots, same_graph, same_weights
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_floats, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, hidden_layers
from neurovariety.checkpoints.layers.layer_actions import base_changed, folded, inverted, permuted_and_scaled
from neurovariety.checkpoints.layers.layer_symmetries import kind_of
from neurovariety.checkpoints.layers.neuron_rows import exact_rows, float_rows
from neurovariety.checkpoints.load import load_network
from neurovariety.checkpoints.prune import exactly_pruned
from neurovariety.checkpoints.rank.exact_equality import Comparison, compare_functions
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.result import Provenance, Result
from neurovariety.rings.ring import Array
from neurovariety.tolerances import DEFAULT_SEED

_ROUNDINGS = 256
"""Units in the last place by which weights of one function may differ after a symmetry: a few dozen operations rounded each."""
_SHOWN = 64
"""Widest layer whose permutation and scalings are written into the evidence."""


class AlignValue(TypedDict):
    """See `AlignResult`."""

    same: str
    related: str
    exact: bool
    residual: float | None
    difference: float | None
    input: list[str] | None


@dataclass(frozen=True, repr=False)
class AlignResult(Result):
    """Whether two networks have the same function.

    ``value``: ``same`` (yes, no, undecided), ``related`` (yes: by a symmetry of the known group; no; undecided), ``exact`` (whether
    the weights agree exactly after it), ``residual`` (largest relative difference of weights), ``difference`` (where they are not
    related: the largest difference of outputs seen) and ``input`` (one on which they differ, or null). ``symmetry`` in the evidence
    lists the permutation and scalings, or the base change, of each layer; ``network`` is the first network carried to the second.
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
    one, two = (load_network(x, architecture=architecture, example=example) for x in (a, b))
    first, second = (exactly_pruned(folded(x), seed)[0] for x in (one, two))
    carried, left = first, None
    symmetry: list[Mapping[str, object]] = []
    comparable = same_graph(first, second)
    if not comparable and same_graph(folded(one), folded(two)):  # redundant in one, and by rounding no longer in the other
        first, second, comparable = folded(one), folded(two), True
        carried = first
    if comparable:
        carried, symmetry = _carried(first, second)
        left = residual(carried, second) if same_graph(carried, second) else None
    rounding = _ROUNDINGS * float(np.finfo(_coarsest(one, two)).eps)
    if left is not None and left <= rounding:
        compared = compare_functions(one, two, seed=seed, rounding=rounding if left else None, by_coefficients=False)
        related = compared.differs is None or left == 0
    else:
        compared, related = compare_functions(one, two, seed=seed), False
    value, claim = _verdict(related, left, compared)
    if value["same"] == "yes" and not related and comparable:  # one function, no symmetry found by matching: decide it exactly
        equal = same_weights(canonical_form(first, seed=seed), canonical_form(second, seed=seed))
        value["related"] = "yes" if equal else "no"
    return AlignResult(
        value=value,
        claims=legacy("align", claim),
        subject=f"{one.source}, {two.source}",
        meaning=_meaning(value),
        evidence={
            "symmetry": symmetry if related else [],
            "compared": {
                "over": "Q" if compared.exact else "float64",
                "inputs": compared.inputs,
                "by_coefficients": compared.identical,
            },
            "pruned": [one.parameters - first.parameters, two.parameters - second.parameters],
            "same_graph": comparable,
            "rounding_allowed": rounding,
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        network=carried if related else None,
    )


def _verdict(related: bool, left: Fraction | None, compared: Comparison) -> tuple[AlignValue, Claim]:
    value: AlignValue = {
        "same": "yes",
        "related": "yes" if related else "undecided",
        "exact": related and left == 0,
        "residual": None if left is None else float(left),
        "difference": None if related else float(compared.largest),
        "input": None,
    }
    if related:
        return value, Claim.PROVED if left == 0 else Claim.ESTIMATE
    if compared.differs is not None:
        value["same"], value["related"] = "no", "no"
        value["input"] = [str(v) for v in compared.differs.reshape(-1)]
        return value, Claim.PROVED if compared.exact else Claim.ESTIMATE
    if compared.identical:
        return value, Claim.PROVED
    value["same"] = "undecided"
    return value, Claim.UNDECIDED


def _coarsest(*networks: Network) -> np.dtype:
    """The shortest floating-point type among trained weights; exact weights count as float64."""
    kinds = {np.asarray(n.weights[k]).dtype for n in networks for k in n.trained}
    found = sorted((k for k in kinds if k.kind == "f"), key=lambda k: k.itemsize)
    return found[0] if found else np.dtype(np.float64)


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
        except (InputError, ZeroDivisionError):  # no member of the group gets nearer: the comparison says so
            continue
        done.append(record)
    return first, done


def _matched(first: Network, second: Network, layer: HiddenLayer, goal: HiddenLayer) -> tuple[Network, Mapping[str, object]]:
    """Neurons paired so that rows agree best, and scaled."""
    kind = "none" if layer.leading else kind_of(layer)
    mine, theirs = float_rows(first, layer), float_rows(second, goal)
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
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


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
    if value["related"] != "yes":
        return "the same function, and yet no symmetry of the known group relates the weights"
    if value["exact"]:
        return "the same function: a symmetry carries the weights of one to those of the other, exactly"
    return f"the same function up to rounding: a symmetry carries one to the other with a residual of {value['residual']:.2g}"
