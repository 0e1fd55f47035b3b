"""Certificates as plain JSON, and back: by the fields of their types, so that a new type needs no code of its own.

Numbers are written exactly: integers of more than 53 bits as decimal strings, rationals as ``p/q``, balls as midpoint and radius, each
mantissa times a power of two, arrays once by their sha256. Reading is strict. A type has to be one of this room, its fields have to be
those of the type, each of the kind that the type states, and an array has to have the hash under which it is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from inspect import Parameter, signature
from math import isfinite, prod
from pathlib import Path
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.gaussian import Gaussian
from neurovariety.certificates.stored_networks import is_network, stored_network
from neurovariety.claim import Claim
from neurovariety.errors import InputError

_EXACT = 2**53
"""Integers below this are numbers in JSON; readers that know doubles alone keep them."""
_KINDS = "biufc"


class NotStorable(Exception):
    """Something is not plain data of this room, and so no certificate that a stranger could check."""


@cache
def stored_types() -> Mapping[str, type]:
    """Name -> type of everything that may be written: the dataclasses of this room, and the certificates that keep what they showed."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        loaded = import_module(f"{__package__}.{module.name}")
        for name, kind in vars(loaded).items():
            own = isinstance(kind, type) and kind.__module__ == loaded.__name__
            if own and (is_dataclass(kind) or hasattr(kind, "concludes")) and not getattr(kind, "_is_protocol", False):
                found[name] = kind
    return found


