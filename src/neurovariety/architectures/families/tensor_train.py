"""Tensor trains (matrix product states): multilinear functions of bounded separation ranks."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.reading.modes import check_modes, pieces
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.degrees import tensor_train_degree
from neurovariety.architectures.theorems.ed_degrees import products_of_vectors_ed_degree
from neurovariety.architectures.theorems.generic_fibers import tensor_train_fiber
from neurovariety.arithmetic import tensordot
from neurovariety.errors import NotationError
from neurovariety.image import SeparationRanks, separation_ranks
from neurovariety.model import Shape
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import LINEAR, Silence, Size, Units, counts


@dataclass(frozen=True, repr=False)
class TensorTrain(Architecture):
    """f(x_1, ..., x_d) = G_1(x_1) G_2(x_2) ... G_d(x_d), where G_k(x) is the matrix sum_i x_i G_k[:, i, :] of size r_{k-1} x r_k.

    ``modes`` = (n_1, ..., n_d), ``ranks`` = (r_1, ..., r_{d-1}), r_0 = 1 and r_d = ``outputs``; the core G_k has shape
    (r_{k-1}, n_k, r_k). The input is the concatenation of the mode vectors, of shape (n_1 + ... + n_d,); the output has shape
    (outputs,). A multilinear function is a tensor, and the tensors that arise are those whose k-th separation (modes 1 to k against
    the others and the output) has rank at most r_k (Oseledets 2011). ``input_axes`` is empty: a linear map of the whole input mixes
    the modes, and f is then no longer linear in each.
    """

    family: ClassVar[str] = "tt"
    example: ClassVar[str] = "tt(2,3,2; ranks=2,2)"
    modes: tuple[int, ...]
    ranks: tuple[int, ...]
    outputs: int = 1

    def __post_init__(self) -> None:
        check_modes(self.family, self.modes, self.outputs, self.example)
        bonds = len(self.modes) - 1
        if len(self.ranks) != bonds:
            wanted = "1 rank" if bonds == 1 else f"1 or {bonds} ranks"
            between = f"{bonds} {'bond' if bonds == 1 else 'bonds'} between its {len(self.modes)} modes"
            raise NotationError(f"tt: {wanted} expected for the {between}, got {len(self.ranks)}")
        if min(self.ranks) < 1:
            raise NotationError(f"tt: the rank {min(self.ranks)} is not positive")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> TensorTrain:
        """The architecture of the sections of a notation."""
        modes = sections.modes(cls.family)
        options, rest = sections.options({"ranks", "outputs"})
        if rest:
            raise NotationError(f"tt takes ranks= and outputs=, got {rest[0][:40]!r} in {sections.shown!r}; e.g. {cls.example}")
        if "ranks" not in options:
            raise NotationError(f"tt needs ranks= (one for all bonds, or one a bond) in {sections.shown!r}; e.g. {cls.example}")
        ranks = sections.integers(options["ranks"], "ranks")
        if len(ranks) == 1:
            ranks = ranks * max(len(modes) - 1, 1)
        return cls(modes, ranks, sections.integer(options.get("outputs", "1"), "outputs"))

    @property
    def bonds(self) -> tuple[int, ...]:
        """r_0, ..., r_d: one, the ranks, the number of outputs."""
        return (1, *self.ranks, self.outputs)

    def _name(self, mode: int) -> str:
        return numbered("G", mode, len(self.modes))

    def shapes(self) -> dict[str, Shape]:
        r = self.bonds
        return {self._name(k): (r[k - 1], n, r[k]) for k, n in enumerate(self.modes, start=1)}

    @property
    def input_shape(self) -> Shape:
        return (sum(self.modes),)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        # The outer product of state and mode vector is small, and one contraction of it with the core has one derivative: itself.
        state = np.ones(1, dtype=x.dtype)
        for k, entries in enumerate(pieces(x, self.modes), start=1):
            core = parameters[self._name(k)]
            state = tensordot(state[:, None] * entries[None, :], core, axes=((0, 1), (0, 1)))
        return state

    def notation(self) -> str:
        ranks = self.ranks[:1] if len(set(self.ranks)) == 1 else self.ranks
        parts = [",".join(map(str, self.modes)), f"ranks={','.join(map(str, ranks))}"]
        return f"tt({'; '.join(parts + ([f'outputs={self.outputs}'] if self.outputs > 1 else []))})"

    def image(self) -> SeparationRanks:
        return separation_ranks(self.modes, self.ranks, self.outputs)

    def units(self) -> tuple[Units, ...]:
        return tuple(
            Units(
                r,
                made=((self._name(k), 2),),
                read=((self._name(k + 1), 0),),
                absorbs=LINEAR,
                noun="bond state",
                label=f"bond {k}",
                basis=f"on the bond between modes {k} and {k + 1}",
            )
            for k, r in enumerate(self.ranks, start=1)
        )

    def silences(self) -> tuple[Silence, ...]:
        return tuple(Silence(f"core {k}", (name,)) for k, name in enumerate(self.shapes(), start=1))

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> TensorTrain:
        return TensorTrain(self.modes, counts(sizes), outputs or self.outputs)

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._name(len(self.modes)), 2),)

    def attainable(self) -> tuple[int, ...]:
        """The separation ranks of a generic tensor of the family."""
        return separation_ranks(self.modes, self.ranks, self.outputs).ranks

    def theorems(self) -> tuple[Theorem, ...]:
        image = self.image()
        return (*separation_rank_theorems(image), *([tensor_train_fiber()] if image.ranks == self.ranks else []))


def separation_rank_theorems(image: SeparationRanks) -> tuple[Theorem, ...]:
    """Dimension, span, degree and, where there are one or two factors, ED degrees of the tensors of bounded separation ranks."""
    modes, outputs, ranks = image.modes, image.outputs, image.ranks
    r = (1, *ranks, outputs)
    degree = tensor_train_degree(modes, outputs, ranks)
    shown = ",".join(map(str, ranks))
    bonds = list(zip(r, modes, r[1:], strict=False))
    fit = all(b <= a * n for a, n, b in bonds[:-1]) and all(a <= n * b for a, n, b in bonds)
    factors = image.rank
    return (
        Theorem(
            "manifold of tensors of fixed tensor train ranks",
            "dimension",
            sum(a * n * b for a, n, b in bonds) - sum(b * b for b in ranks),
            f"tensors of separation ranks {shown}, the largest that these modes admit, form a manifold whose dimension is the "
            "number of entries of their cores minus that of the groups GL(r_k) on the bonds",
            "holtz2012",
            (Hypothesis("no rank exceeds the next one on either side times the mode between", fit),),
        ),
        Theorem(
            "products of linear forms span",
            "ambient",
            prod(modes) * outputs,
            "tensors of rank one have tensor train ranks one and span all tensors",
            "oseledets2011",
        ),
        *([degree] if degree is not None else []),
        *([] if factors is None else products_of_vectors_ed_degree((*modes, outputs), factors)),
    )
