"""``neurovariety experiment free-energy``: log evidence of simulated data against the number of samples, beside what is predicted."""

from __future__ import annotations

import json
from fractions import Fraction

import click

from neurovariety.architectures import as_model
from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED
from neurovariety.cli.workers import insistent_interrupt
from neurovariety.dictionary.learning_coefficient import learning_coefficient
from neurovariety.learning.analytic_notation import analytic_network
from neurovariety.learning.estimate_of_question import SampledQuestion, near_zero, of_odd_network, of_true_rank
from neurovariety.learning.free_energy import FreeEnergies, free_energies


def free_energy_command(architecture: str, true_rank: int | None, data_sets: int, figure: str | None, as_json: bool, seed: int) -> int:
    """Print free energies and their slope, and draw them where that was asked for; returns the exit status."""
    with ended_if_stuck(), insistent_interrupt():
        known = learning_coefficient(architecture, true_rank=true_rank, truth="general" if true_rank is not None else "zero", seed=seed)
        found = free_energies(_question(architecture, true_rank).problem, data_sets, seed)
    coefficient, multiplicity = known.value["learning_coefficient"], known.value["multiplicity"]
    value, low, high = found.slope(multiplicity or 1)
    exact = None if coefficient is None else float(Fraction(coefficient))
    name = known.subject if true_rank is None else f"{known.subject} rank {true_rank}"
    if figure is not None:
        from neurovariety.pictures.canvas import write_picture
        from neurovariety.report.free_energy_figure import free_energy_canvas

        write_picture(lambda: free_energy_canvas(found, name, exact, multiplicity or 1), figure)
    if as_json:
        predicted = {"learning_coefficient": coefficient, "multiplicity": multiplicity, "claim": str(known.claim)}
        rows = [
            {"samples": n, "free_energies": [round(float(v), 4) for v in vs]} for n, vs in zip(found.sizes, found.values.T, strict=True)
        ]
        slope = {"slope": round(value, 4), "interval": [round(low, 4), round(high, 4)]}
        click.echo(json.dumps({"network": name, "predicted": predicted, **slope, "points": rows, "seed": seed}))
    else:
        click.echo("\n".join([name, *_table(found), *_slopes((value, low, high), exact, coefficient, multiplicity)]))
    return ANSWERED


def _question(architecture: str, true_rank: int | None) -> SampledQuestion:
    analytic = analytic_network(architecture)
    if analytic is not None:
        return of_odd_network(analytic)
    model = as_model(architecture)
    return near_zero(model) if true_rank is None else of_true_rank(model, true_rank)


def _table(found: FreeEnergies) -> list[str]:
    lines = ["samples  free energy, mean of the data sets and its spread"]
    for n, column in zip(found.sizes, found.values.T, strict=True):
        lines.append(f"{n:>7.0e}  {column.mean():.2f} +- {column.std(ddof=1):.2f}")
    return lines


def _slopes(slope: tuple[float, float, float], exact: float | None, coefficient: str | None, multiplicity: int | None) -> list[str]:
    value, low, high = slope
    beside = "" if multiplicity in (None, 1) else f", with {multiplicity - 1 if multiplicity else 0} log log n added"
    lines = [f"slope in log n{beside}: {value:.4f} ({low:.4f} to {high:.4f}, 95 % from the spread of the data sets)"]
    if exact is None:
        return [*lines, "no exact learning coefficient is known to compare with, nor its multiplicity"]
    side = (
        "holds it"
        if low <= exact <= high
        else "does not hold it: an interval of this kind fails one time in twenty, or smaller terms still matter"
    )
    known = f"the learning coefficient is {coefficient}, " + (
        "its multiplicity is not known" if multiplicity is None else f"with multiplicity {multiplicity}"
    )
    return [*lines, f"{known}: the interval {side}"]
