"""``neurovariety recheck FILE``: the certificates of a stored result checked anew."""

from __future__ import annotations

import json
from typing import Any

import click
import numpy as np

from neurovariety.certificates.recheck import Recheck, recheck
from neurovariety.certificates.result_file import read_result
from neurovariety.cli.exit_status import ANSWERED, REFUSED
from neurovariety.errors import NeurovarietyError, VerificationError


def recheck_command(file: str, as_json: bool) -> int:
    """Print what became of each key, and on what the rest stands; the exit status is 1 where a certificate is refused."""
    data, beside = read_result(file)
    found, problem = _held(recheck(data, beside))
    if as_json:
        click.echo(json.dumps(_as_json(found, problem)))
    else:
        click.echo(_as_text(found, problem))
    return REFUSED if found.refused or problem else ANSWERED


def _held(found: Recheck) -> tuple[Recheck, str]:
    """The recheck with the stored exact data held against the model that the notation names, and what contradicts it."""
    from neurovariety.architectures import as_model
    from neurovariety.geometry.solutions.stored_subjects import held_against

    try:
        model = as_model(found.architecture)
    except NeurovarietyError:
        return found, ""
    try:
        return held_against(found, model, np.random.default_rng()), ""
    except VerificationError as error:
        return found, str(error)


def _as_text(found: Recheck, problem: str) -> str:
    lines = [f"{found.entry}({found.architecture})"]
    for k in found.keys:
        lines.append(f"  {k.key}: {k.sentence}")
        lines.append(f"    [{k.claim}] {k.outcome}{f': {k.why}' if k.why else ''}")
        lines += [f"    on trust: {t}" for t in k.trust]
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
    return {"entry": found.entry, "architecture": found.architecture, "keys": rows, "systems": systems, "refused": problem or None}
