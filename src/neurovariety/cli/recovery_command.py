"""``neurovariety experiment recovery``: fits to samples of a network, beside the numbers of samples that were predicted."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from neurovariety.architectures import as_model
from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED
from neurovariety.cli.workers import insistent_interrupt
from neurovariety.dictionary.sample_complexity import sample_complexity
from neurovariety.learning.recovery_curve import RecoveryCurve, ShareAlone, Thresholds, recovery_curve, shares_alone

_MORE = 3
"""Samples beyond those after which nothing should change."""
_DRAWN = 60
"""Teachers of whom it is counted whether they are alone, beside those whose students are fitted."""
_EPSILON, _DELTA, _RADIUS = 0.01, 0.05, 1.0
"""The question on samples that are enough: a mean squared error of a hundredth, for functions of size at most 1 on the inputs."""


def recovery_command(
    architecture: str, teachers: int, starts: int, samples: int | None, figure: str | None, as_json: bool, seed: int
) -> int:
    """Print the curve, and draw it where that was asked for; returns the exit status."""
    with ended_if_stuck(), insistent_interrupt():
        model = as_model(architecture)
        known = sample_complexity(model, epsilon=_EPSILON, delta=_DELTA, radius=_RADIUS, seed=seed)
        predicted: dict[str, int | None] = {key: known.value[key] for key in ("finite", "unique", "exact_fit")}
        most = samples or (predicted["unique"] or known.value["finite"]) + _MORE
        thresholds = Thresholds.of(model, known.value["finite"], known.value["unique"], seed)
        curve = recovery_curve(model, most, predicted=thresholds, teachers=teachers, starts=starts, seed=seed)
        shares = shares_alone(model, thresholds, _DRAWN, seed)
    if figure is not None:
        from neurovariety.pictures.canvas import write_picture
        from neurovariety.report.recovery_figure import recovery_canvas

        names = {"finitely many functions": "finite", "one function": "unique", "enough, by a cover": "exact_fit"}
        write_picture(lambda: recovery_canvas(curve, {name: predicted[key] for name, key in names.items()}), figure)
    if as_json:
        seen = {"none_below": curve.none_below, "all_from": curve.all_from}
        rows, alone = [asdict(p) for p in curve.points], [asdict(share) for share in shares]
        counted = {"all_alone_from": curve.expected_from, "alone": alone}
        found = {"predicted": predicted | counted, "seen": seen, "points": rows}
        click.echo(json.dumps({"architecture": model.name, **found, "seed": seed}))
    else:
        click.echo("\n".join(_table(curve, predicted, shares)))
    return ANSWERED


def _table(curve: RecoveryCurve, predicted: dict[str, int | None], shares: tuple[ShareAlone, ...]) -> list[str]:
    lines = [curve.architecture, "samples  fits       the teacher  median relative error"]
    for p in curve.points:
        share, error = ("-", "-") if p.recovered is None or p.error is None else (f"{100 * p.recovered:.0f} %", f"{p.error:.1e}")
        lines.append(f"{p.samples:>7}  {f'{p.fits} of {p.tried}':<9}  {share:>11}  {error:>21}")
    unique = "not counted" if predicted["unique"] is None else predicted["unique"]
    lines.append(f"predicted: finitely many functions from {predicted['finite']} samples on, one from {unique}")
    for counted in shares:
        low, high = counted.interval
        lines.append(
            f"counted: at {counted.samples} samples {counted.alone} of {counted.teachers} random teachers are the only function of "
            f"real weights with their values ({100 * low:.0f} to {100 * high:.0f} % of all, an interval of 95 %)"
        )
    expected = curve.expected_from
    if shares and expected is not None:
        lines.append(f"these {curve.teachers} teachers all are from {expected} on")
    lines.append(f"seen: fits that are the teacher from {curve.none_below} on, and hardly others from {curve.all_from} on")
    enough = predicted["exact_fit"]
    if enough is not None:
        asked = "a mean squared error of 0.01 of functions of size at most 1, with probability 95 %"
        lines.append(f"proved for any distribution: {enough:,} are enough for {asked}")
    return lines
