"""How many independent samples are enough for uniform statements on a model's functions, with every constant.

Inputs come from any distribution, and the functions f of the model are those with |f(x)| <= B there; targets have |y| <= B + noise.
L(f) is the expectation of |f(x) - y|^2, L_n(f) its mean over n samples. Three statements, each a certificate; the proofs stand in the
documentation of the entry `sample-complexity`. |L - L_n| <= epsilon for the functions at once, with probability at least 1 - delta,
by a cover and Hoeffding's inequality (`UniformByCover`), or by Rademacher averages in the linear span (`UniformBySpan`). And where
targets are values of a function of the set: a function of the set that has the same values at the samples has mean squared distance
at most epsilon from it (`FitByCover`).

Sources: Zhang, Kileel 2023; Hoeffding 1963; McDiarmid 1989; Maurer 2016 (contraction, several outputs); John 1948.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import flint

from neurovariety.certificates.balls import precision
from neurovariety.certificates.covering_numbers import (
    AT_MOST,
    ON_INPUTS,
    BallOfFunctions,
    arb_of,
    as_number,
    at_most_fraction,
    known_from_above,
)
from neurovariety.certificates.functions import SPAN, Functions
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

UNIFORM, EXACT_FIT = "sample-complexity: uniform", "sample-complexity: exact_fit"
_BITS = 192


@dataclass(frozen=True)
class LearningTask:
    """Functions of size at most ``radius`` on the inputs, targets of size at most ``radius`` + ``noise``, an error of at most
    ``epsilon`` in mean squares, with probability at least 1 - ``delta``."""

    radius: Fraction
    noise: Fraction
    epsilon: Fraction
    delta: Fraction

    def __post_init__(self) -> None:
        if not (self.radius > 0 and self.noise >= 0 and self.epsilon > 0 and 0 < self.delta < 1):
            raise ValueError("a positive radius and epsilon, a noise from 0 on and a delta between 0 and 1 are expected")

    def ball(self, eta: Fraction) -> BallOfFunctions:
        """The functions, to be covered by balls of radius ``eta``."""
        return BallOfFunctions(ON_INPUTS, self.radius, eta)

    @property
    def uniform_scope(self) -> tuple[str, ...]:
        """What |L - L_n| <= epsilon is said of, in words."""
        return (
            f"for functions of size at most {as_number(self.radius)} on the inputs and targets of size at most "
            f"{as_number(self.radius + self.noise)}: but for an event of probability {as_number(self.delta)} or less, the mean squared "
            f"error of each over the samples is within {as_number(self.epsilon)} of its expectation",
        )

    @property
    def fit_scope(self) -> tuple[str, ...]:
        """What a fit without error is said to give, in words."""
        return (
            f"for functions of size at most {as_number(self.radius)} on the inputs, and values of one of them without error: but for "
            f"an event of probability {as_number(self.delta)} or less, each with these values at the samples has a mean squared "
            f"distance of at most {as_number(self.epsilon)} from it",
        )


def uniform_by_cover(task: LearningTask, eta: Fraction, log_number: Fraction) -> flint.arb:
    """M^2 (log N + log(2/delta)) / (2 t^2), with M = (2B + eta + noise)^2 and t = epsilon - 2 eta (4B + 2 noise + eta).

    ``log_number`` bounds log N, for balls of radius ``eta``. Raises `NotShown` where t is not positive.
    """
    margin = task.epsilon - 2 * eta * (4 * task.radius + 2 * task.noise + eta)
    if margin <= 0:
        raise NotShown("the balls are too large for that epsilon")
    largest = (2 * task.radius + eta + task.noise) ** 2
    with precision(_BITS):
        return arb_of(largest**2 / (2 * margin**2)) * (arb_of(log_number) + arb_of(2 / task.delta).log())


def uniform_by_span(task: LearningTask, span: int, outputs: int) -> flint.arb:
    """((4 (2B + noise) c B sqrt(s o) + (2B + noise)^2 sqrt(log(2/delta) / 2)) / epsilon)^2, for a span of dimension s and o outputs;
    c is 1 for one output and sqrt(2) for several."""
    size = 2 * task.radius + task.noise
    with precision(_BITS):
        averages = arb_of(4 * size * task.radius) * flint.arb(span * outputs * (1 if outputs == 1 else 2)).sqrt()
        spread = arb_of(size**2) * (arb_of(2 / task.delta).log() / 2).sqrt()
        return ((averages + spread) / arb_of(task.epsilon)) ** 2


def fit_by_cover(task: LearningTask, eta: Fraction, log_number: Fraction) -> flint.arb:
    """(log N + log(1/delta)) / q with q = (epsilon - 2 eta sqrt(epsilon)) / (2B + eta)^2. Raises `NotShown` where q is not positive."""
    with precision(_BITS):
        epsilon = arb_of(task.epsilon)
        share = (epsilon - 2 * arb_of(eta) * epsilon.sqrt()) / arb_of((2 * task.radius + eta) ** 2)
        if not share > 0:
            raise NotShown("the balls are too large for that epsilon")
        return (arb_of(log_number) + arb_of(1 / task.delta).log()) / share


def enough(bound: flint.arb) -> int:
    """The least whole number that is no smaller than a bound, and at least 1."""
    least = at_most_fraction(bound)
    return max(1, -(-least.numerator // least.denominator))


@dataclass(frozen=True)
class UniformByCover:
    """So many samples, ``value``, by a cover with balls of radius ``eta``: `uniform_by_cover`. ``cover`` bounds log N for these."""

    subject: str
    task: LearningTask
    eta: Fraction
    cover: Verdict
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the cover is another, or more samples are needed."""
        _suffices(uniform_by_cover(self.task, self.eta, _log_number(self, subject)), self.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many are enough."""
        known = self.cover.statement
        scope = (*self.task.uniform_scope, *known.scope[1:])
        return Statement(UNIFORM, self.subject, self.value, scope, known.error), Claim.UPPER_BOUND


@dataclass(frozen=True)
class FitByCover:
    """So many samples, ``value``, where targets have no error, by a cover with balls of radius ``eta``: `fit_by_cover`."""

    subject: str
    task: LearningTask
    eta: Fraction
    cover: Verdict
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the cover is another, there is noise, or more samples are needed."""
        if self.task.noise:
            raise NotShown("noisy targets are not fitted without error")
        _suffices(fit_by_cover(self.task, self.eta, _log_number(self, subject)), self.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many are enough."""
        known = self.cover.statement
        return Statement(EXACT_FIT, self.subject, self.value, (*self.task.fit_scope, *known.scope[1:]), known.error), Claim.UPPER_BOUND


@dataclass(frozen=True)
class UniformBySpan:
    """So many samples, ``value``, by Rademacher averages in the linear span, whose dimension is known from above: `uniform_by_span`."""

    subject: str
    task: LearningTask
    span: Verdict
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the span is not known from above, or more samples are needed."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        _suffices(uniform_by_span(self.task, known_from_above(self.span, SPAN, self.subject), subject.outputs), self.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many are enough."""
        scope = scopes(self.task.uniform_scope, self.span)
        return Statement(UNIFORM, self.subject, self.value, scope, self.span.statement.error), Claim.UPPER_BOUND


def _log_number(certificate: UniformByCover | FitByCover, subject: Functions) -> Fraction:
    """The bound of log N that a certificate rests on. Raises `NotShown` where it is one for other balls, or another model."""
    said = certificate.cover.statement
    if subject.hash != certificate.subject or certificate.eta <= 0:
        raise NotShown("the certificate is one of another model, or has no balls")
    ours = (AT_MOST, subject.hash, certificate.task.ball(certificate.eta).scope)
    if not certificate.cover.shown or (said.kind, said.subject, said.scope) != ours or certificate.cover.claim is not Claim.UPPER_BOUND:
        raise NotShown("the cover is one of other functions, or by other balls")
    return Fraction(said.value)


def _suffices(bound: flint.arb, value: int) -> None:
    """Raises `NotShown` where a bound is above the number of samples that is told."""
    if at_most_fraction(bound) > value:
        raise NotShown("so many samples are not shown to be enough")
