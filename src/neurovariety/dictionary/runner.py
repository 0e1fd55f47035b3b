"""What every entry does around its mathematics: make the model, check the options, keep time, and record what was asked.

An entry's function is written once, for a model; `entry` makes of it the function that takes notations too. The result that it
returns holds value, claim, meaning and evidence; the runner adds subject, model, provenance and options.
"""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce, wraps
from operator import or_
from types import UnionType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.beyond.analytic.rank_in_balls import Smooth
from neurovariety.beyond.analytic.reading import not_analytic, read_analytic
from neurovariety.certificates.issue import Forged
from neurovariety.dataset import Dataset
from neurovariety.dictionary.declaration import OF_THE_RUN, Declaration, declaration_of
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.shared_answers import shared
from neurovariety.errors import InputError, NotationError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.model import Model
from neurovariety.result import Provenance
from neurovariety.tables.read_table import taken

P = ParamSpec("P")
R = TypeVar("R", bound=EntryResult)


def entry(function: Callable[Concatenate[Model, P], R]) -> Callable[Concatenate[Source, P], R]:
    """The entry whose mathematics a function of a model does.

    What is returned takes a notation, an architecture or a `Model`; its signature, which says ``source``, has shared options
    (``**task``) written out. It raises `InputError` for an unusable source, and for options that are none of those declared.
    """

    def of_source(source: Source, *given: P.args, **options: P.kwargs) -> R:
        network = read_analytic(source)
        if network is not None:
            raise NotationError(not_analytic(function.__name__, network))
        return _of_model(function, as_model(source), *given, **options)

    return _asked(function, of_source)


def entry_of_both(
    analytic: Callable[Concatenate[Smooth, P], R],
) -> Callable[[Callable[Concatenate[Model, P], R]], Callable[Concatenate[Source, P], R]]:
    """What makes an `entry` that is asked of networks with analytic activations as well: ``analytic`` answers for these."""

    def of_both(function: Callable[Concatenate[Model, P], R]) -> Callable[Concatenate[Source, P], R]:
        def of_source(source: Source, *given: P.args, **options: P.kwargs) -> R:
            network = read_analytic(source)
            if network is None:
                return _of_model(function, as_model(source), *given, **options)
            found = analytic(network, *given, **options)
            _check_subject(found, network.hash, network.notation)
            return replace(found, subject=network.notation)

        return _asked(function, of_source)

    return of_both


def _of_model(function: Callable[Concatenate[Model, P], R], model: Model, *given: P.args, **options: P.kwargs) -> R:
    found = function(model, *given, **options)
    _check_subject(found, exact_functions(model).hash, model.name)
    return replace(found, subject=model.name, model=model)


def _check_subject(found: EntryResult, subject: str, name: str) -> None:
    """Raise `Forged` where a certificate of a result speaks of another model."""
    shown = [v.statement for v in found.verdicts.values() if v.certificate is not None]
    if any(said.subject != subject for said in shown):
        raise Forged(f"{found.entry}: a certificate speaks of another model than {name}")


def entry_of_source(function: Callable[Concatenate[Source, P], R]) -> Callable[Concatenate[Source, P], R]:
    """An entry that takes more than models: the function gets the source as it is given, and its result names subject and model."""
    return _asked(function, function)


def _asked(function: Callable[..., Any], of_source: Callable[Concatenate[Source, P], R]) -> Callable[Concatenate[Source, P], R]:
    declared = declaration_of(function)
    signature = _public_signature(function, declared)

    @wraps(function)
    def ask(*given: Any, **options: Any) -> R:
        start = time.perf_counter()
        bound = _bound(function, signature, given, _with_new_names(declared, options))
        done: list[str] = []
        for one in declared.arguments:
            value = bound.arguments[one.name]
            if one.is_table and value is not None:
                value = taken(value)
                done += value.done if isinstance(value, Dataset) else ()
                value = value.inputs if isinstance(value, Dataset) and not one.has_targets else value
            bound.arguments[one.name] = one.read(value)
        found = shared(function, bound.arguments, lambda: of_source(*bound.args, **bound.kwargs))
        asked = {a.name: bound.arguments[a.name] for a in declared.arguments}
        repeated = {a.option.recorded: asked[a.name] for a in declared.arguments if a.option is not None and a.option.recorded}
        return replace(
            found,
            evidence={**found.evidence, **repeated} | ({"data_read": done} if done else {}),
            options={name: value for name, value in asked.items() if name not in OF_THE_RUN} | dict(found.options),
            provenance=Provenance.since(start, asked["seed"]),
        )

    ask.__annotations__ = {n: p.annotation for n, p in signature.parameters.items()} | {"return": signature.return_annotation}
    ask.__dict__["__signature__"] = signature
    return ask


def _bound(
    function: Callable[..., Any], signature: inspect.Signature, given: tuple[Any, ...], options: Mapping[str, Any]
) -> inspect.BoundArguments:
    """The arguments by name, those that were left out with their defaults. Raises `InputError` for one that is not declared."""
    unknown = [name for name in options if name not in signature.parameters]
    taken = ", ".join([*signature.parameters][1:])
    if unknown:
        raise InputError(f"{function.__name__} has no option {unknown[0]!r}; its options are {taken}")
    try:
        bound = signature.bind(*given, **options)
    except TypeError as error:
        raise InputError(f"{function.__name__} takes an architecture and the options {taken}: {error}") from None
    bound.apply_defaults()
    return bound


def _public_signature(function: Callable[..., Any], declared: Declaration) -> inspect.Signature:
    """The signature that users see: any source first, and every option by its own name."""
    plain = inspect.unwrap(function)
    own = inspect.signature(plain).parameters
    default = next(iter(own.values())).default  # an entry may be asked of something else than a source
    parameters = [
        inspect.Parameter("source", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=_without_any(Source), default=default)
    ]
    for one in declared.arguments:
        kind = own[one.name].kind if one.name in own else inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(one.name, kind, default=one.default, annotation=_without_any(one.type)))
    return inspect.Signature(parameters, return_annotation=plain.__globals__[declared.result])


def _without_any(annotation: Any) -> Any:
    """The same type for readers, with `object` where anything goes."""
    if annotation is Any:
        return object
    if isinstance(annotation, list):
        return [_without_any(part) for part in annotation]
    inside = get_args(annotation)
    if not inside or get_origin(annotation) is Literal:
        return annotation
    changed = tuple(_without_any(part) for part in inside)
    if get_origin(annotation) in (Union, UnionType):
        return reduce(or_, changed)
    return annotation.copy_with(changed) if hasattr(annotation, "copy_with") else get_origin(annotation)[changed]


def _with_new_names(declared: Declaration, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, those that had another name in the last version under their new one."""
    found = dict(options)
    for one in declared.arguments:
        old = "" if one.option is None else one.option.was
        if old in found:
            warnings.warn(f"{old}= is now {one.name}=; the old word goes with the next version", DeprecationWarning, stacklevel=3)
            found[one.name] = found.pop(old)
    return found
