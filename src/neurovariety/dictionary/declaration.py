"""The options of an entry, read from the signature of its function: from the function itself, or from the text of its file.

The second way imports nothing that computes, so that ``--help`` answers at once. Both give the same (a test holds them together).
"""

from __future__ import annotations

import ast
import builtins
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, is_typeddict

from neurovariety.dictionary import kinds
from neurovariety.errors import InputError
from neurovariety.options import OF_EVERY_RUN, Check, Option, require_choice, shown, usual

OF_THE_RUN = ("seed", "memory_limit", "resume")
"""Arguments that say how an answer is found, not what is asked; they are not repeated by ``rerun()``."""

_LIGHT = ("typing", "collections.abc", "pathlib", "neurovariety.options", "neurovariety.dictionary.entry_options",
          "neurovariety.training.losses.task_options")  # fmt: skip
"""Modules from which the words of a declaration come, none of which computes."""


@dataclass(frozen=True)
class Declared:
    """One argument of an entry's function beside its source: ``name``, ``type``, ``default``, and, where it is an option of the command
    line, its `Option`; ``choices``: the words it can be; ``open``: whether it can be something else as well; ``required``: whether it
    has to be given."""

    name: str
    type: Any = field(compare=False)
    default: object = field(compare=False)
    option: Option | None
    checks: tuple[Check, ...]
    choices: tuple[str, ...]
    open: bool
    required: bool

    def holds(self, kind: type) -> bool:
        """Whether its values are of this type, or None."""
        return kind in (get_args(self.type) or (self.type,))

    @property
    def is_table(self) -> bool:
        """Whether it is a data set, which is not written down with the question."""
        return self.option is not None and self.option.kind in ("table", "dataset")

    @property
    def has_targets(self) -> bool:
        """Whether it is a data set with targets; otherwise inputs alone are wanted."""
        return self.option is not None and self.option.kind == "dataset"

    @property
    def is_exact(self) -> bool:
        """Whether the numbers in it are exact ones."""
        return self.option is not None and self.option.kind == "numbers"

    def read(self, value: object) -> object:
        """The value as the entry takes it. Raises `InputError` in one sentence where it is of no kind that the annotation allows, or a
        check does not welcome it."""
        if self.choices and not self.open:
            if value is not None or types.NoneType not in kinds.members(self.type):
                require_choice(self.name, value, self.choices, (self.option or Option("")).unknown)
            return value
        try:
            found = kinds.read(value, self.type, self.is_exact)
        except kinds.NoValueError as error:
            for check in self.checks:  # whose sentences say more of what is expected
                _refuse(check.refusal(value))
            raise InputError(f"{self.name}: expected {kinds.words(self.type, self.is_exact)}, got {shown(error.value)}") from None
        if found is not None:
            for check in self.checks:
                _refuse(check.refusal(found))
        return found


def _refuse(sentence: str) -> None:
    if sentence:
        raise InputError(sentence)


@dataclass(frozen=True)
class Declaration:
    """The arguments of an entry's function but the first, in order, and the name of its result class."""

    arguments: tuple[Declared, ...]
    result: str
    trains: bool

    @property
    def asked(self) -> tuple[Declared, ...]:
        """Those that say what is asked."""
        return tuple(a for a in self.arguments if a.name not in OF_THE_RUN)

    @property
    def replaces(self) -> tuple[str, ...]:
        """Those that may be given in place of a source."""
        return tuple(a.name for a in self.arguments if a.option is not None and a.option.kind == "source")

    def __getitem__(self, name: str) -> Declared:
        return next(a for a in self.arguments if a.name == name)

    def __contains__(self, name: str) -> bool:
        return any(a.name == name for a in self.arguments)


def declaration_of(function: Callable[..., Any]) -> Declaration:
    """What a function declares."""
    plain = inspect.unwrap(function)
    signature = inspect.signature(plain)
    first: list[Declared] = []
    fields: list[Declared] = []
    named: list[Declared] = []
    for p in list(signature.parameters.values())[1:]:
        annotation = _evaluated(p.annotation, plain.__globals__)
        if p.kind is p.VAR_KEYWORD:
            fields = list(declared_fields(get_args(annotation)[0]))
        else:
            (named if p.kind is p.KEYWORD_ONLY else first).append(_declared(p.name, annotation, p.default))
    result = signature.return_annotation
    name = result if isinstance(result, str) else getattr(result, "__name__", "")
    return Declaration((*first, *fields, *named), name, bool(fields))


@cache
def declaration_in(path: str) -> Declaration:
    """What the function ``module:function`` declares, read from the text of its module."""
    module, _, name = path.partition(":")
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    names = _light_names(tree)
    given = function.args
    fields: list[Declared] = []
    if given.kwarg is not None and given.kwarg.annotation is not None:
        fields = list(declared_fields(get_args(_evaluated(ast.unparse(given.kwarg.annotation), names))[0]))

    def read(a: ast.arg) -> Declared:
        needed = a in given.args[: len(given.args) - len(given.defaults)]
        annotation = Any if a.annotation is None else _evaluated(ast.unparse(a.annotation), names)
        return _declared(a.arg, annotation, inspect.Parameter.empty if needed else None)

    result = "" if function.returns is None else ast.unparse(function.returns)
    return Declaration((*map(read, given.args[1:]), *fields, *map(read, given.kwonlyargs)), result, bool(fields))


def _light_names(tree: ast.Module) -> dict[str, object]:
    """The names that a module imports from others that do not compute, and those of its own that it makes of them."""
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in _LIGHT:
            found |= {a.asname or a.name: getattr(import_module(node.module), a.name) for a in node.names}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_type(node.value):
            found[node.targets[0].id] = _evaluated(ast.unparse(node.value), found)
    return found


def _is_type(value: ast.expr) -> bool:
    """``Literal[...]``, or several of that kind with bars between."""
    return isinstance(value, ast.Subscript) or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr))


class _Names(dict[str, object]):
    """Names of an annotation; those of types that only compute stand for any value."""

    def __missing__(self, name: str) -> object:
        return getattr(builtins, name, Any)


def _evaluated(annotation: object, names: Mapping[str, object]) -> Any:
    return eval(annotation, {}, _Names(names)) if isinstance(annotation, str) else annotation


def declared_fields(options: Any) -> Iterator[Declared]:
    """What the fields of a TypedDict of options declare; of one whose module computes, nothing."""
    if options is Any:
        return
    assert is_typeddict(options)
    left_out = usual(options)
    for name, given in options.__annotations__.items():
        yield _declared(name, _evaluated(getattr(given, "__forward_arg__", given), {}), left_out[name])


def _metadata(annotation: Any) -> tuple[object, ...]:
    return tuple(annotation.__metadata__) if get_origin(annotation) is Annotated else ()


def _declared(name: str, annotation: Any, default: object) -> Declared:
    said = _metadata(annotation)
    kind = annotation.__origin__ if said else annotation
    members = kinds.members(kind)
    words = tuple(w for m in members if get_origin(m) is Literal for w in get_args(m))
    others = any(get_origin(m) is not Literal and m is not types.NoneType for m in members)
    option = next((m for m in said if isinstance(m, Option)), None)
    checks = tuple(m for m in said if isinstance(m, Check)) + ((OF_EVERY_RUN[name],) if name in OF_EVERY_RUN else ())
    return Declared(name, kind, default, option, checks, words, others, default is inspect.Parameter.empty)
