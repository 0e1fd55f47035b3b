"""What a landscape claims, key by key: each number from the certificate of its list, as weak as what contradicts it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import flint
import numpy as np

from neurovariety.certificates.compose import LANDSCAPE, Because
from neurovariety.certificates.critical_functions import InCharts, RealAmongThem, SomeInCharts
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, first_shown, issue, weak
from neurovariety.certificates.least_loss import LeastInLists, LossAtWeights, NoLossBelowZero, NoneBelow
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.resting import AllResting, OnStratum, SomeLimits, SomeResting
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.landscape_lists import LandscapeLists
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.model import Model
from neurovariety.training.critical.interpolated import LossOfWeights
from neurovariety.training.critical.landscape_subject import LandscapeSubject
from neurovariety.training.critical.least import Least
from neurovariety.training.critical.stages import Stage
from neurovariety.training.losses.loss import Loss

_GAP = 1e-9
"""Part of the size of losses by which the two ends of an interval may differ for a least loss to be known."""
_ROOM = 4.0
"""Balls of listed functions may be somewhat larger where they are rechecked, from another program of the same gradient."""


def subject_of(lists: LandscapeLists, given: Loss) -> LandscapeSubject:
    """What the certificates of a landscape speak of; ``given`` is the loss in the units of the data."""
    units, strata = lists.units, lists.strata
    first = lists.stages[0].listed
    assert first is not None
    return LandscapeSubject(
        lists.problem,
        first.loss,
        given,
        units.outputs,
        tuple(lists.stages),
        (*strata.strata, *lists.beside),
        lists.resting if strata.all_listed else "",
        strata.theorem if strata.all_listed else "",
    )


def list_verdicts(lists: LandscapeLists, subject: LandscapeSubject) -> dict[str, Verdict]:
    """What is shown of each number of points."""
    first = lists.stages[0]
    assert first.listed is not None
    complete, real, minima = first.listed.verdict, first.listed.reality, first.minima
    if lists.falsified.smooth or lists.empty or not first.all_points:
        listed = complete.certificate
        assert isinstance(listed, InCharts)
        complete = issue(SomeInCharts(listed.charts_of, listed.places), first.listed.charts)
        own = sum(bool(shown.real()[k]) for shown in listed.shown(first.listed.charts) for k in range(len(shown)))
        real = issue(RealAmongThem(complete, False, own), first.listed.charts)
        minima = None
    found = {"complex": complete, "real": real, "at_subnetworks": _resting(lists, subject)}
    limits = tuple(s.listed.verdict for s in lists.limits if s.listed is not None)
    found["at_limits"] = issue(SomeLimits(subject.hash, limits), subject)
    return found | ({} if minima is None else {"minima": minima})


def _resting(lists: LandscapeLists, subject: LandscapeSubject) -> Verdict:
    parts = []
    for stage in lists.stages[1:]:
        known = None if stage.listed is None else stage.listed.verdict
        parts.append(OnStratum(known, stage.kept))
    made: list[Certificate] = [SomeResting(subject.hash, tuple(parts), shown) for shown in (True, False)]
    sure = all(s.sure and not s.sets for s in lists.stages) and not lists.falsified.contradiction and not lists.empty
    if sure:
        made.insert(0, AllResting(subject.hash, tuple(parts)))
    return first_shown(subject, *made)


def least_verdict(lists: LandscapeLists, subject: LandscapeSubject, least: Least) -> Verdict | None:
    """What is shown of the least loss, in the units of the data; None where no weights are stored."""
    if least.weights is None or not np.isfinite(least.weights).all():
        return None
    weights = tuple(float(w) for w in np.asarray(least.weights).tolist())
    _, high = subject.bounds(weights)
    if not math.isfinite(high):
        return None
    value = least.loss
    size = _size(subject, lists)
    slack = max(high - value, 0.0) * (1 + 1e-12)
    plain = LossAtWeights(subject.hash, weights, value, slack)
    if least.infimum is None and least.claim == "complete":
        for certificate in _proofs(lists, subject, plain, size):
            try:
                return issue(certificate, subject)
            except NotShown:
                continue
    return issue(plain, subject)


def interpolated_verdict(subject: LossOfWeights, least: Least, size: float) -> Verdict | None:
    """What is shown of the least loss where a whole locus interpolates; None where no network has it. ``size``: that of losses."""
    if least.infimum is not None or least.weights is None or not np.isfinite(least.weights).all():
        return None
    weights = tuple(float(w) for w in np.asarray(least.weights).tolist())
    _, high = subject.bounds(weights)
    if not math.isfinite(high):
        return None
    plain = LossAtWeights(subject.hash, weights, least.loss, max(high - least.loss, 0.0) * (1 + 1e-12))
    if subject.squares and 0 <= plain.value + plain.slack <= _GAP * size:
        return issue(NoLossBelowZero(_within(plain, plain.value + plain.slack)), subject)
    low = subject.below_all()
    return first_shown(subject, *([] if low is None else map(NoneBelow, _wide(plain, [low], size))), plain)


def _proofs(lists: LandscapeLists, subject: LandscapeSubject, at: LossAtWeights, size: float) -> list[Certificate]:
    """The ways in which the loss of a network may be shown to be the least, from the strongest down."""
    out: list[Certificate] = []
    if subject.squares and 0 <= at.value + at.slack <= _GAP * size:
        out.append(NoLossBelowZero(_within(at, at.value + at.slack)))
    bound = subject.below_all()
    if bound is not None:
        out += [NoneBelow(wide) for wide in _wide(at, [bound], size)]
    pairs = tuple(_pair(stage) for stage in lists.stages)
    if subject.singular and all(s.sure and not s.sets for s in lists.stages) and not lists.falsified.contradiction and not lists.empty:
        try:
            low = [loss for k, pair in enumerate(pairs) for loss in subject.real_losses(k, None if pair is None else pair[0])]
        except NotShown:
            return out
        out += [LeastInLists(wide, pairs) for wide in _wide(at, low, size, _ROOM)]
    return out


def _pair(stage: Stage) -> tuple[Verdict, Verdict] | None:
    return None if stage.listed is None else (stage.listed.verdict, stage.listed.reality)


def _wide(at: LossAtWeights, low: Sequence[flint.arb], size: float, room: float = 1.0) -> list[LossAtWeights]:
    """The same with ``room`` times as much slack as losses of ``low`` ask for, where that is not too much."""
    needed = max((float((flint.arb(at.value) - loss).upper()) for loss in low), default=math.inf)
    return [_within(at, min(room * needed, _GAP * size) if needed > 0 else needed)] if needed <= _GAP * size else []


def _within(at: LossAtWeights, slack: float) -> LossAtWeights:
    return LossAtWeights(at.loss_of, at.weights, at.value, max(at.slack, float(np.nextafter(max(slack, 0.0) * (1 + 1e-12), math.inf))))


def _size(subject: LandscapeSubject, lists: LandscapeLists) -> float:
    """The size of losses in the units of the data."""
    return math.ldexp(max(abs(lists.loss.constant), float(np.abs(lists.loss.image).max(initial=0.0)), 1e-300), 2 * subject.power)


def of_model(model: Model, key: str, value: object, known: Verdict | None, sure: bool, why: str = "") -> Verdict:
    """The verdict of a key of the value, from what is ``known`` of the list it counts; ``sure``: the dimension is."""
    statement = Statement(f"landscape: {key}", exact_functions(model).hash, value)
    if known is None:
        return weak(statement, Claim.UNDECIDED, why)
    if not sure:
        return weak(statement, Claim.ESTIMATE, "the dimension is only a lower bound")
    posed = ProblemOfModel(statement.subject, (known.statement.subject,))
    return issue(Because(statement, LANDSCAPE[key], (known,)), posed)
