"""What was rechecked of a result held against the architecture that the result names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.architectures.notation import FAMILIES
from neurovariety.beyond.analytic.rank_at_weights import weights_of_network
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.germs import Germ
from neurovariety.certificates.irreducible_components import BlockMaps
from neurovariety.certificates.neurons_on_a_line import OddNetwork
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.spoken_of import WEIGHTS
from neurovariety.dictionary.held_question import held_to_question
from neurovariety.dictionary.held_scopes import held_to_scopes
from neurovariety.dictionary.registry import find
from neurovariety.dictionary.stated_blocks import maps_of
from neurovariety.errors import NeurovarietyError, NotationError, VerificationError
from neurovariety.geometry.solutions.stored_subjects import held_against
from neurovariety.learning.analytic_notation import analytic_network
from neurovariety.learning.functions_text import read_functions
from neurovariety.model import Model


def held(found: Recheck, model: Model | None, rng: np.random.Generator) -> Recheck:
    """The recheck with a phrase for each of the stored exact data; ``model`` is the architecture's, where that is at hand.

    Where the name of the architecture can be read no more, it is on trust that the data are its own. Raises `VerificationError` where a
    claim speaks of another model, or of another question, than the result says.
    """
    found = _held_to_perceptrons(_held_to_text(_held_to_maps(found)))
    held_to_scopes(found)
    if model is None:
        try:
            model = as_model(found.architecture)
        except NeurovarietyError as reason:
            if isinstance(reason, NotationError) and _named_like_a_family(found):
                raise VerificationError(f"the architecture that the result names cannot be read: {reason}") from None
            return found if found.subjects.keys() <= found.systems.keys() else found.taken_on_trust(_trusted(found.architecture))
    held_to_question(found, model)
    from neurovariety.dictionary.held_losses import held_to_losses  # it loads what makes losses

    return held_against(held_to_losses(found, model, rng), model, rng)


def _held_to_maps(found: Recheck) -> Recheck:
    """The same for sets of block diagonal matrices, which are exact data by themselves."""
    stored = {key: maps for key, maps in found.subjects.items() if isinstance(maps, BlockMaps)}
    if not stored:
        return found
    try:
        own = maps_of(found.architecture)
    except NeurovarietyError:
        return found
    if own is None or any(maps.hash != own.hash for maps in stored.values()):
        raise VerificationError("the claims speak of other block diagonal matrices than those of the architecture")
    return replace(found, systems={**found.systems, **dict.fromkeys(stored, "that of the architecture")})


def _held_to_text(found: Recheck) -> Recheck:
    """The same for polynomials that were asked in place of an architecture, and for networks with an analytic activation."""
    stored = {key: data for key, data in found.subjects.items() if isinstance(data, Germ | OddNetwork)}
    if not stored:
        return found
    for text in (found.architecture, *(t for t in found.asked.get("functions", ()) if t is not None)):
        try:
            own = analytic_network(text) or read_functions(text)
        except (NeurovarietyError, TypeError) as reason:
            raise VerificationError(f"the functions that the result names cannot be read: {reason}") from None
        if any(data.hash != own.hash for data in stored.values()):
            raise VerificationError("the claims speak of other functions than the result says was asked")
    return replace(found, systems={**found.systems, **dict.fromkeys(stored, "that of the question")})


def _held_to_perceptrons(found: Recheck) -> Recheck:
    """The same for networks with analytic activations, whose names say all of them; `certificates.recheck` compares these."""
    stored = {key: data for key, data in found.subjects.items() if isinstance(data, AnalyticPerceptron | SoftmaxAttention)}
    spoken = found.speaks_of.get(WEIGHTS, ())
    for network in stored.values():
        given = [values for values in found.asked.get("at", ()) if isinstance(values, list)]
        if spoken and any(_weights(network, values) not in spoken for values in given):
            raise VerificationError(f"the certificates speak of other {WEIGHTS} than the result says was asked")
    return replace(found, systems={**found.systems, **dict.fromkeys(stored, "that of the architecture")}) if stored else found


def _weights(network: AnalyticPerceptron | SoftmaxAttention, given: list[object]) -> object:
    try:
        return weights_of_network(network, given)
    except NeurovarietyError:
        return given


def _named_like_a_family(found: Recheck) -> bool:
    """Whether exact data of an entry are named by what begins as a notation does, and so were not those of a model of one's own."""
    known = found.subjects.keys() <= found.systems.keys()
    return not known and find(found.entry) is not None and found.architecture.strip().partition("(")[0].strip() in FAMILIES


def _trusted(name: str) -> str:
    return f"that the stored exact data are those of {name!r}, which cannot be read as a notation"
