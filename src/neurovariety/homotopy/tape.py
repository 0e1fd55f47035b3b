"""Straight-line tapes: what the kernels run over lanes of complex numbers, balls and truncated series.

A tape has three kinds of instructions, each a whole inner product, so that sums stay in registers:

* ``DOT``: slot = sum of products of two slots,
* ``LIN``: slot = linear combination of slots with complex coefficients, ``REAL`` the same with real ones,
* ``INV``: slot = 1 / slot,

each optionally added to what the slot holds. Slot 0 holds the number 1, then come the inputs. Slots are used again after the last
reading, so that the working set of a block of lanes stays small; a tape for series keeps all of them, since each order reads the
lower ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from neurovariety.certificates.float_balls import TapeArrays
from neurovariety.certificates.gaussian import Coefficient, rounded
from neurovariety.homotopy.expressions import Expression, Graph, Monomial

DOT, LIN, REAL, INV = 0, 1, 2, 3


@dataclass(frozen=True, eq=False)
class Tape:
    """``code`` has rows (kind, target slot, first term, end of terms, add to the target); a term is a row of ``terms`` (two slots, the
    second unused in sums) and its coefficient a row of ``coefficients`` (real, imaginary). ``outputs`` are slots. ``exact`` says
    that each coefficient is the double that is written; else each is within 2^-52 of it, relatively."""

    slots: int
    inputs: int
    code: NDArray[np.int32]
    terms: NDArray[np.int32]
    coefficients: NDArray[np.float64]
    outputs: NDArray[np.int32]
    exact: bool
    source: tuple[Graph, tuple[Expression, ...]] | None = field(default=None, repr=False)
    """The expressions that were recorded; None for a tape that was read from a file."""

    @property
    def arrays(self) -> TapeArrays:
        """The part of it that is run."""
        return TapeArrays(self.code, self.terms, self.coefficients, self.slots)

    @property
    def operations(self) -> int:
        """Terms, each one complex multiplication and addition at most."""
        return len(self.terms)

    def save(self) -> dict[str, np.ndarray]:
        """The tape as arrays, for a file."""
        return {
            "sizes": np.array([self.slots, self.inputs, int(self.exact)]),
            "code": self.code,
            "terms": self.terms,
            "coefficients": self.coefficients,
            "outputs": self.outputs,
        }

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray]) -> Tape:
        slots, inputs, exact = (int(v) for v in arrays["sizes"])
        return cls(slots, inputs, arrays["code"], arrays["terms"], arrays["coefficients"], arrays["outputs"], bool(exact))


def record(graph: Graph, outputs: Sequence[Expression], *, reuse: bool = True, inputs: int | None = None) -> Tape:
    """The tape that computes ``outputs`` from the first ``inputs`` inputs of ``graph`` (all unless said otherwise).

    Each output gets a slot of its own, never used again. With ``reuse`` False so does every intermediate result.
    """
    found = _Recorder(graph, outputs, reuse, graph.inputs if inputs is None else inputs).tape()
    return replace(found, source=(graph, tuple(outputs)))


_Name = Monomial | tuple[str, int]
"""What a step computes: a monomial, or the output of that number."""

_Term = tuple[int, Monomial, Monomial, complex]
"""Kind, two factors (the second unused in sums), coefficient."""


_kind = itemgetter(0)


def _is_product(monomial: Monomial) -> bool:
    """Whether the degree of a monomial is 2 or more."""
    return len(monomial) > 1 or (len(monomial) == 1 and monomial[0][1] > 1)


class _Recorder:
    """Orders the sums and monomials below the outputs depth first, then gives them slots."""

    def __init__(self, graph: Graph, outputs: Sequence[Expression], reuse: bool, inputs: int) -> None:
        self.graph = graph
        self.outputs = outputs
        self.reuse = reuse
        self.inputs = inputs
        self.uses: dict[Monomial, int] = {}
        self.factors: dict[Monomial, tuple[Monomial, Monomial]] = {}
        self.steps: list[tuple[_Name, list[_Term]]] = []
        self.made: set[Monomial] = {()}
        self.exact = True
        for i in range(inputs):
            self.made.add(((i, 1),))
        self._count_uses()

    def _count_uses(self) -> None:
        """How often each monomial is a term, over all sums below the outputs."""
        seen: set[int] = set()
        stack, uses, sums, reciprocals = [e.terms for e in self.outputs], self.uses, self.graph.sums, self.graph.reciprocals
        while stack:
            for monomial in stack.pop():
                uses[monomial] = uses.get(monomial, 0) + 1
                for base, _ in monomial:
                    while base in reciprocals:
                        base = reciprocals[base]
                    if base not in seen and base in sums:
                        seen.add(base)
                        stack.append(sums[base])
        for _, monomial in sorted((sum([e for _, e in m]), m) for m in uses if _is_product(m)):
            self._split(monomial)

    def _split(self, monomial: Monomial) -> tuple[Monomial, Monomial]:
        """Two factors of a monomial of degree 2 or more, found among those at hand where possible."""
        found = self.factors.get(monomial)
        if found is not None:
            return found
        if not _is_product(monomial):
            return monomial, ()
        choices = []
        for k, (base, e) in enumerate(monomial):
            rest = (*monomial[:k], (base, e - 1), *monomial[k + 1 :]) if e > 1 else (*monomial[:k], *monomial[k + 1 :])
            if rest in self.factors or (rest in self.uses and _is_product(rest)):
                choices.append((rest, ((base, 1),)))
        halved = tuple((b, e // 2) for b, e in monomial)
        if all(e % 2 == 0 for _, e in monomial):
            pair = (halved, halved)
        elif choices:
            pair = choices[0]
        else:
            left, right, turn = {}, {}, 0
            for base, e in monomial:
                half, odd = divmod(e, 2)
                extra = odd and turn == 0
                turn = (turn + 1) % 2 if odd else turn
                left[base], right[base] = half + (1 if extra else 0), half + (odd if not extra else 0)
            pair = tuple(sorted((b, e) for b, e in left.items() if e)), tuple(sorted((b, e) for b, e in right.items() if e))
            if not pair[1]:
                pair = (monomial[1:], monomial[:1])
        self.factors[monomial] = pair
        for part in pair:
            if _is_product(part):
                self._split(part)
        return pair

    def _make(self, monomial: Monomial) -> None:
        """Steps that compute a monomial."""
        pending = [monomial]
        while pending:
            m = pending[-1]
            if m in self.made:
                pending.pop()
                continue
            if len(m) == 1 and m[0][1] == 1:
                needs = self._sum_needs(m[0][0])
            else:
                needs = [p for p in self._split(m) if p not in self.made]
            if needs:
                pending.extend(needs)
                continue
            pending.pop()
            self.made.add(m)
            if len(m) == 1 and m[0][1] == 1:
                base = m[0][0]
                if base in self.graph.reciprocals:
                    self.steps.append((m, [(INV, ((self.graph.reciprocals[base], 1),), (), 1)]))
                else:
                    self.steps.append((m, self._terms(self.graph.sums[base])))
            else:
                a, b = self._split(m)
                self.steps.append((m, [(DOT, a, b, 1)]))

    def _sum_needs(self, base: int) -> list[Monomial]:
        if base in self.graph.reciprocals:
            m: Monomial = ((self.graph.reciprocals[base], 1),)
            return [] if m in self.made else [m]
        return [p for m, c in self.graph.sums[base].items() for p in self._operands(m, c) if p not in self.made]

    def _operands(self, monomial: Monomial, c: Coefficient) -> tuple[Monomial, ...]:
        return self._split(monomial) if self._fused(monomial, c) else (monomial,)

    def _fused(self, monomial: Monomial, c: Coefficient) -> bool:
        """A product that one sum alone reads, with coefficient 1, is computed inside that sum."""
        return _is_product(monomial) and self.uses.get(monomial) == 1 and monomial not in self.made and c == 1

    def _terms(self, terms: dict[Monomial, Coefficient]) -> list[_Term]:
        out = []
        for monomial, c in terms.items():
            value, fits = rounded(c)
            self.exact = self.exact and fits
            if self._fused(monomial, c):
                a, b = self._split(monomial)
                out.append((DOT, a, b, value))
            else:
                out.append((LIN if value.imag else REAL, monomial, (), value))
        return sorted(out, key=_kind)

    def tape(self) -> Tape:
        for k, expression in enumerate(self.outputs):
            for monomial, c in expression.terms.items():
                for part in self._operands(monomial, c):
                    self._make(part)
            self.steps.append((("output", k), self._terms(expression.terms)))
        return self._allocate()

    def _allocate(self) -> Tape:
        last: dict[_Name, int] = {}
        for i, (_, terms) in enumerate(self.steps):
            for _, a, b, _ in terms:
                last[a] = last[b] = i
        slot: dict[_Name, int] = {(): 0}
        slot.update((((i, 1),), i + 1) for i in range(self.inputs))
        pinned = len(slot)
        free: list[int] = []
        used = pinned + len(self.outputs)
        code: list[tuple[int, int, int, int, int]] = []
        pairs: list[tuple[int, int]] = []
        values: list[tuple[float, float]] = []
        for i, (name, terms) in enumerate(self.steps):
            if name and name[0] == "output":
                target = pinned + name[1]
            elif free and self.reuse:
                target = free.pop()
            else:
                target, used = used, used + 1
            slot[name] = target
            begun = False
            for kind, group in itertools.groupby(terms or [(REAL, (), (), 0j)], key=_kind):
                start = len(pairs)
                for _, a, b, c in group:
                    pairs.append((slot[a], slot[b]))
                    values.append((c.real, c.imag))
                code.append((kind, target, start, len(pairs), int(begun)))
                begun = True
            for m in {x for _, a, b, _ in terms for x in (a, b)}:
                if last[m] == i and slot[m] >= pinned + len(self.outputs):
                    free.append(slot[m])
        return Tape(
            slots=used,
            inputs=self.inputs,
            code=np.array(code, dtype=np.int32).reshape(-1, 5),
            terms=np.array(pairs, dtype=np.int32).reshape(-1, 2),
            coefficients=np.array(values, dtype=np.float64).reshape(-1, 2),
            outputs=np.arange(pinned, pinned + len(self.outputs), dtype=np.int32),
            exact=self.exact,
        )


def evaluate(tape: Tape, inputs: np.ndarray) -> NDArray[np.complex128]:
    """The outputs at ``inputs`` (..., inputs), plainly in NumPy: what tests hold the kernels against."""
    inputs = np.asarray(inputs, dtype=np.complex128)
    values = np.zeros((tape.slots, *inputs.shape[:-1]), dtype=np.complex128)
    values[0] = 1
    values[1 : 1 + tape.inputs] = np.moveaxis(inputs, -1, 0)
    for kind, target, start, stop, add in tape.code.tolist():
        total = values[target].copy() if add else np.zeros_like(values[0])
        for (a, b), (re, im) in zip(tape.terms[start:stop].tolist(), tape.coefficients[start:stop].tolist(), strict=True):
            if kind == DOT:
                total = total + values[a] * values[b]
            elif kind == INV:
                total = total + 1 / values[a]
            else:
                total = total + complex(re, im) * values[a]
        values[target] = total
    return np.moveaxis(values[tape.outputs], 0, -1)
