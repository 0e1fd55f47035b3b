"""Budgets of searches, counted in work and never in seconds: one seed gives one answer, on any machine and under any load.

A search that can stop with a weaker answer asks `used_up` between its parts; the work itself is counted where it is done. What is
counted are arithmetic operations as they can be told before the work begins (paths times the usual steps of a path, runs times terms,
and so on), so that machines which round differently count alike. Without a budget searches go on to their end.

A user's own time limit is another matter (`cli.workers`): it cuts where it falls, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

INTERPRETED = 100
"""Operations in the time that Python takes for one of its own."""

_WORTH_SAYING = 0.01
"""Part of the work below which a kind of it is not named."""

_EMPTY: Mapping[str, int] = {}


@dataclass(eq=False)
class Budget:
    """At most so many ``operations``, and so many of the things named in ``numbers`` where nobody asked for a number of them.

    ``done`` counts what was done by kind (paths, descents, runs), ``took`` the operations by kind. An operation is a multiplication of
    complex numbers with an addition; a core does about 10^9 of them a second.
    """

    operations: float = float("inf")
    numbers: Mapping[str, int] = field(default_factory=lambda: _EMPTY)
    done: Counter[str] = field(default_factory=Counter)
    took: dict[str, float] = field(default_factory=dict)
    outer: Budget | None = None
    """The budget within which this one was given: what is done counts for both."""

    @property
    def used(self) -> float:
        """All operations so far."""
        return sum(self.took.values())

    def chain(self) -> Iterator[Budget]:
        """This budget and those around it."""
        budget: Budget | None = self
        while budget is not None:
            yield budget
            budget = budget.outer


_BUDGET: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def within(operations: float = float("inf"), numbers: Mapping[str, int] = _EMPTY) -> Iterator[Budget]:
    """Let searches that can stop with what they have found do so after so many ``operations``; ``numbers``: see `Budget`.

    Inside another budget whichever is used up first ends a search.
    """
    budget = Budget(operations, numbers, outer=_BUDGET.get())
    token = _BUDGET.set(budget)
    try:
        yield budget
    finally:
        _BUDGET.reset(token)


def spend(kind: str, number: int, each: float) -> None:
    """Count ``number`` things of a kind that are about to be done, ``each`` of so many operations. Cheap where there is no budget."""
    budget = _BUDGET.get()
    if budget is not None:
        for b in budget.chain():
            b.done[kind] += number
            b.took[kind] = b.took.get(kind, 0.0) + number * each


def used_up() -> bool:
    """Whether a search should stop with what it has found."""
    budget = _BUDGET.get()
    return budget is not None and any(b.used >= b.operations for b in budget.chain())


def left() -> float:
    """Operations that are left."""
    budget = _BUDGET.get()
    return float("inf") if budget is None else max(min(b.operations - b.used for b in budget.chain()), 0.0)


def is_limited() -> bool:
    """Whether searches have a budget at all."""
    budget = _BUDGET.get()
    return budget is not None and any(b.operations < float("inf") for b in budget.chain())


def number_of(kind: str, usual: int) -> int:
    """How many ``targets``, say, to take where nobody asked for a number: what the budget says, or the ``usual`` one."""
    budget = _BUDGET.get()
    return usual if budget is None else next((b.numbers[kind] for b in budget.chain() if kind in b.numbers), usual)


def spent() -> str:
    """In words what most of the budget went to, such as ``12,288 paths and 40 runs``; empty where nothing was, or without one."""
    budget = _BUDGET.get()
    done = {} if budget is None else {k: n for k, n in sorted(budget.done.items()) if budget.took[k] > _WORTH_SAYING * budget.used}
    parts = [f"{n:,} {kind if n != 1 else kind.removesuffix('s')}" for kind, n in done.items()]
    return " and ".join(p for p in (", ".join(parts[:-1]), *parts[-1:]) if p)
