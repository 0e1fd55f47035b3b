"""One aten operation of a graph that is being read, with typed access to its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from neurovariety.checkpoints.readers.building import Builder, Operand, Roles, Stored, Value, exact, refuse


@dataclass(frozen=True, eq=False)
class AtenCall:
    """One operation of an exported graph with its arguments by name."""

    builder: Builder
    name: str
    path: str
    operator: str
    arguments: Mapping[str, Any]
    node: Mapping[str, object]

    @property
    def place(self) -> str:
        return self.path or self.builder.source

    @property
    def x(self) -> Value:
        return self.builder.promoted(self.operand("self", "input"))

    def operand(self, *names: str) -> Operand:
        """The first argument of one of these names, which must be a value, a weight or a number."""
        found = next((self.arguments[k] for k in names if k in self.arguments), None)
        if not isinstance(found, Operand):
            refuse(self.place, self.operator, f"its argument {names[0]} is {found!r}")
        return found

    def get(self, name: str, default: Any = None) -> Any:
        found = self.arguments.get(name)
        return default if found is None else found

    def make(self, kind: str, *inputs: Operand, weights: Roles | None = None, **attributes: object) -> Value:
        return self.builder.node(self.name, self.path, kind, list(inputs), weights, **attributes)

    def activation(self, function: str, **attributes: object) -> Value:
        return self.make("activation", self.x, weights=None, function=function, **attributes)

    def number(self, name: str, default: float) -> Fraction:
        return exact(self.place, self.operator, self.get(name, default))

    def only(self, name: str, *allowed: object) -> None:
        """Refuse the operation where an argument has another value than the ones that are understood."""
        found = self.arguments.get(name)
        if found is not None and found not in allowed:
            refuse(self.place, self.operator, f"{name}={found}")


def stored(c: AtenCall, name: str) -> Stored | None:
    found = c.arguments.get(name)
    if found is not None and not isinstance(found, Stored):
        refuse(c.place, c.operator, f"its {name} is computed")
    return found


def each(value: int | Sequence[int], d: int) -> tuple[int, ...]:
    values = [value] if isinstance(value, int) else list(value)
    return tuple(int(v) for v in (values * d if len(values) == 1 else values))
