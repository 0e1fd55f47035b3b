"""The laws of an entry of the dictionary, checked by asking it: `check_entry`."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.entry import Entry
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.registry import find
from neurovariety.errors import InputError
from neurovariety.result import plain
from neurovariety.testing.json_schema import broken_rule, result_schema
from neurovariety.testing.laws import hold, holding, one_sentence, refuses

Options = Mapping[str, object]

_DOCUMENTATION = Path(__file__).parents[3] / "docs" / "dictionary"
"""Where the pages lie in a checkout of the repository; an installed package has none."""
_NO_WORD = "no such word"
_REFUSED = (-1, 0, 10**9, _NO_WORD)


def check_entry(
    entry: str | Callable[..., EntryResult],
    source: Source,
    *,
    options: Options | None = None,
    refused: Sequence[Source] = (),
    seed: int = 0,
) -> None:
    """Hold an entry of the dictionary to the laws of entries. Raises `AssertionError`: which law, for which input, what was got.

    ``entry`` is the name of a row in the registry or the entry's function, ``source`` an architecture that it answers, with
    ``options``; ``refused`` are architectures that it cannot take. The entry is asked some six times, so choose a small one. The laws:

    * the result is of the class that the function declares, with the name of the row; in the repository a page stands in
      ``docs/dictionary``;
    * its JSON fits ``result.schema.json``, holds plain data alone, and read back it is the same; ``repr`` is one line, and ``meaning``,
      ``summary`` and the form for notebooks are there; ``cite()`` finds every source;
    * the same seed gives the same answer, to the last digit; ``rerun()`` accepts the answer, and so a proved value stands under
      another seed;
    * unknown options raise; a word that is none of the choices, a number that a check does not welcome, and a negative seed raise
      `InputError` in one sentence;
    * so does an unreadable notation, and each of ``refused``;
    * a user's own function with the same values is answered or refused in one sentence, and where both answers are proved whole
      numbers they are equal;
    * numbers of a table mean the same as floats and as Fractions.

    What is *not* checked: whether the value is right. Hold it against published values.

    >>> check_entry("dimension", "mlp(2,2,1; x^2)")
    """
    row = find(entry if isinstance(entry, str) else entry.__name__)
    if row is None:
        raise AssertionError(f"no row in dictionary.registry.ENTRIES is called {entry}")
    ask, given = row.load(), dict(options or {})
    with holding(f"{row.name} answers {source}"):
        found: EntryResult = ask(source, seed=seed, **given)
    _named(row, found, entry)
    _written(row, found)
    again: EntryResult = ask(source, seed=seed, **given)
    hold(_timeless(found) == _timeless(again), f"{row.name}: the seed {seed} gives another answer the second time")
    with holding(f"{row.name}: rerun() accepts the answer"):
        found.rerun()
    _options(row, source, given)
    for bad in ("mlp(2,3,1; exp(x))", *refused):
        refuses(partial(ask, bad, seed=seed, **given), f"{row.name} of {bad}")
    _own(row, found, source, given, seed)
    _data(row, found, source, given, seed)


def _named(row: Entry, found: EntryResult, entry: str | Callable[..., EntryResult]) -> None:
    hold(isinstance(entry, str) or row.load() is entry, f"the row {row.name} has another function than {entry!r}")
    declared = row.result_class()
    hold(type(found) is declared, f"{row.name} declares {declared.__name__} and returns a {type(found).__name__}")
    hold(found.entry == row.name, f"the result of {row.name} calls itself {found.entry!r}")
    if row.module.startswith("neurovariety.") and _DOCUMENTATION.is_dir():
        hold((_DOCUMENTATION / f"{row.name}.md").is_file(), f"{row.name} has no page docs/dictionary/{row.name}.md")


def _written(row: Entry, found: EntryResult) -> None:
    try:
        data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{row.name}: the result is no JSON: {error}") from error
    broken = broken_rule(data, result_schema())
    hold(not broken, f"{row.name}: the JSON does not fit result.schema.json: {broken}")
    with holding(f"{row.name} reads its JSON"):
        back = type(found).from_dict(data)
    hold(back.to_dict() == data, f"{row.name}: written and read back, the result is another")
    with holding(f"{row.name} pickles"):
        hold(pickle.loads(pickle.dumps(found)).to_dict() == data, f"{row.name}: pickled and read back, the result is another")
    with suppress(InputError):  # where there is nothing to draw
        hold(found.plot().axes, f"{row.name}: the picture is empty")
    hold("\n" not in repr(found), f"{row.name}: repr has several lines; write @dataclass(frozen=True, repr=False)")
    hold(repr(found).startswith(f"{row.name}("), f"{row.name}: repr is {repr(found)[:80]!r}; write @dataclass(frozen=True, repr=False)")
    hold(found.meaning and "\n" not in found.meaning, f"{row.name}: meaning is {found.meaning!r}, not a sentence")
    hold(str(found.claim) in found.summary() and "<table>" in found._repr_html_(), f"{row.name}: the summary lacks the claim")
    try:
        hold(found.cite(), f"{row.name} cites nothing")
    except KeyError as error:
        raise AssertionError(f"{row.name} cites {error}, which is no key of citations.SOURCES") from error


def _timeless(found: EntryResult) -> str:
    """The JSON without the seconds that it took, for comparison to the last digit."""
    data = found.to_dict()
    data["provenance"].pop("seconds")
    return json.dumps(data)


def _options(row: Entry, source: Source, given: Options) -> None:
    ask = row.load()
    try:
        ask(source, **{**given, "no_such_option": 1})
    except (TypeError, InputError):
        pass
    else:
        raise AssertionError(f"{row.name} takes an option that it does not declare")
    refuses(partial(ask, source, **{**given, "seed": -1}), f"{row.name} with the seed -1")
    for one in row.declares.arguments:
        if one.choices and not one.open:
            refuses(partial(ask, source, **{**given, one.name: _NO_WORD}), f"{row.name} with {one.name}={_NO_WORD!r}")
        unwelcome = next((v for v in _REFUSED for check in one.checks if check.refusal(v)), None)
        if unwelcome is not None:
            refuses(partial(ask, source, **{**given, one.name: unwelcome}), f"{row.name} with {one.name}={unwelcome!r}")


def _own(row: Entry, found: EntryResult, source: Source, given: Options, seed: int) -> None:
    """The same functions without anything that a family states of itself."""
    try:
        model = as_model(source)
    except InputError:  # an architecture that describes a union has no model
        return
    if None in model.coefficients:
        return
    fixed = [float(c) for c in model.known_coefficients()]

    def function(parameters: object, x: object) -> object:
        found: object = model.function(parameters, x, np.array(fixed))
        return found

    own = as_model(function, {b.name: b.shape for b in model.blocks}, input_shape=model.input_shape, name="a user's own function")
    try:
        other: EntryResult = row.load()(own, seed=seed, **given)
    except InputError as error:
        one_sentence(error, f"{row.name} of a user's own function")
        return
    both = found.claim is Claim.PROVED and other.claim is Claim.PROVED
    whole = isinstance(found.value, int) and isinstance(other.value, int)
    hold(not both or not whole or found.value == other.value, f"{row.name}: a user's own function has {other.value}, not {found.value}")


def _data(row: Entry, found: EntryResult, source: Source, given: Options, seed: int) -> None:
    tables = {one.name for one in row.declares.arguments if one.is_table} & given.keys()
    if not tables:
        return
    floats = {name: np.asarray(given[name], dtype=np.float64) for name in tables}
    other: EntryResult = row.load()(source, seed=seed, **{**given, **floats})
    hold(plain(other.value) == plain(found.value), f"{row.name}: data as floats give {other.shown()}, exact data {found.shown()}")
