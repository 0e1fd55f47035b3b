"""The rank of the Jacobian of an analytic network at given weights, from both sides, and what of its fiber is seen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
from scipy.linalg import qr

from neurovariety.beyond.analytic.rank_in_balls import BITS, ELIMINATED, Smooth, eliminated, random_inputs
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.analytic_networks import AnalyticPerceptron, AnalyticRank, is_invertible
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.exact_derivatives import Form, Letters, read_forms, scaled
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.normalized_networks import NormalizedPerceptron
from neurovariety.certificates.smooth_ranks_at_weights import Coincidences, MinorAtWeights, rank_at_most, written
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.errors import InputError, ResourceError
from neurovariety.exact_numbers import exact_numbers
from neurovariety.randomness import generator

_SIZES = (1.5, 4.0, 0.5)
"""How far inputs lie from 0, tried in turn."""
_NOTHING = 1e-12


@dataclass(frozen=True)
class SmoothRank:
    """``verdict``: of the rank at ``weights``, `proved` where ``lower`` and ``upper`` meet; else it is that from below."""

    weights: tuple[Fraction, ...]
    verdict: Verdict
    lower: Verdict
    upper: Verdict

    @property
    def value(self) -> int:
        """The rank, or what it is at least."""
        return int(self.verdict.statement.value)


def weights_of_network(network: Smooth, given: Sequence[object]) -> tuple[Fraction, ...]:
    """The weights as Fractions, in the order of the network, from that of all models: the matrices of all layers, then the biases; of
    attention every K, every Q, every V. Raises `InputError` for a wrong length or an entry that is not a number."""
    try:
        exact = tuple(exact_numbers(given))
    except ValueError as error:
        raise InputError(f"weights are finite numbers such as 2, 1/3 or 0.5: {error}") from None
    blocks = blocks_of(network)
    if len(exact) != network.parameters:
        order = ", ".join(name for name, _ in sorted(blocks, key=_letter))
        raise InputError(f"{network.notation} has {network.parameters} weights (in the order {order}), got {len(exact)}")
    return tuple(exact[i] for i in _places(blocks))


def in_order_of_models(network: Smooth, weights: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """The weights of a network in the order of all models."""
    found = list(weights)
    for i, w in zip(_places(blocks_of(network)), weights, strict=True):
        found[i] = w
    return tuple(found)


def _places(blocks: Sequence[tuple[str, int]]) -> list[int]:
    """For each weight of a network its place in the order of all models."""
    places, start = dict[str, range](), 0
    for name, size in sorted(blocks, key=_letter):
        places[name] = range(start, start := start + size)
    return [i for name, _ in blocks for i in places[name]]


def blocks_of(network: Smooth) -> list[tuple[str, int]]:
    """Names and sizes of the blocks of weights, in the order of the network."""
    layers = list(enumerate(pairwise(network.widths), 1))
    if isinstance(network, SoftmaxAttention):
        inner = zip(layers, network.inner, strict=True)
        heads = [(f"{k}h{h + 1}", (a * m, a * m, n * m)) for (k, (m, n)), a in inner for h in range(network.heads)]
        return [(letter + place, size) for place, sizes in heads for letter, size in zip("KQV", sizes, strict=True)]
    return [block for k, (m, n) in layers for block in ((f"W{k}", m * n), (f"b{k}", n)) if network.bias or block[0] == f"W{k}"]


def _letter(block: tuple[str, int]) -> str:
    return block[0][0]


def rank_at_weights(network: Smooth, weights: tuple[Fraction, ...], seed: int) -> SmoothRank:
    """The rank of the derivatives of all values by the weights. Raises `ResourceError` where they have too many terms."""
    try:
        most = rank_at_most(network, weights)
    except NotShown as why:
        raise ResourceError(f"of {network.notation} at these weights {why}; ask a smaller network") from None
    upper = issue(Coincidences(network.hash, weights, most), network)
    lower = issue(MinorAtWeights(largest_block(network, weights, most, seed)), network)
    verdict = issue(Meets(lower, upper), network) if lower.statement.value == most else lower
    return SmoothRank(weights, verdict, lower, upper)


def seen_rank(network: Smooth, weights: tuple[Fraction, ...], seed: int) -> int:
    """The rank that floats see."""
    length = network.widths[0] if isinstance(network, AnalyticPerceptron) else network.inputs
    inputs = random_inputs(generator(seed, "beyond.analytic.rank_at_weights"), length, _SIZES[0], network.parameters)
    with taylor(64, 2):
        whole = np.array([[float(v.mid()) for v in row] for row in network.jacobian(weights, inputs)])
    sizes = np.linalg.svd(whole, compute_uv=False)
    return int(np.sum(sizes > _NOTHING * max(sizes[0], 1e-300)))


def largest_block(network: Smooth, weights: tuple[Fraction, ...], most: int, seed: int) -> AnalyticRank:
    """The largest block of derivatives at these weights that was found to be invertible, of at most ``most`` rows."""
    length = network.widths[0] if isinstance(network, AnalyticPerceptron) else network.inputs
    best = AnalyticRank(network.hash, network.scope, weights, (), (), (), BITS)
    for attempt, size in enumerate(_SIZES if most else ()):
        inputs = random_inputs(generator(seed, "beyond.analytic.rank_at_weights", attempt), length, size, 2 * most)
        with taylor(BITS + 8 * most, 2):
            jacobian = network.jacobian(weights, inputs)
        for rows, columns in _blocks(jacobian, most, len(best.rows)):
            place = AnalyticRank(network.hash, network.scope, weights, inputs, rows, columns, BITS + 8 * most)
            if is_invertible(network, place):
                best = _with_needed_inputs(place, network.outputs)
                break
        if len(best.rows) == most:
            break
    return best


def _with_needed_inputs(place: AnalyticRank, outputs: int) -> AnalyticRank:
    """The same block without inputs of which it has no row."""
    needed = sorted({i // outputs for i in place.rows})
    rows = tuple(needed.index(i // outputs) * outputs + i % outputs for i in place.rows)
    inputs = tuple(place.inputs[k] for k in needed)
    return AnalyticRank(place.subject, place.scope, place.drawn, inputs, rows, place.columns, place.bits)


def _blocks(jacobian: list[list[flint.arb]], most: int, least: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Rows and columns of blocks that may be invertible, more than ``least`` of them, the largest first."""
    whole = np.array([[float(v.mid()) for v in row] for row in jacobian])
    found = []
    if np.all(np.isfinite(whole)):
        upper, order = qr(whole, mode="r", pivoting=True)
        sizes = np.abs(np.diag(upper))
        seen = min(most, int(np.sum(sizes > _NOTHING * max(sizes[0], 1e-300))))
        for size in range(seen, least, -1):
            rows = tuple(sorted(map(int, qr(whole[:, order[:size]].T, mode="r", pivoting=True)[1][:size])))
            found.append((rows, tuple(sorted(map(int, order[:size])))))
            if size < seen - 1:
                break
        if seen == most:
            return found
    return [*([eliminated(jacobian, most)] if whole.shape[1] <= ELIMINATED else []), *found]


