"""Pruning an ONNX file in place: the parts that are understood are made smaller, the file is edited, and held against the original.

Each removal is an identity of the exact weights of a region; that the edited file is what was meant is for the runtime to say, which
runs both at several shapes. A layer whose removal cannot be made in the file, or changes it there, stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import numpy as np

from neurovariety.certificates.box_bounds import Box
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.onnx_runtime import Apart, Feeds, Message, Runtime, compared, exposed, runnable
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.input_box import fed_inside
from neurovariety.checkpoints.layers.removals import by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import exactly_pruned, widths
from neurovariety.checkpoints.rank.exact_equality import compare_functions
from neurovariety.checkpoints.writers.onnx_edit import NotEditable, OnnxEdit, edited
from neurovariety.checkpoints.writers.stated_shapes import without_stale_shapes
from neurovariety.errors import InputError, VerificationError
from neurovariety.result import counted


class CheckedFile(TypedDict):
    """How the edited file was held against the original."""

    runtime: str
    shapes: list[dict[str, list[int]]]
    largest_difference: float
    largest_change: float


@dataclass(frozen=True, eq=False)
class PrunedFile:
    """The edited file, what went, layer -> widths, the changes in words, the check, and what could not be done."""

    edit: OnnxEdit | None
    removed: Counter[str]
    widths: Mapping[str, list[int]]
    checked: CheckedFile | None
    left: tuple[str, ...] = ()
    rewritten: tuple[Rewritten, ...] = field(default=(), repr=False)

    @property
    def networks(self) -> tuple[Network, ...]:
        """The parts as they are after."""
        return tuple(x.network for x in self.rewritten)


def pruned_file(source: PartialNetwork, seed: int) -> PrunedFile:
    """The file with its regions pruned. Raises `VerificationError` should a removal not be the identity that it is."""
    before = [r.network for r in source.regions]
    at: list[Feeds] = []
    left: list[str] = []
    borders = [p.name for r in source.regions for p in r.outputs]

    def holds(networks: Sequence[Network]) -> tuple[OnnxEdit, Apart] | None:
        try:
            edit = edited(networks)
        except NotEditable as reason:
            left.append(str(reason))
            return None
        if not at:
            at.extend(runnable(source.model))
        apart = compared(source.model, edit.model, at, borders)
        if not apart.same:
            left.append(f"the edited file differs in its runtime by {apart.relative:.2g} of its outputs")
            return None
        return edit, apart

    rewritten, removed = _each(before, seed)
    after = [x.network for x in rewritten]
    if not removed:
        return PrunedFile(None, removed, {}, None, rewritten=tuple(rewritten))
    found = holds(after)
    if found is None:  # some layer cannot be changed in the file: layer by layer
        after, removed, rewritten = list(before), Counter(), [Rewritten.of(x) for x in before]
        for k, network in enumerate(before):
            others = list(after)

            def accept(candidate: Network, k: int = k, others: list[Network] = others) -> bool:
                return holds([*others[:k], candidate, *others[k + 1 :]]) is not None

            rewritten[k], went = exactly_pruned(Rewritten.of(network), seed, accept)
            after[k] = rewritten[k].network
            removed += by_reason(went)
        found = holds(after) if removed else None
    if found is None:
        return PrunedFile(None, Counter(), {}, None, tuple(dict.fromkeys(left)), tuple(Rewritten.of(x) for x in before))
    for one, two in zip(before, after, strict=True):
        if one is not two and compare_functions(one, two, seed=seed).differs is not None:
            raise VerificationError("a pruned part differs from what it was: a fault of neurovariety")
    edit, apart = found
    values = exposed(edit.model, at[0])
    without_stale_shapes(edit.model, values or {})
    every: dict[str, list[int]] = {}
    for one, two in zip(before, after, strict=True):
        every.update(widths(one, two))
    return PrunedFile(edit, removed, every, _checked(edit, at, apart), tuple(dict.fromkeys(left)), tuple(rewritten))


def _each(networks: Sequence[Network], seed: int) -> tuple[list[Rewritten], Counter[str]]:
    out, removed = [], Counter[str]()
    for network in networks:
        smaller, went = exactly_pruned(Rewritten.of(network), seed)
        out.append(smaller)
        removed += by_reason(went)
    return out, removed


def with_edit(source: PartialNetwork, found: PrunedFile) -> PartialNetwork:
    """The partial network of the edited file."""
    if found.edit is None:
        return source
    regions = tuple(replace(r, network=n) for r, n in zip(source.regions, found.networks, strict=True))
    weights = dict(source.weights)
    for network in found.networks:
        assert network.origin is not None
        gone = set(network.origin.read.trained) - set(network.trained)
        weights |= {k: np.zeros(0) for k in gone & set(weights)}  # of no use any more, whatever the file keeps
        for key in network.trained:
            weights[key] = network.origin.as_stored(network, key, key)
    model: Message = found.edit.model
    return replace(source, model=model, regions=regions, weights=weights, runtime=Runtime(model))


def edited_file(network: Network, box: Box | None = None) -> tuple[OnnxEdit | None, CheckedFile | None, str]:
    """The change of the ONNX file that a network was read from, held against the original; why there is none, in words, else.

    With a box they are compared at inputs that lie in it.
    """
    if network.origin is None:
        return None, None, ""
    try:
        edit = edited([network])
    except NotEditable as reason:
        return None, None, f"the file cannot be changed where it stands ({reason}); .onnx is written anew"
    if not edit.changes:
        unchanged: CheckedFile = {"runtime": "", "shapes": [], "largest_difference": 0.0, "largest_change": 0.0}
        return edit, unchanged, ""
    at = runnable(network.origin.model)
    at = at if box is None else [fed_inside(feeds, box) for feeds in at]
    apart = compared(network.origin.model, edit.model, at)
    if not apart.same:
        why = f"differs from the original by {apart.relative:.2g} of its outputs" if at else "cannot be run"
        return None, None, f"the file changed where it stands {why} in its runtime; .onnx is written anew"
    without_stale_shapes(edit.model, exposed(edit.model, at[0]) or {})
    return edit, _checked(edit, at, apart), ""


def _checked(edit: OnnxEdit, at: Sequence[Feeds], apart: Apart) -> CheckedFile:
    shapes = [{k: list(np.shape(v)) for k, v in feeds.items()} for feeds in at]
    return {
        "runtime": Runtime(edit.model).name,
        "shapes": shapes,
        "largest_difference": apart.relative,
        "largest_change": apart.change,
    }


def looked_at_words(source: PartialNetwork) -> str:
    """How much of a file was looked at."""
    if source.unread:
        return f"nothing in the file was looked at: {source.unread}"
    return (
        f"{source.understood:,} of {source.parameters:,} parameters lie in parts that are understood, "
        f"and {counted(len(source.opaque), 'operator')} {'is' if len(source.opaque) == 1 else 'are'} kept"
    )


def file_notices(source: PartialNetwork) -> tuple[str, ...]:
    """At which sizes a file was read."""
    if not source.chosen:
        return ()
    return (f"open sizes were taken as {'; '.join(source.chosen)}; --input-shape fixes others",)


def saved(model: Message, file: Any) -> None:
    """Write a file as it is. Raises `InputError` where that does not go."""
    from neurovariety.checkpoints.graph.onnx_format import import_onnx

    try:
        import_onnx().save(model, str(file))
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror or error})") from error
