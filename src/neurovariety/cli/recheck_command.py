"""``neurovariety recheck FILE``: the certificates of a stored result checked anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
import numpy as np

from neurovariety.certificates.recheck import Recheck, recheck
from neurovariety.certificates.result_file import read_result
from neurovariety.certificates.spoken_of import in_words
from neurovariety.cli.exit_status import ANSWERED, REFUSED
from neurovariety.errors import InputError, NeurovarietyError, VerificationError
from neurovariety.result import SCHEMA, Result, in_one_line

HELD_ENTRIES: Mapping[str, str] = {
    "approximate": "neurovariety.beyond.approximation.approximate:ApproximateResult",
    "critical-point": "neurovariety.beyond.approximation.critical_point:CriticalPointResult",
    "regions": "neurovariety.beyond.piecewise.regions:RegionsResult",
    "lipschitz": "neurovariety.beyond.piecewise.lipschitz:LipschitzResult",
    "relu-fiber": "neurovariety.beyond.piecewise.relu_fiber:ReluFiberResult",
    "robustness": "neurovariety.beyond.piecewise.robustness:RobustnessResult",
    "tropical": "neurovariety.beyond.piecewise.tropical:TropicalResult",
    "classification-fan": "neurovariety.beyond.piecewise.classification_fan:ClassificationFanResult",
    "functional-dimension": "neurovariety.beyond.piecewise.functional_dimension:FunctionalDimensionResult",
    "diagnose": "neurovariety.checkpoints.diagnose:DiagnoseResult",
    "prune": "neurovariety.checkpoints.prune:PruneResult",
    "align": "neurovariety.checkpoints.align:AlignResult",
}
"""Commands that are no entries of the dictionary, and where the class of their results is."""
_LONGEST = 80
"""Characters of an option that is told."""


def recheck_command(file: str, as_json: bool) -> int:
    """Print what became of each key, and on what the rest stands; the exit status is 1 where a certificate is refused."""
    found, problem = rechecked(*read_result(file))
    if as_json:
        click.echo(json.dumps(_as_json(found, problem)))
    else:
        click.echo(_as_text(found, problem))
    return REFUSED if found.refused or problem else ANSWERED


def rechecked(data: Mapping[str, Any], beside: Mapping[str, np.ndarray]) -> tuple[Recheck, str]:
    """The recheck of a stored result, held against the architecture and the question that it names, and what is wrong with the rest.

    Raises `InputError` and `VerificationError` as `certificates.recheck` does."""
    found, problem = _held(recheck(data, beside), data)
    return found, problem or _headline(data)


def _held(found: Recheck, data: Mapping[str, Any]) -> tuple[Recheck, str]:
    """The recheck held against the architecture and the question that the result names, and what contradicts it."""
    from neurovariety.beyond.approximation.held_critical_point import held_critical_point
    from neurovariety.beyond.approximation.held_polynomials import held_polynomials
    from neurovariety.beyond.piecewise.held_draws import held_draws
    from neurovariety.beyond.piecewise.held_fan import held_fan, held_form
    from neurovariety.dictionary.held_result import held

    evidence = data.get("evidence")
    own = {
        "approximate": held_polynomials,
        "functional-dimension": held_draws,
        "critical-point": held_critical_point,
        "classification-fan": held_fan,
        "tropical": held_form,
    }
    try:
        if found.entry in own:
            own[found.entry](found, evidence if isinstance(evidence, Mapping) else {})
        return held(found, None, np.random.default_rng()), ""
    except VerificationError as error:
        return found, str(error)


def _headline(data: Mapping[str, Any]) -> str:
    """What is wrong with the form of a result, or with the claim of the whole, which is the weakest of those of the headline."""
    schema = data.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        return f"results with certificates have the schema {SCHEMA}, not {schema!r}"
    try:
        own = _class_of(str(data["entry"])).from_dict(data).claim
    except (NeurovarietyError, LookupError, TypeError, ValueError, AttributeError) as error:
        return f"the result cannot be read: {str(error) or type(error).__name__}"
    return "" if data.get("claim") == str(own) else f"the result as a whole is claimed {data.get('claim')!r}, and {str(own)!r} follows"


def _class_of(entry: str) -> type[Result]:
    """The class of the results of an entry, or of a command. Raises `InputError` for another name."""
    from neurovariety.dictionary.registry import find

    row = find(entry)
    if row is not None:
        return row.result_class()
    if entry not in HELD_ENTRIES:
        raise InputError(f"no entry is called {entry!r}")
    module, _, name = HELD_ENTRIES[entry].partition(":")
    found: type[Result] = getattr(import_module(module), name)
    return found


def _as_text(found: Recheck, problem: str) -> str:
    lines = [f"{found.entry}({found.architecture})"]
    for k in found.keys:
        lines.append(f"  {k.key}: {k.sentence}")
        lines.append(f"    [{k.claim}] {k.outcome}{f': {k.why}' if k.why else ''}")
        lines += [f"    on trust: {t}" for t in k.trust]
    lines += [f"  speaks of the {line}" for line in in_words(found.speaks_of)]
    options = _not_compared(found)
    if options:
        lines.append(f"  as the result says, and compared with no certificate: {', '.join(options)}")
    for key in found.subjects:
        lines.append(f"  system {key[:12]}: {found.systems.get(key, 'as stored')}")
    if problem:
        lines.append(f"  refused: {problem}")
    return "\n".join([*lines, f"{found.tally}{'; the result is refused' if problem else ''}"])


def _not_compared(found: Recheck) -> list[str]:
    from neurovariety.dictionary.held_scopes import not_compared

    return [in_one_line(f"{name} {_in_short(value)}") for name, value in not_compared(found).items()]


def _in_short(value: Any) -> str:
    """An option as JSON, its beginning where it is a table."""
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


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
        "not_compared": _not_compared(found),
        "refused": problem or None,
    }
