"""What certificates speak of, written down so that it can be kept with them: a model as one program of sums and products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.issue import Certificate, Verdict
from neurovariety.certificates.modular_runs import ModularRun
from neurovariety.certificates.plain_form import stored_types
from neurovariety.certificates.points_of_faces import FaceOfNorm
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.stored_functions import Facts, StoredFunctions
from neurovariety.errors import DivisionByZeroError, VerificationError
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.stated_symmetries import verified_actions
from neurovariety.geometry.ideal.decided_sets import facts_of_image
from neurovariety.homotopy.exact_program import exact_expressions
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model, Slot
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.rings.ring import Array, Ring
from neurovariety.rings.word_field import WordField

LARGEST_PROGRAM = 200_000
"""Products of entries that one run of a model may take where its program is written out: some seconds, and some megabytes."""
_MOST_FIELD_ENTRIES = 10**6
_PRIME_BITS = 61


class ScalarExpressions(Ring):
    """Expressions in numbered inputs as a ring: what a program gives over it is that program, sum by sum."""

    name = "scalar expressions"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def scalar(self, value: Fraction) -> Expression:
        return self.graph.constant(value)

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.constant(rng.integers(-9, 10, size=shape))

    def divide(self, a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(a, b)
        return _array([x / y for x, y in zip(a.reshape(-1).tolist(), b.reshape(-1).tolist(), strict=True)], a.shape)


def _array(values: list[Expression], shape: tuple[int, ...]) -> Array:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out.reshape(shape)


def stored_form(on: Sequence[Verdict]) -> Any:
    """The exact data on which verdicts were checked as plain data of the room of certificates, with what their certificates ask; None
    where they have no such form or are too large."""
    subjects = list({type(v.on): v.on for v in on}.values())
    live = [s for s in subjects if isinstance(s, ExactFunctions | HasFacts) and not isinstance(s, StoredFunctions)]
    if live:
        base = stored_functions(live[0].model)
        certificates = [v.certificate for v in on if v.certificate is not None]
        facts = [s.facts(certificates) for s in live if isinstance(s, HasFacts)]
        return None if base is None else replace(base, facts=tuple(facts)) if facts else base
    return subjects[0] if isinstance(subjects[0], StoredFunctions) else _as_plain(subjects[0])


def _as_plain(value: Any) -> Any:
    """The same with plain data in place of what a search holds. None where there is no such form."""
    kind = type(value)
    if isinstance(value, tuple):
        inside = tuple(_as_plain(v) if _is_live(v) else v for v in value)
        return None if any(a is None and b is not None for a, b in zip(inside, value, strict=True)) else inside
    if isinstance(value, ExactFunctions):
        return stored_functions(value.model)
    make: Callable[[], Any] | None = getattr(value, "stored", None)
    if make is not None:
        return make()
    if stored_types().get(kind.__name__) is not kind:
        return None
    if not is_dataclass(value):
        return value
    held = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    plain = {name: _as_plain(v) for name, v in held.items() if _is_live(v)}
    if any(v is None for v in plain.values()):
        return None
    return replace(value, **plain) if plain else value  # type: ignore[type-var]


def _is_live(value: Any) -> bool:
    """Whether it holds something of a search."""
    if isinstance(value, tuple):
        return any(map(_is_live, value))
    return isinstance(value, ExactFunctions) or hasattr(value, "stored") or (isinstance(value, FaceOfNorm) and _is_live(value.family))


@runtime_checkable
class HasFacts(Protocol):
    """Exact data of a model of which certificates ask more than its functions."""

    model: Model

    def facts(self, certificates: Sequence[Certificate]) -> Facts:
        """What these certificates ask, as plain data."""
        ...


def stored_functions(model: Model) -> StoredFunctions | None:
    """The functions of a model as plain data; None where they are too large."""
    return model.kept.once(_STORED, lambda: _written(model))


_STORED: Final = Slot["StoredFunctions | None"]("the functions as stored data")


def _written(model: Model) -> StoredFunctions | None:
    exact = exact_functions(model)
    actions = [a for a in verified_actions(model) if not a.finite]
    if values_program(model).work > LARGEST_PROGRAM or sum(a.generators for a in actions) * model.parameters > _MOST_FIELD_ENTRIES:
        return None
    rows, at = [np.zeros((0, 4), dtype=np.int64)], 0
    for action in actions:
        generator, target, source, factor = action.entries(model.places)
        rows.append(np.stack([at + generator, target, source, factor], axis=1).astype(np.int64))
        at += action.generators
    return StoredFunctions(
        model=exact.hash,
        name=model.name,
        parameters=model.parameters,
        inputs=model.inputs,
        coefficients=model.coefficients,
        program=written_program(model),
        fields=np.concatenate(rows),
        theorems=tuple((t.name, t.quantity, t.value, t.source) for t in model.theorems if t.applies),
        weight_names=tuple(model.parameter_names()),
        blocks=tuple(b.shape for b in model.blocks),
        known_cone=model.image is not None,
        bounded_rank=exact.bounded_rank,
        image_facts=facts_of_image(model.image),
    )


def written_program(model: Model) -> ExactSystem:
    """The outputs of a model in its weights, its inputs and then its general coefficients, as sums of products."""
    n, d = model.parameters, model.inputs
    general = sum(c is None for c in model.coefficients)
    graph = Graph(n + d + general)
    ring = ScalarExpressions(graph)
    letters = _array([graph.input(i) for i in range(n + d + general)], (n + d + general,))
    drawn = iter(letters[n + d :])
    coefficients = _array([next(drawn) if c is None else graph.constant(c) for c in model.coefficients], (len(model.coefficients),))
    x = letters[n : n + d].reshape(model.input_shape)
    (out,) = interpret(values_program(model), ring, [*leaves(model, letters[:n]), x, coefficients])
    return exact_expressions(graph, out.reshape(-1).tolist())


def compared_with_model(stored: StoredFunctions, model: Model, rng: np.random.Generator) -> float:
    """Hold a stored program against the program of a model at random points modulo two random primes of 61 bits.

    Returns a bound of the probability that they differ as functions all the same. Raises `VerificationError` where they do.
    """
    if (model.parameters, model.inputs, model.outputs) != (stored.parameters, stored.inputs, stored.outputs):
        raise VerificationError("the stored program has another number of weights, inputs or outputs than the model")
    if (model.name, tuple(model.parameter_names()), tuple(b.shape for b in model.blocks)) != (
        stored.name,
        stored.weight_names,
        stored.blocks,
    ):
        raise VerificationError("the stored program gives the model, or its weights, other names or shapes")
    if model.coefficients != stored.coefficients:
        raise VerificationError("the stored program has other coefficients than the model")
    error = 1.0
    for _ in range(2):
        p = random_prime(_PRIME_BITS, rng)
        ring = WordField(p)
        w, x, c = ([int(v) for v in rng.integers(0, p, k)] for k in (model.parameters, model.inputs, stored.program.unknowns))
        general = c[: sum(k is None for k in model.coefficients)]
        drawn = iter(general)
        values = [next(drawn) if k is None else k for k in model.coefficients]
        inputs = [*leaves(model, _residues(ring, w)), _residues(ring, x).reshape(model.input_shape), _residues(ring, values)]
        try:
            (out,) = interpret(values_program(model), ring, inputs)
        except DivisionByZeroError as reason:
            raise VerificationError(f"the model was not compared: {reason}") from None
        found = ModularRun(stored.program, p).values(np.array(w, dtype=object), np.array([x], dtype=object), general)[0]
        if [int(v) for v in out.reshape(-1)] != [int(v) for v in found]:
            raise VerificationError("the stored program is not that of the model: they differ at a random point")
        error *= stored.bounds.identity_error(_PRIME_BITS)
    return error


def _residues(ring: WordField, values: list[Any]) -> Array:
    return ring.constant(np.array(values, dtype=object)) if values else np.empty(0, dtype=object)


def held_against(found: Recheck, model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck with a phrase for each of the stored exact data: that they are the model's, or that they are taken as stored.

    Raises `VerificationError` where a claim speaks of the functions of another model.
    """
    spoken = {k.statement.subject for k in found.rechecked}
    phrases = dict(found.systems)
    for key, stored in found.subjects.items():
        if not isinstance(stored, StoredFunctions):
            phrases.setdefault(key, "as stored")
            continue
        try:
            phrases[key] = f"the model's, error at most {compared_with_model(stored, model, rng):.1e}"
        except VerificationError:
            if key in spoken:
                raise
            phrases[key] = "of another model, as stored"
    return replace(found, systems=phrases)
