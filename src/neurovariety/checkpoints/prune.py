"""Pruning without loss: the smaller network that computes the same function, over the rational numbers.

A neuron that nothing reads, that is constant, that is a multiple of another (as the activation demands), or whose polynomial is a
linear combination of those of others, is removed and what it did is given to the others; two matrices in a row are narrowed to the
rank of what passes. Every step is an identity of the stored weights, which are rational numbers, and is checked by evaluation over Q.
The result is a subnetwork: the function lies on a stratum of the architecture, that of the smaller one.

What is proved: the function is the same, in exact arithmetic. What is not: that no smaller network computes it.

Sources: Marchetti et al. 2025, 4.2 and 4.3; Sussmann 1992 for tanh.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, TypedDict

from neurovariety.certificates.box_bounds import Box
from neurovariety.certificates.issue import ForEach
from neurovariety.certificates.network_distance import bound as change_bound
from neurovariety.certificates.sentences import Gloss
from neurovariety.checkpoints.file_prune import edited_file, file_notices, looked_at_words, pruned_file, saved, with_edit
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.graph.rounding import Rounding, widest
from neurovariety.checkpoints.input_box import ends_of, input_box
from neurovariety.checkpoints.layers.hidden_layers import normalization
from neurovariety.checkpoints.layers.nearby import nearby
from neurovariety.checkpoints.layers.removals import RemovedUnits, by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.load import Shapes, load_network, write_network
from neurovariety.checkpoints.prune_steps import left_as_they_are, pruned_on_box, widths
from neurovariety.checkpoints.pruning_claims import claims_of_parts, pruning_claims
from neurovariety.checkpoints.rank.exact_equality import FunctionsCompared, compare_functions
from neurovariety.checkpoints.writers.onnx_edit import OnnxEdit
from neurovariety.errors import InputError, VerificationError
from neurovariety.result import Provenance, Result, counted
from neurovariety.tolerances import DEFAULT_SEED


class PruneValue(TypedDict):
    """See `PruneResult`."""

    parameters: int
    pruned: int
    removed: dict[str, int]
    widths: Mapping[str, list[int]]
    error_bound: float | None


@dataclass(frozen=True, repr=False)
class PruneResult(Result):
    """A smaller network with the same function.

    ``value``: ``parameters`` before, ``pruned`` parameters after, ``removed`` (reason -> number of neurons), ``widths`` (layer ->
    before and after) and ``error_bound``: 0, or with a tolerance a bound of the change of the function on the ball of inputs.
    ``network`` is the pruned network with exact weights; `write` rounds and stores it.
    """

    entry: ClassVar[str] = "prune"
    network: Network | PartialNetwork | None = field(default=None, repr=False, compare=False)
    edit: OnnxEdit | None = field(default=None, repr=False, compare=False)
    """The change of the ONNX file that the network was read from; None where it is written anew."""

    def speaks(self) -> Iterable[str]:
        """What can be removed; where something can, what is left, and what that does to the function."""
        return ("removed", "pruned", "error_bound") if self.value["removed"] else ("removed",)

    def write(self, file: str | Path, *, dtype: str | None = None) -> Rounding:
        """Store the pruned network (.onnx, .pt2, .npz), by default in the type it had, and say what rounding its weights cost.

        A network that was read from an ONNX file is written to one as a change of that file, in its own type.
        """
        if self.network is None:
            raise InputError("a prune result read back from JSON does not hold the network; call prune() on it again")
        if self.edit is not None and Path(file).suffix == ".onnx" and dtype in (None, self.evidence["dtype"]):
            saved(self.edit.model, file)
            checked = self.evidence["file"]
            return Rounding(
                self.evidence["dtype"] or "float32",
                self.edit.rounded,
                self.edit.error,
                checked["largest_change"],
                len(checked["shapes"]),
            )
        if isinstance(self.network, PartialNetwork):
            if Path(file).suffix == ".onnx" and dtype in (None, self.evidence["dtype"]):
                saved(self.network.model, file)  # nothing was removed
                return Rounding(self.evidence["dtype"] or "float32", 0, Fraction(0), 0.0, 0)
            raise InputError(f"{self.network.source} has parts that are kept as they are: it is written to .onnx, in its own type")
        return write_network(self.network, file, dtype=dtype or self.evidence["dtype"], seed=self.provenance.seed)


def prune(
    network: object,
    *,
    tolerance: float = 0.0,
    radius: float | None = None,
    architecture: object = None,
    example: object = None,
    input_shape: Sequence[int] | Shapes | None = None,
    box: object = None,
    seed: int = DEFAULT_SEED,
) -> PruneResult:
    """Remove what is redundant. ``network``, ``architecture``, ``example`` and ``input_shape`` are what `load_network` takes.

    An ONNX file is changed where it stands: what is not redundant stays as it is, and ``evidence["changes"]`` lists the rest. Of a file
    with operators that are not understood the parts that are are pruned, and the file is held against the original in its runtime.

    With ``tolerance`` weights are first moved, by at most that part of a neuron's weights (of a matrix, for its rank), onto the
    nearest networks with redundant neurons; ``error_bound`` then bounds the change of the function for inputs of Euclidean norm at
    most ``radius`` (default: the square root of the number of inputs).

    With a ``box`` (low, high), two numbers or arrays of the shape of an input, the function stays for inputs between them: units that
    are off there, by bounds of all values, go, and of those that are on as many are left as their map needs. Raises `InputError` for
    unusable arguments, and `VerificationError` should the exact check ever fail.

    >>> found = prune({"w1": [[1, 2], [1, 2], [3, 1]], "w2": [[1, 1, 1]]}, architecture="mlp(2,3,1; x^2)")
    >>> found.value["parameters"], found.value["pruned"], found.value["removed"]
    (9, 6, {'equal': 1})
    """
    start = time.perf_counter()
    source = load_network(network, architecture=architecture, example=example, input_shape=input_shape)
    _check_arguments(tolerance, radius, source, box)
    if isinstance(source, PartialNetwork):
        return _file_pruned(source, start, seed)
    inside = None if box is None else input_box(box, source.input_shape)
    ball = float(radius) if radius is not None else math.sqrt(max(math.prod(source.input_shape), 1))
    moved, moves, rewritten, removed = _moved_and_pruned(source, tolerance, inside, seed)
    pruned, bound = rewritten.network, change_bound(source, moved, ball) if moves else 0.0
    check = _compared(moved, pruned, inside, seed)
    value = _value(source, pruned, removed, bound)
    claims, unproved = pruning_claims(source, rewritten, bound, ball)
    edit, checked, notice = edited_file(pruned, inside)
    return PruneResult(
        value=value,
        claims=claims,
        subject=source.source,
        glosses=_glosses(value, claims),
        evidence={
            "checked": check.record(),
            "untouched": left_as_they_are(pruned, seed),
            "dtype": widest(source.weights[k] for k in source.trained),
            **_where(tolerance, moves, ball, inside),
            "changes": edit.changes if edit else [],
            "file": checked,
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        notices=(*_notices(source, bound), *([notice] if notice else []), *unproved),
        network=pruned,
        edit=edit,
    )


def _where(tolerance: float, moves: int, ball: float, inside: Box | None) -> dict[str, object]:
    """For which inputs the steps hold, and by how much weights were moved before them."""
    steps = "each removal is an identity of the exact weights, for every input at which the activations are defined"
    return {
        "steps": steps if inside is None else f"{steps}, {inside.words}",
        "tolerance": tolerance,
        "radius": ball if moves else None,
        "box": None if inside is None else inside.words,
        "moved_neurons": moves,
    }


def _value(source: Network, pruned: Network, removed: RemovedUnits, bound: float) -> PruneValue:
    return {
        "parameters": source.parameters,
        "pruned": pruned.parameters,
        "removed": dict(sorted(by_reason(removed).items())),
        "widths": widths(source, pruned),
        "error_bound": bound if math.isfinite(bound) else None,
    }


def _compared(moved: Network, pruned: Network, inside: Box | None, seed: int) -> FunctionsCompared:
    check = compare_functions(moved, pruned, seed=seed, box=None if inside is None else ends_of(inside, moved.input_shape))
    if check.differs is not None:
        raise VerificationError(f"the pruned network differs by {float(check.largest):.3g} at an input: a fault of neurovariety")
    return check


def _check_arguments(tolerance: float, radius: float | None, source: Network | PartialNetwork, box: object) -> None:
    if not (0 <= tolerance < 1):
        raise InputError(f"tolerance= is a part of a neuron's weights, from 0 to less than 1, got {tolerance!r}")
    if radius is not None and not (math.isfinite(radius) and radius > 0):
        raise InputError(f"radius= is a positive number, got {radius!r}")
    if (tolerance or box is not None) and isinstance(source, PartialNetwork):
        name = "tolerance=" if tolerance else "box="
        raise InputError(f"{name} needs a network that is understood as a whole; {source.why}")
    if tolerance and box is not None:
        raise InputError("tolerance= changes the function and box= keeps it on a box; prune with one, then with the other")


def _file_pruned(source: PartialNetwork, start: float, seed: int) -> PruneResult:
    """A file with parts that are kept as they are."""
    found = pruned_file(source, seed)
    after = with_edit(source, found)
    value: PruneValue = {
        "parameters": source.parameters,
        "pruned": after.parameters,
        "removed": dict(sorted(found.removed.items())),
        "widths": found.widths,
        "error_bound": 0.0,
    }
    untouched = [place for r in after.regions for place in left_as_they_are(r.network, seed)]
    claims, unproved = claims_of_parts(source.parameters, found.rewritten)
    return PruneResult(
        value=value,
        claims=claims,
        subject=source.source,
        glosses=(*_glosses(value, claims), Gloss(looked_at_words(source), {})),
        evidence={
            "checked": found.checked,
            "steps": "each removal is an identity of the exact weights of a part, for all values that enter it",
            "untouched": untouched + [{"place": o.place, "reason": f"kept as it is: {o.reason}"} for o in source.opaque],
            "dtype": widest(source.weights.values()),
            "tolerance": 0.0,
            "radius": None,
            "box": None,
            "moved_neurons": 0,
            "changes": found.edit.changes if found.edit else [],
            "file": found.checked,
            "inputs": {k: list(v) for k, v in source.inputs.items()},
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        notices=(*file_notices(source), *(f"a layer stays as it is: {reason}" for reason in found.left), *unproved),
        network=after,
        edit=found.edit,
    )


def _moved_and_pruned(source: Network, tolerance: float, inside: Box | None, seed: int) -> tuple[Network, int, Rewritten, RemovedUnits]:
    """The network with weights moved within the tolerance, how many neurons were, that network pruned, and what went.

    Weights that would be moved for nothing stay where they are.
    """
    moved, moves = nearby(source, tolerance) if tolerance else (source, 0)
    pruned, removed = pruned_on_box(Rewritten.of(moved), inside, seed)
    if not moves:
        return source, 0, pruned, removed
    if not removed:
        return source, 0, *pruned_on_box(Rewritten.of(source), inside, seed)
    return moved, moves, pruned, removed


def _notices(network: Network, bound: float) -> tuple[str, ...]:
    out = []
    if not math.isfinite(bound):
        out.append("no finite bound of the change is known for these operations; measure it on data")
    if any(normalization(n) is not None for n in network.nodes):
        out.append("the reciprocal root of batch norm is the float64 nearest to it, and exact from there on")
    return tuple(out)


def _glosses(value: PruneValue, claims: ForEach) -> tuple[Gloss, ...]:
    """What was done, where no certificate says it."""
    if claims("pruned", value["pruned"]).shown:
        return ()
    gone = sum(value["removed"].values())
    if not gone:
        return (Gloss("no redundant neuron was found in the layers that were looked at", {}),)
    return (Gloss(f"{counted(gone, 'neuron')} went, and {value['pruned']:,} of {value['parameters']:,} parameters are left", {}),)