def coincidences(network: Smooth, weights: tuple[Fraction, ...]) -> list[str]:
    """In words, which units add nothing at these weights, or are not told apart; what is listed need not be all."""
    if isinstance(network, SoftmaxAttention):
        return _of_heads(network, weights)
    if isinstance(network, NormalizedPerceptron):
        return [f"hidden layer {l}: units {i + 1} and {j + 1} are equal" for l, i, j in network.equal_units(weights)]
    layers = written(network, weights)
    letters, reads, met = read_forms(layers, network.widths[0])
    found: list[str] = []
    for l, forms in enumerate(reads[:-1], 1):
        name, after = layers[l - 1].name, layers[l].rows
        units = f"hidden layer {l}"
        for i, form in enumerate(forms):
            if not any(row[i] for row in after):
                found.append(f"{units}: unit {i + 1} is read by none")
            if all(map(letters.is_constant, form)):
                found.append(f"{units}: unit {i + 1} is {'0' if not met[l].values[i] else 'constant'}")
                continue
            for j in range(i):
                how = _alike(letters, name, forms[j], form)
                if how:
                    found.append(f"{units}: units {j + 1} and {i + 1} {how}")
                    break
    return found


def _alike(letters: Letters, name: str, one: Form, two: Form) -> str:
    """How two units of a layer are not told apart; nothing where they are."""

    def moving(form: Form) -> Form:
        return {m: c for m, c in form.items() if not letters.is_constant(m)}

    if one == two:
        return "are equal"
    if name == "exp":
        return "are proportional" if moving(one) == moving(two) else ""
    return "read opposite values" if one == scaled(two, -1) else ""


def _of_heads(network: SoftmaxAttention, weights: tuple[Fraction, ...]) -> list[str]:
    found = []
    for (letter, l, h), (at, rows, columns) in network.blocks.items():
        if not any(weights[at : at + rows * columns]):
            found.append(f"layer {l + 1}, head {h + 1}: {letter} is 0")
    return found