@cache
def fields_of(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """The fields of a type, in the order of its arguments: name -> what it holds, and whether it may be left out."""
    hints = typing.get_type_hints(kind if is_dataclass(kind) else kind.__init__)
    return {name: (hints[name], p.default is not Parameter.empty) for name, p in signature(kind).parameters.items()}


def array_digest(values: np.ndarray) -> str:
    """sha256 of an array's type, shape and bytes."""
    return hashlib.sha256(f"{values.dtype.str}{values.shape}".encode() + values.tobytes()).hexdigest()


def plain_digest(value: Any) -> str:
    """sha256 of the JSON of a value without verdicts. Raises `NotStorable`."""
    return hashlib.sha256(json.dumps(PlainWriter(no_verdict).write(value), sort_keys=True).encode()).hexdigest()


def no_verdict(verdict: Any) -> Any:
    """What writes verdicts where none are expected."""
    raise NotStorable("a verdict")


@dataclass
class PlainWriter:
    """Writes values; ``arrays`` are those that it met, by sha256. ``verdict`` writes a verdict that a certificate rests on."""

    verdict: Callable[[Any], Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def write(self, value: Any) -> Any:
        """The JSON of a value. Raises `NotStorable`."""
        if value is None or isinstance(value, bool | str):
            return str(value) if isinstance(value, str) else value
        if isinstance(value, np.generic):
            return self.write(value.item())
        if isinstance(value, int):
            return value if -_EXACT < value < _EXACT else {"int": str(value)}
        if isinstance(value, float):
            return value if isfinite(value) else {"float": str(value)}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, tuple | list):
            return [self.write(v) for v in value]
        if isinstance(value, frozenset):
            return {"set": sorted(self.write(v) for v in value)}
        if isinstance(value, Mapping):
            return {"mapping": [[self.write(k), self.write(v)] for k, v in value.items()]}
        return self._number(value) or self._record(value)

    def _number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return {"rational": str(value)}
        if isinstance(value, flint.fmpz | flint.nmod):
            return self.write(int(value))
        if isinstance(value, flint.fmpq):
            return {"fmpq": f"{value.p}/{value.q}"}
        if isinstance(value, Gaussian):
            return {"gaussian": [self.write(value.re), self.write(value.im)]}
        if isinstance(value, complex):
            return {"complex": [self.write(value.real), self.write(value.imag)]}
        if isinstance(value, flint.acb):
            return {"acb": [*_ball(value.real), *_ball(value.imag)]}
        if isinstance(value, flint.arb):
            return {"arb": _ball(value)}
        return None

    def _array(self, values: np.ndarray) -> Any:
        if values.dtype.kind not in _KINDS:
            entries = [self.write(v) for v in values.reshape(-1).tolist()]
            if not all(isinstance(v, int) and not isinstance(v, bool) for v in entries) or not entries:
                largest = max((_integer(v) for v in entries), default=0) if all(map(_is_integer, entries)) else 2**64
                if not 0 <= largest < 2**63:
                    return {"entries": entries, "shape": list(values.shape)}
                entries = [_integer(v) for v in entries]
            values = np.array(entries, dtype=np.int64).reshape(values.shape)
        values = np.array(values, dtype=values.dtype.newbyteorder("<"), order="C")
        digest = array_digest(values)
        self.arrays[digest] = values
        return {"array": digest}

    def _record(self, value: Any) -> Any:
        if hasattr(value, "checked") and hasattr(value, "statement"):
            return self.verdict(value)
        if is_network(value):
            value = stored_network(value)
        kind, name = type(value), type(value).__name__
        if stored_types().get(name) is not kind:
            raise NotStorable(f"{name} is no plain data of this package's certificates")
        fields: Mapping[str, Any] = fields_of(stored_types()[name])
        return {"type": name} | {part: self.write(getattr(value, part)) for part in fields}


def _is_integer(entry: Any) -> bool:
    return isinstance(entry, int) or (isinstance(entry, dict) and set(entry) == {"int"})


def _integer(entry: Any) -> int:
    return entry if isinstance(entry, int) else int(entry["int"])


def _ball(x: flint.arb) -> list[Any]:
    if not x.is_finite():
        raise NotStorable("a ball is not finite")
    (m, e), (r, f) = x.mid().man_exp(), x.rad().man_exp()
    return [str(m), int(e), str(r), int(f)]


def array_as_json(values: np.ndarray) -> dict[str, Any]:
    """An array as it is kept under its hash."""
    return {"dtype": values.dtype.str, "shape": list(values.shape), "base64": base64.b64encode(values.tobytes()).decode()}


def array_of_json(digest: str, kept: Any, elsewhere: Mapping[str, np.ndarray]) -> np.ndarray:
    """An array that was kept under its hash, in JSON or beside it. Raises `InputError` for one that has another hash."""
    if not isinstance(kept, dict):
        raise InputError(f"the array {digest[:12]} is not an object with dtype, shape and base64")
    if "base64" in kept:
        try:
            dtype = np.dtype(kept["dtype"])
            shape = tuple(int(n) for n in kept["shape"])
            data = base64.b64decode(kept["base64"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise InputError(f"the array {digest[:12]} is not an object with dtype, shape and base64") from None
        if dtype.kind not in _KINDS or len(data) != dtype.itemsize * prod(shape) or min(shape, default=0) < 0:
            raise InputError(f"the array {digest[:12]} does not have the bytes that its shape and type need")
        values = np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    elif digest in elsewhere:
        values = elsewhere[digest]
    else:
        raise InputError(f"the array {digest[:12]} is kept in the file {kept.get('file', '?')!r} beside this one, which is not there")
    if values.dtype.kind not in _KINDS or array_digest(values) != digest:
        raise InputError(f"the array {digest[:12]} does not have that hash: the file was changed")
    return values


@dataclass(frozen=True)
class PlainReader:
    """Reads what `PlainWriter` writes. ``verdict`` gives the verdict of a number, checked anew."""

    verdict: Callable[[int], Any]
    arrays: Mapping[str, np.ndarray]

    def read(self, data: Any, hint: Any = Any, where: str = "the certificate") -> Any:
        """The value, of the kind that ``hint`` says. Raises `InputError` with a sentence that says where."""
        found = self._read(data, hint, where)
        if not _fits(found, hint):
            raise InputError(f"{where} holds {_shown(data)}, and {_named(hint)} is expected")
        if hint is float and isinstance(found, int):
            if abs(found) > _EXACT:
                raise InputError(f"{where} holds {_shown(data)}, and a number of double precision is expected")
            return float(found)
        return found

    def _read(self, data: Any, hint: Any, where: str) -> Any:
        if data is None or isinstance(data, bool | int | float | str):
            return Claim(data) if hint is Claim and data in list(Claim) else data
        if isinstance(data, list):
            inner = _inner(hint)
            return tuple(self._read(v, inner(k), f"{where}, entry {k}") for k, v in enumerate(data))
        if not isinstance(data, dict):
            raise InputError(f"{where} holds {_shown(data)}, which is no plain data")
        if "type" in data:
            return self.record(data, where)
        ((tag, inside),) = data.items() if len(data) == 1 else (("entries", data),)
        if tag not in _TAGS:
            raise InputError(f"{where} holds {_shown(data)}; an object has a type, or is one of {', '.join(sorted(_TAGS))}")
        try:
            return _TAGS[tag](self, inside, where)
        except InputError:
            raise
        except (ValueError, TypeError, KeyError, ZeroDivisionError, AttributeError, OverflowError):
            raise InputError(f"{where} holds {_shown(data)}, which is no {tag}") from None

    def record(self, data: dict[str, Any], where: str) -> Any:
        """An object of a type of this room."""
        name = data["type"]
        kind = stored_types().get(name) if isinstance(name, str) else None
        if kind is None:
            raise InputError(f"{where} is a {name!r}, which is no type of certificate that this version knows")
        fields = fields_of(kind)
        given = data.keys() - {"type"}
        missing = [n for n, (_, optional) in fields.items() if n not in given and not optional]
        if given - fields.keys() or missing:
            odd = sorted(given - fields.keys()) or missing
            raise InputError(f"{where}, a {name}, {'has no field' if given - fields.keys() else 'lacks the field'} {', '.join(odd)}")
        values = {n: self.read(data[n], hint, f"{n} of {name}") for n, (hint, _) in fields.items() if n in given}
        try:
            return kind(**values)
        except (ValueError, TypeError) as error:
            raise InputError(f"{where}: {error}") from None

    def _array(self, digest: Any, where: str) -> np.ndarray:
        if digest not in self.arrays:
            raise InputError(f"{where} names an array that is not there")
        return self.arrays[digest]

    def _entries(self, data: Any, where: str) -> np.ndarray:
        out = np.empty(len(data["entries"]), dtype=object)
        for i, v in enumerate(data["entries"]):
            out[i] = self._read(v, Any, where)
        return out.reshape([int(n) for n in data["shape"]])

    def _mapping(self, pairs: Any, where: str) -> dict[Any, Any]:
        return {self._read(k, Any, where): self._read(v, Any, where) for k, v in pairs}

    def _gaussian(self, data: Any, where: str) -> Gaussian:
        re, im = (self._read(v, Any, where) for v in data)
        return Gaussian(re, im)


def _rational(text: Any) -> Fraction:
    if not isinstance(text, str):
        raise ValueError
    return Fraction(text)


def _fmpq(text: Any) -> flint.fmpq:
    found = _rational(text)
    return flint.fmpq(found.numerator, found.denominator)


def _decimal(text: Any) -> int:
    if not isinstance(text, str):
        raise ValueError
    return int(text)


def _arb(data: Any) -> flint.arb:
    m, e, r, f = data
    middle = flint.arb((flint.fmpz(int(m)), flint.fmpz(int(e))))
    return flint.arb(middle, flint.arb((flint.fmpz(int(r)), flint.fmpz(int(f))))) if int(r) else middle


_TAGS: Mapping[str, Callable[[PlainReader, Any, str], Any]] = {
    "int": lambda _, v, __: _decimal(v),
    "float": lambda _, v, __: {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}[v],
    "rational": lambda _, v, __: _rational(v),
    "fmpq": lambda _, v, __: _fmpq(v),
    "gaussian": PlainReader._gaussian,
    "complex": lambda _, v, __: complex(float(v[0]), float(v[1])),
    "arb": lambda _, v, __: _arb(v),
    "acb": lambda _, v, __: flint.acb(_arb(v[:4]), _arb(v[4:])),
    "array": PlainReader._array,
    "entries": PlainReader._entries,
    "mapping": PlainReader._mapping,
    "set": lambda reader, v, where: frozenset(reader._read(u, Any, where) for u in v),
    "verdict": lambda reader, v, _: reader.verdict(v),
}


def _inner(hint: Any) -> Callable[[int], Any]:
    """What the entries of a list are, by a hint for all of it."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    for option in options:
        arguments = typing.get_args(option)
        if typing.get_origin(option) in (tuple, list, Sequence) and arguments:
            if len(arguments) == 1 or arguments[1] is Ellipsis:
                return lambda _: arguments[0]
            return lambda k: arguments[k] if k < len(arguments) else Any
    return lambda _: Any


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind that a hint says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, option) for option in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(_fits(v, arguments[0]) for v in value)
        return len(value) == len(arguments) and all(_fits(v, a) for v, a in zip(value, arguments, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(k, arguments[0]) and _fits(v, arguments[1]) for k, v in value.items())
    if origin is not None:
        return isinstance(value, np.ndarray if origin is np.ndarray else origin)
    if hint in (int, float) and isinstance(value, bool):
        return False
    if hint is float:
        return isinstance(value, int | float)
    if getattr(hint, "_is_protocol", False):
        return all(hasattr(type(value), name) or name in getattr(value, "__dataclass_fields__", ()) for name in _asked_by(hint))
    return isinstance(value, type(None) if hint is None else hint)


@cache
def _asked_by(protocol: type) -> frozenset[str]:
    """The names of what a protocol asks."""
    kinds = [kind for kind in protocol.__mro__ if getattr(kind, "_is_protocol", False)]
    return frozenset(name for kind in kinds for name in (*vars(kind), *vars(kind).get("__annotations__", ())) if name[0] != "_")


def _named(hint: Any) -> str:
    return (
        getattr(hint, "__name__", str(hint)) if typing.get_origin(hint) is None else str(hint).replace("neurovariety.certificates.", "")
    )


def _shown(data: Any) -> str:
    text = f"{data!r}"
    return text if len(text) <= 60 else f"{text[:57]}..."
