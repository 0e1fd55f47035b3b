"""That a stored result lists all strata of a network that are known, held against the strata that are known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import LISTED
from neurovariety.certificates.stored_functions import StoredFunctions
from neurovariety.certificates.trusted import KNOWN_STRATA
from neurovariety.errors import VerificationError
from neurovariety.geometry.strata.exact_strata import exact_strata
from neurovariety.model import Model


def held_to_strata(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck where the names of known strata were compared, and how many were to be looked at; that there are no others is on
    trust no longer. Raises `VerificationError` where they are others."""
    lists = found.speaks_of.get(LISTED, ())
    own = exact_strata(model)
    for said in lists:
        if said.most != given["most"]:
            raise VerificationError(f"at most {said.most} strata were listed, not at most {given['most']}")
        stored = next((s for s in found.subjects.values() if isinstance(s, StoredFunctions) and s.hash == said.subject), None)
        if stored is None or stored.known_strata(said.most + 1) != own.known_strata(said.most + 1):
            raise VerificationError("other strata of the weights are known than those stored")
    return replace(found, compared=found.compared | {"most"}).no_longer_on_trust(KNOWN_STRATA) if lists else found
