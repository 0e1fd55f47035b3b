"""Two files of which parts are understood: are they one function?

They are where the operators that are kept are the same in both, and each part of one is the function of its counterpart. Where that is
not shown both files are run; outputs that are apart by more than rounding are seen, not proved, to differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from neurovariety.certificates.compared_parts import SameParts, hash_of_sizes
from neurovariety.certificates.issue import ForEach, Verdict, issue, weak
from neurovariety.certificates.network_functions import Counted
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.onnx_format import draws_at_random
from neurovariety.checkpoints.graph.onnx_runtime import compared, runnable
from neurovariety.checkpoints.graph.partial_network import PartialNetwork, Region
from neurovariety.checkpoints.kept_operators import KeptOperators, kept_operators
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.matched_networks import CarriedNetwork, best_match
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.claim import Claim
from neurovariety.errors import InputError


@dataclass(frozen=True, eq=False)
class ComparedFiles:
    """``same`` is ``yes``, ``no`` or ``undecided``; ``difference`` the largest part of the outputs by which they were seen apart.

    ``symmetry`` is the one of all parts, ``pruned`` how many numbers were left out of each file before they were matched, ``verdicts``
    what is known of the functions of each pair of parts, and ``why`` what kept the answer from a proof.
    """

    same: str
    difference: float | None
    symmetry: list[Mapping[str, object]]
    pruned: list[int]
    residual: float | None
    kept: tuple[KeptOperators, KeptOperators]
    verdicts: tuple[Verdict, ...] = ()
    why: str = ""

    def claims(self) -> ForEach:
        """A certificate for each key that follows."""
        (one, two) = self.kept
        pairs = tuple((Counted.of(a.network), Counted.of(b.network)) for a, b in zip(one.parts, two.parts, strict=False))
        seen = Claim.ESTIMATE if self.same == "no" else Claim.UNDECIDED

        def claim(key: str, part: object) -> Verdict:
            if self.same == "yes":
                try:
                    return issue(
                        SameParts(key, part, one.hash, self.verdicts, one.at), (one.hash, two.hash, pairs, hash_of_sizes(two.at))
                    )
                except NotShown:
                    return weak(Statement(f"align: {key}", "", part), Claim.ESTIMATE, "as it was computed")
            return weak(Statement(f"align: {key}", "", part), seen, self.why)

        return claim


def compared_files(one: PartialNetwork, two: PartialNetwork, seed: int) -> ComparedFiles:
    """Compare two files. Raises `InputError` where their inputs or outputs are others."""
    if (one.inputs, one.outputs) != (two.inputs, two.outputs):
        raise InputError(
            f"the files map {one.inputs} to {one.outputs} and {two.inputs} to {two.outputs}: only networks with the same inputs and "
            "outputs can be compared"
        )
    kept = kept_operators(one), kept_operators(two)
    symmetry: list[Mapping[str, object]] = []
    pruned, left, verdicts, why = [0, 0], 0.0, list[Verdict](), ""
    if kept[0].hash != kept[1].hash:
        why = "operators that are kept, or what is stored for them, differ"
        return _run(ComparedFiles("", None, [], pruned, None, kept, why=why), one, two)
    if draws_at_random(one.model):
        why = "the files draw random numbers: what they compute is no function of the inputs"
    for first, second in zip(kept[0].parts, kept[1].parts, strict=True):
        found, went = _matched_parts(first, second, seed)
        pruned = [n + w for n, w in zip(pruned, went, strict=True)]
        left = math.inf if found is None else max(left, float(found.left))
        if found is None or found.left:
            why = f"the part that makes {second.outputs[0].name!r} is not shown to be the same function in both"
            continue
        symmetry += found.symmetry
        try:
            verdicts.append(found.equal())
        except NotShown as failed:
            why = str(failed)
    done = ComparedFiles("yes", None, symmetry, pruned, None if math.isinf(left) else left, kept, tuple(verdicts), why)
    return done if not why else _run(done, one, two)


def _matched_parts(first: Region, second: Region, seed: int) -> tuple[CarriedNetwork | None, tuple[int, int]]:
    whole = [Rewritten.of(r.network).folded() for r in (first, second)]
    one, two = (exactly_pruned(x, seed)[0] for x in whole)
    went = first.network.parameters - one.network.parameters, second.network.parameters - two.network.parameters
    return best_match(one, two, *whole), went


def _run(found: ComparedFiles, one: PartialNetwork, two: PartialNetwork) -> ComparedFiles:
    """What running both files adds where they are not shown to be one function."""
    at = runnable(one.model)
    apart = compared(one.model, two.model, at)
    repeats = compared(one.model, one.model, at).same  # a file with random operators differs from itself
    same = "no" if at and not apart.same and repeats else "undecided"
    return replace(found, same=same, difference=apart.relative if at and math.isfinite(apart.relative) else None)
