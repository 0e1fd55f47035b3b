"""The counts that a stored result of maximum likelihood names, held against those of which its certificates speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.certificates.likelihood_of_networks import CrossEntropyOfNetworks
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import COUNTS
from neurovariety.dictionary.likelihood_counts import counts_of_data, counts_of_text
from neurovariety.dictionary.stored_tables import table_read_back
from neurovariety.errors import VerificationError
from neurovariety.model import Model
from neurovariety.training.critical.cross_entropy import distribution_terms

_ROUNDED = Fraction(1, 2**48)
"""Relative, how far counts in doubles may be from those asked for; as in `certificates.likelihood_of_networks`."""


def held_to_counts(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck where counts were compared, in whatever unit lists have them. Raises `VerificationError` where they are others."""
    data = table_read_back(given.get("data"))
    if given["counts"] is None and "data" not in given:  # too large to be written
        return found
    if given["counts"] is not None and data is not None:
        raise VerificationError("the result says that counts were asked for, and data beside them")
    terms = distribution_terms(model, found.seed)
    asked = counts_of_text(model, given["counts"], terms, found.seed) if data is None else counts_of_data(model, data, found.seed)
    counts = [c + Fraction(given["smoothing"]) for c in asked.exact]
    if not all(_proportional(held, counts) for held in found.speaks_of.get(COUNTS, ())):
        raise VerificationError("the certificates speak of other counts than the result says were asked for")
    samples = None if asked.samples is None else tuple(tuple(map(Fraction, row)) for row in asked.samples.tolist())
    for stored in found.subjects.values():
        if isinstance(stored, CrossEntropyOfNetworks) and (stored.counts, stored.samples, stored.terms) != (
            tuple(counts),
            samples,
            terms,
        ):
            raise VerificationError("the cross-entropy is one for other counts than the result says were asked for")
    return replace(found, compared=found.compared.union(("counts", "data", "smoothing")))


def _proportional(held: tuple[complex, ...], counts: list[Fraction]) -> bool:
    """Whether doubles are a multiple of the counts, up to rounding."""
    if len(held) != len(counts) or any(v.imag for v in held):
        return False
    found, total = [Fraction(v.real) for v in held], sum(counts, Fraction(0))
    if not total:
        return False
    unit = sum(found, Fraction(0)) / total
    return unit > 0 and all(abs(v - unit * c) <= _ROUNDED * abs(unit * c) for v, c in zip(found, counts, strict=True))
