"""A model with its singular functions, as certificates see it (`certificates.singular_functions.SmallerModels`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue
from neurovariety.certificates.singular_functions import Part, SingularByTheorem
from neurovariety.certificates.stored_singular_loci import SmallerModelsFacts
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.strata.smaller_models import Strata, strata_of
from neurovariety.model import Model, Slot
from neurovariety.parametrization import Layers
from neurovariety.progress import quietly
from neurovariety.theorem import DEGREE

_COUNTED_DIMENSION = 6
"""Largest dimension of a smaller model whose degree is counted: seconds."""


class ExactSmallerModels(ExactFunctions):
    """The exact functions of a model, and its smaller models."""

    def _strata(self) -> Strata | None:
        found = strata_of(self.model, False)
        return found if found.exact and found.all_listed else None

    def models(self) -> dict[str, Model]:
        """The smaller models by name, but for constants and 0."""
        found = self._strata()
        return {} if found is None else {s.name: s.model for s in found.strata[:-1] if s.model is not None}

    def singular_models(self) -> tuple[str, dict[str, str]] | None:
        found = self._strata()
        return None if found is None else (found.theorem, {name: exact_functions(m).hash for name, m in self.models().items()})

    def facts(self, certificates: Sequence[Certificate]) -> SmallerModelsFacts:
        """The theorem that certificates name, as plain data."""
        known = self.singular_models()
        assert known is not None
        return SmallerModelsFacts(known[0], tuple(known[1].items()), self.constants())

    def constants(self) -> int:
        layers = self.model.parametrization
        return self.model.outputs if isinstance(layers, Layers) and layers.biases else 0


_SMALLER: Final = Slot[ExactSmallerModels]("the exact functions of smaller models")


def exact_smaller_models(model: Model) -> ExactSmallerModels:
    """A model with its smaller models, kept with it."""
    return model.kept.once(_SMALLER, lambda: ExactSmallerModels(model))


def singular_by_theorem(model: Model, whole: Dimension, seed: int) -> dict[Part, Verdict]:
    """What a theorem says of the singular locus, where it says exactly which functions are singular: dimension, codimension, degree."""
    exact = exact_smaller_models(model)
    known = exact.singular_models()
    if known is None or whole.fills:
        return {}
    models = exact.models()
    found = {name: quietly(dimension_of, small, seed=seed) for name, small in models.items()}
    sizes = tuple((name, f.verdict) for name, f in found.items())
    largest = max(found, key=lambda name: found[name].value, default=None)
    degree = None if largest is None else _degree(models[largest], found[largest], seed)
    out: dict[Part, Verdict] = {}
    for part in ("dimension", "codimension", "degree"):
        try:
            shown = SingularByTheorem(whole.verdict, known[0], sizes, exact.constants(), part, degree if part == "degree" else None)
            out[part] = issue(shown, exact)
        except NotShown:
            continue
    return out


def _degree(small: Model, size: Dimension, seed: int) -> Verdict | None:
    if size.value > _COUNTED_DIMENSION and not any(t.applies and t.quantity == DEGREE for t in small.theorems):
        return None
    try:
        return quietly(degree_of, small, seed=seed).verdict
    except (InputError, ResourceError):
        return None
