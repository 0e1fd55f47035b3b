"""``neurovariety recheck FILE``: the certificates of a stored result checked anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
import numpy as np

from neurovariety.certificates.recheck import Recheck, recheck
from neurovariety.certificates.result_file import read_result
from neurovariety.certificates.spoken_of import in_words
from neurovariety.cli.exit_status import ANSWERED, REFUSED
from neurovariety.errors import NeurovarietyError, VerificationError
from neurovariety.result import Result


def recheck_command(file: str, as_json: bool) -> int:
    """Print what became of each key, and on what the rest stands; the exit status is 1 where a certificate is refused."""
    data, beside = read_result(file)
    found, problem = _held(recheck(data, beside), data)
    problem = problem or _headline(data)
    if as_json:
        click.echo(json.dumps(_as_json(found, problem)))
    else:
        click.echo(_as_text(found, problem))
    return REFUSED if found.refused or problem else ANSWERED


def _held(found: Recheck, data: Mapping[str, Any]) -> tuple[Recheck, str]:
    """The recheck held against the architecture and the question that the result names, and what contradicts it."""
    from neurovariety.beyond.approximation.held_critical_point import held_critical_point
    from neurovariety.dictionary.held_result import held

    evidence = data.get("evidence")
    try:
        if found.entry == "critical-point":
            held_critical_point(found, evidence if isinstance(evidence, Mapping) else {})
        return held(found, None, np.random.default_rng()), ""
    except VerificationError as error:
        return found, str(error)


def _headline(data: Mapping[str, Any]) -> str:
    """What is wrong with the claim of the whole, which is the weakest of those of the headline."""
    kind = _class_of(str(data["entry"]))
    if kind is None:
        return ""
    try:
        own = kind.from_dict(data).claim
    except (NeurovarietyError, LookupError, TypeError, ValueError, AttributeError) as error:
        return f"the result cannot be read: {str(error) or type(error).__name__}"
    return "" if data.get("claim") == str(own) else f"the result as a whole is claimed {data.get('claim')!r}, and {str(own)!r} follows"


def _class_of(entry: str) -> type[Result] | None:
    """The class of the results of an entry, or of a command about networks."""
    from neurovariety.beyond.approximation.approximate import ApproximateResult
    from neurovariety.beyond.piecewise.functional_dimension import FunctionalDimensionResult
    from neurovariety.beyond.piecewise.regions import RegionsResult
    from neurovariety.beyond.piecewise.tropical import TropicalResult
    from neurovariety.checkpoints.align import AlignResult
    from neurovariety.checkpoints.diagnose import DiagnoseResult
    from neurovariety.checkpoints.prune import PruneResult
    from neurovariety.dictionary.registry import find

    if row := find(entry):
        return row.result_class()
    of_networks = (
        AlignResult, ApproximateResult, DiagnoseResult, FunctionalDimensionResult, PruneResult, RegionsResult, TropicalResult,
    )  # fmt: skip
    return next((kind for kind in of_networks if kind.entry == entry), None)


def _as_text(found: Recheck, problem: str) -> str:
    lines = [f"{found.entry}({found.architecture})"]
    for k in found.keys:
        lines.append(f"  {k.key}: {k.sentence}")
        lines.append(f"    [{k.claim}] {k.outcome}{f': {k.why}' if k.why else ''}")
        lines += [f"    on trust: {t}" for t in k.trust]
    lines += [f"  speaks of the {line}" for line in in_words(found.speaks_of)]
    for key in found.subjects:
        lines.append(f"  system {key[:12]}: {found.systems.get(key, 'as stored')}")
    if problem:
        lines.append(f"  refused: {problem}")
    checked, asked = len(found.rechecked), sum(k.outcome != "claims nothing" for k in found.keys)
    lines.append(f"{checked} of {asked} claims rechecked, {len(found.refused)} refused")
    return "\n".join(lines)


def _as_json(found: Recheck, problem: str) -> dict[str, Any]:
    rows = {
        k.key: {
            "claim": str(k.claim),
            "sentence": k.sentence,
            "outcome": k.outcome,
            "why": k.why or None,
            "trust": list(k.trust),
        }
        for k in found.keys
    }
    systems = {key: found.systems.get(key, "as stored") for key in found.subjects}
    return {
        "entry": found.entry,
        "architecture": found.architecture,
        "keys": rows,
        "systems": systems,
        "speaks_of": in_words(found.speaks_of),
        "refused": problem or None,
    }
