"""A result of the dictionary held against the count of another program.

Which numbers can be compared: degrees, ED degrees for every quadric, ML degrees of coefficients, and the points of the generic fiber.
The other program counts modulo a random prime with random integers for whatever is general, so that an agreement is no proof: a special
prime or special integers can make its number wrong, with a probability of about the number over the prime. So one that differs is asked
for again with another prime before it is believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.claim import Claim
from neurovariety.errors import InputError, OracleError, VerificationError
from neurovariety.export.written_parametrization import WrittenParametrization
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.oracles.asked_model import AskedModel
from neurovariety.oracles.orbit_on_chart import orbit_on_chart
from neurovariety.oracles.other_program import OtherProgram, find_oracle
from neurovariety.oracles.system_mod_p import SystemModP
from neurovariety.randomness import generator
from neurovariety.result import Result

TIME_LIMIT = 120.0
"""Seconds that a program may take for one system, unless said otherwise."""
_STREAM = "oracles.count_again"
_TRIES = 2


@dataclass(frozen=True)
class Agreement:
    """A number that another program found as well, or one of ours that its number does not contradict.

    ``question`` names the entry, ``recorded`` is our number and ``claim`` what was claimed of it; ``value`` is the number that the
    ``oracle`` found, in its ``version``, mod ``prime``, in ``seconds`` with everything around. ``counted`` are the numbers of zeros
    that ``value`` is made of.
    """

    subject: str
    question: str
    recorded: int
    claim: str
    value: int
    oracle: str
    version: str
    prime: int
    seconds: float
    counted: Mapping[str, int]

    def __str__(self) -> str:
        which = f"{self.oracle} {self.version}".strip()
        relation = "=" if self.value == self.recorded else f", claimed {self.claim} {self.recorded}; counted"
        return f"{self.question}({self.subject}) {relation} {self.value}, by {which} mod {self.prime} in {self.seconds:.1f} s"


class SpecialNumbers(OracleError):
    """The random numbers of a question, or its prime, were special."""


@dataclass(frozen=True, eq=False)
class Asking:
    """One program, one prime, and the zeros that it has counted so far."""

    program: OtherProgram
    prime: int
    time_limit: float
    counted: dict[str, int]

    def count(self, name: str, system: SystemModP) -> int:
        """The finite number of zeros of a system. Raises `SpecialNumbers` where it is not finite."""
        found = self.program.count(system, time_limit=self.time_limit)
        if found is None:
            raise SpecialNumbers(
                f"{self.program.title} found infinitely many {name} mod {self.prime}, and finitely many were expected: try another seed"
            )
        self.counted[name] = found
        return found


def compare(
    result: Result, model: Model | None, options: Mapping[str, Any], oracle: str, seed: int, time_limit: float = TIME_LIMIT
) -> Agreement:
    """Count what ``result`` says once more, by the program named ``oracle``; its numbers are drawn from ``seed``.

    Raises `VerificationError` where the number contradicts the claim, `InputError` for an unknown oracle and for results whose question
    is not written for other programs, `OracleError` where the program is absent, fails or takes longer than ``time_limit`` seconds for
    one system.
    """
    program = find_oracle(oracle)
    if result.entry not in _QUESTIONS:
        raise InputError(
            f"{result.entry} is not asked of other programs; those that can be are {', '.join(_QUESTIONS)} (rerun() repeats the rest)"
        )
    recorded = _recorded(result)
    program.require()
    source = as_model(result.subject) if model is None else model

    def value(asking: Asking, attempt: int) -> int:
        rng = generator(seed, _STREAM, attempt)
        dimension = _dimension(result)
        if not dimension:
            raise InputError(f"{result.subject} has dimension 0: there is one function, and nothing for another program to count")
        asked = AskedModel(WrittenParametrization.of(source, seed), dimension, asking.prime, rng)
        return _QUESTIONS[result.entry](asked, asking, options)

    return agreed(value, recorded, str(result.claim), (result.subject, result.entry), program, seed, time_limit)


def agreed(
    value: Callable[[Asking, int], int],
    recorded: int,
    claim: str,
    names: tuple[str, str],
    program: OtherProgram,
    seed: int,
    time_limit: float,
) -> Agreement:
    """Hold ``value``, which a program finds mod a random prime, against what was ``recorded``; twice, where they differ at first."""
    start = time.perf_counter()
    found: list[int] = []
    primes: list[int] = []
    subject, question = names
    for attempt in range(_TRIES):
        prime = one_mod_four(program.primes, generator(seed, _STREAM, attempt, 1))
        asking = Asking(program, prime, time_limit, {})
        try:
            found.append(value(asking, attempt))
        except SpecialNumbers:
            if attempt + 1 < _TRIES:
                continue
            raise
        primes.append(prime)
        if _agrees(found[-1], recorded, claim):
            seconds = round(time.perf_counter() - start, 3)
            return Agreement(
                subject, question, recorded, claim, found[-1], program.name, program.found_version(), prime, seconds, asking.counted
            )
    raise VerificationError(
        f"{question} of {subject}: recorded {recorded} ({claim}), and {program.title} counts "
        + " and ".join(f"{n} mod {p}" for n, p in zip(found, primes, strict=True))
    )


def one_mod_four(bits: int, rng: np.random.Generator) -> int:
    """A random prime with so many bits that is 1 modulo 4: there -1 has a square root."""
    while True:
        p = random_prime(bits, rng)
        if p % 4 == 1:
            return p


def _agrees(found: int, recorded: int, claim: str) -> bool:
    if claim == Claim.LOWER_BOUND:
        return found >= recorded
    return found <= recorded if claim == Claim.UPPER_BOUND else found == recorded


def _recorded(result: Result) -> int:
    """The number of a result. Raises `InputError` where it has none that others count."""
    value = result.value
    if isinstance(value, Mapping):
        value = value.get("cardinality")
    if result.evidence.get("read") == "outputs":
        raise InputError("ML degrees of outputs at data are not asked of other programs; those of coefficients are")
    if not isinstance(value, int) or result.claim in (Claim.UNDECIDED, Claim.ESTIMATE):
        raise InputError(f"{result.entry} of {result.subject} has no number that another program could count: {result.meaning}")
    return value


def _dimension(result: Result) -> int:
    """The dimension of the neurovariety that a result rests on."""
    evidence = result.evidence
    name = next(n for n in ("model_dimension", "neurovariety_dimension", "dimension") if n in evidence)
    return int(evidence[name])


def _degree(asked: AskedModel, asking: Asking, options: Mapping[str, Any]) -> int:
    return _per_function(asked, asking, asking.count("weights on a slice", asked.degree()))


def _ed_degree(asked: AskedModel, asking: Asking, options: Mapping[str, Any]) -> int:
    quadric = _quadric(asked, options)
    return _per_function(asked, asking, asking.count("critical weights", asked.critical(quadric)))


def _ml_degree(asked: AskedModel, asking: Asking, options: Mapping[str, Any]) -> int:
    return _per_function(asked, asking, asking.count("critical weights", asked.likelihood()))


def _fibers(asked: AskedModel, asking: Asking, options: Mapping[str, Any]) -> int:
    over = asking.count("weights over a function", asked.fiber())
    model, fixed = asked.parametrization.model, sorted(asked.chart.fixed)

    def count(system: SystemModP) -> int | None:
        return asking.program.count(system, time_limit=asking.time_limit)

    met = asking.counted["points of an orbit"] = orbit_on_chart(model, asked.weights, fixed, asked.prime, count)
    return _divided(over, met, asking)


_QUESTIONS: dict[str, Callable[[AskedModel, Asking, Mapping[str, Any]], int]] = {
    "degree": _degree,
    "ed-degree": _ed_degree,
    "ml-degree": _ml_degree,
    "fibers": _fibers,
}


def _per_function(asked: AskedModel, asking: Asking, weights: int) -> int:
    return _divided(weights, asking.count("weights over a function", asked.fiber()), asking) if weights else 0


def _divided(weights: int, by: int, asking: Asking) -> int:
    """Raises `SpecialNumbers` for what is no multiple."""
    if not by or weights % by:
        raise SpecialNumbers(
            f"{asking.program.title} counts {weights} weights, which is no multiple of {by}: its numbers were special, try another seed"
        )
    return weights // by


def _quadric(asked: AskedModel, options: Mapping[str, Any]) -> list[list[int]]:
    """The quadratic form of the question mod p, on the coefficients as they stand."""
    metric = options.get("metric", "generic")
    if metric == "generic":
        return asked.general_quadric(options.get("rank"))
    monomials = Coordinates.of(asked.parametrization.model).monomials
    product = _mean_products(options.get("data")) if metric == "data" else EXACT_PRODUCTS[metric]
    return [[asked.residue(product(e, f)) if o == q else 0 for q, f in monomials] for o, e in monomials]


def _mean_products(table: Any) -> Callable[[tuple[int, ...], tuple[int, ...]], Fraction]:
    """Sums of products of two monomials over the rows of a table, exactly: a factor to means, which changes no critical point."""
    if table is None:
        raise InputError("an ed-degree read back from JSON does not hold the data; call ed_degree() on them again")
    samples = [[Fraction(v) for v in np.asarray(row, dtype=object).reshape(-1)] for row in table]

    @cache
    def moment(powers: tuple[int, ...]) -> Fraction:
        return sum((prod((v**k for v, k in zip(x, powers, strict=True)), start=Fraction(1)) for x in samples), Fraction(0))

    return lambda e, f: moment(tuple(a + b for a, b in zip(e, f, strict=True)))
