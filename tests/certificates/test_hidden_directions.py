"""Hidden directions of a general fiber: what the stated fields leave, and the places that say too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety import Claim, as_model
from neurovariety.certificates.fiber import HiddenDirections
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.upper_bounds import FieldsVanish
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.linear_algebra import random_prime
from neurovariety.tolerances import PRIME_BITS


def places(exact, bits):
    """Fields at random points over random primes of a length, with the ranks that they have there."""
    rng = np.random.default_rng(0)
    for _ in range(6):
        p = random_prime(bits, rng)
        weights = rng.integers(0, p, size=exact.parameters).astype(np.float64)
        yield FieldsVanish(exact.hash, p, weights, exact.parameters, exact.fields_rank(p, weights))


def test_the_bound_is_that_of_long_primes():
    """mlp(1,2,1,3,1; x, x, x^2) has two directions that no stated field explains, and its fields depend on each other."""
    model = as_model("mlp(1,2,1,3,1; x, x, x^2)")
    exact, whole = exact_functions(model), dimension_of(model, seed=0).verdict
    found = issue(HiddenDirections(whole, tuple(places(exact, PRIME_BITS))), exact)
    assert (found.statement.value, found.claim) == (2, Claim.PROBABILITY)
    assert 0 < found.statement.error < 2**-20
    for bits in (8, 12, PRIME_BITS - 1):
        short = tuple(places(exact, bits))
        assert all(exact.fields_error(f.prime) == 1 for f in short)
        with pytest.raises(NotShown, match="says little"):
            issue(HiddenDirections(whole, short), exact)
    one = next(places(exact, PRIME_BITS))
    with pytest.raises(NotShown):
        issue(HiddenDirections(whole, (replace(one, rank=one.rank - 1),)), exact)
