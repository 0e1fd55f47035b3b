"""Irreducible components of what a model, or a bound on the rank of equivariant maps, describes.

The Zariski closure of the functions of one network is irreducible: it is the closure of the image of a space of weights, which no
two smaller closed sets can cover. A condition on functions may define several pieces instead. The linear maps that commute with a
permutation and have rank at most R are the standard case: maps of different ranks on the eigenspaces are different pieces, and the
components are the maximal ways to spend R. For learning: one network reaches one piece only, so the choice between them is made
before training starts.

What is proved. The components of the *real* maps of bounded rank, and of each its dimension, degree and Euclidean distance degree for
the Frobenius norm, by closed formulas for determinantal varieties. A real block of size m and rank r has the degree
prod of C(m+i, r) / C(r+i, r) over i < m - r, and C(m, r) critical points. A block of complex type becomes over C a pair (Z, W) of such
matrices, Z = A + iB and W = A - iB: degrees multiply, but the norm pairs Z with W. A critical point for the target (Z0, W0) is
then W = W0 T, Z^T = T Z0^T with a projection T of rank r that commutes with Z0^T W0, so there are C(m, r), not their square.
Blocks multiply. For any other model the count 1 is proved and the dimension has the claim of the entry `dimension`.

Over C there are more components: conjugate eigenvalues then may have different ranks.

Sources: Kohn, Sattelberger, Shahverdi 2023; Draisma et al. 2016; Fulton 1998, example 14.4.14.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, NotRequired, TypedDict, TypeVar

from neurovariety.architectures import as_model, parse
from neurovariety.architectures.from_callable import Source
from neurovariety.certificates.irreducible_components import BlockComponents, ComponentOfModel, OneComponent, short_enough
from neurovariety.certificates.issue import issue
from neurovariety.certificates.sentences import SHOWN, Gloss
from neurovariety.certificates.upper_bounds import FillsSpan
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry_of_source
from neurovariety.dictionary.stated_blocks import StatedBlocks, stated_blocks
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.image import BoundedBlockMatrices
from neurovariety.model import Model
from neurovariety.progress import note, watch
from neurovariety.tolerances import DEFAULT_SEED

T = TypeVar("T")


class ComponentRow(TypedDict):
    """One piece; what is not known is None."""

    architecture: str
    dimension: int | None
    degree: int | None
    ed_degree_frobenius: int | None
    ranks: list[int] | None
    largest: bool | None


class ComponentsEvidence(TypedDict):
    """What a list of components rests on: isotypic blocks and the ``rank`` they share, or the claim of a model's dimension."""

    dimension: int | None
    listed: int
    theorems: list[Facts]
    blocks: NotRequired[list[Facts]]
    rank: NotRequired[int | None]
    dimension_claim: NotRequired[str]
    error_bound: NotRequired[float | None]


@dataclass(frozen=True, repr=False)
class ComponentsResult(EntryResult):
    """The irreducible components; ``value`` is ``{"count", "components"}``.

    Each component holds ``architecture`` (a notation that parametrizes it), ``dimension``, ``degree`` (of its Zariski closure in affine
    space), ``ed_degree_frobenius`` (complex critical points of the squared Frobenius distance to a generic matrix), ``ranks`` (of the
    isotypic blocks) and ``largest`` (whether no component has a larger dimension). What is not known is None.
    """

    entry: ClassVar[str] = "components"
    evidence: ComponentsEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "kohn2023")


@entry_of_source
def components(source: Source, *, seed: int = DEFAULT_SEED, memory_limit: int | None = None) -> ComponentsResult:
    """The irreducible components of the space of functions that ``source`` (notation, architecture or model) describes.

    Unlike other entries it takes ``equivariant(...; rank=R)``, which stands for several networks. Raises `InputError` for unusable
    input, `ResourceError` where the dimension of a model would not fit in memory.

    >>> found = components("equivariant(3,3; rank=3)")
    >>> found.value["count"], [c["ranks"] for c in found.value["components"]]
    (2, [[2, 0], [1, 1]])
    >>> [(c["dimension"], c["degree"], c["ed_degree_frobenius"]) for c in found.value["components"]]
    [(4, 1, 1), (9, 8, 4)]
    """
    described = parse(source) if isinstance(source, str) else source
    stated = stated_blocks(described)
    return _of_model(as_model(described), seed, memory_limit) if stated is None else _of_blocks(stated)


def _of_blocks(stated: StatedBlocks) -> ComponentsResult:
    """The result for block diagonal matrices."""
    name, image, listed, count, maps = stated.name, stated.image, stated.listed, stated.count, stated.maps
    blocks, complete = image.blocks, len(listed) == count
    ranks, notations = tuple(found.ranks for _, found in listed), tuple(notation for notation, _ in listed)
    shown = BlockComponents(maps.hash, maps.blocks, ranks, notations, count, "components")
    dimensions = [found.dimension for _, found in listed]
    rank = image.rank if isinstance(image, BoundedBlockMatrices) else None
    notices = () if complete else (f"only the first {len(listed):,} of {short_enough(count)} components are listed",)
    statement = f"real maps of rank at most {rank}" if rank is not None else "maps with these ranks of the blocks"
    theorems = [
        _said("components of equivariant maps of bounded rank", f"{statement}: the maximal allocations of ranks to blocks", "kohn2023"),
        _said("degree of a determinantal variety", "degrees of the blocks multiply; a complex block counts twice", "fulton1998"),
        _said("critical points of determinantal varieties", "C(m, r) for each block of size m and rank r", "draisma2016"),
    ]
    return ComponentsResult(
        value={"count": count, "components": shown.rows()},
        claims={"count": issue(replace(shown, part="count"), maps), "components": issue(shown, maps)},
        subject=name,
        evidence={
            "blocks": [{"eigenvalues": b.eigenvalues, "size": b.size, "type": "real" if b.real else "complex"} for b in blocks],
            "rank": rank,
            "dimension": max(dimensions) if complete else None,
            "listed": len(listed),
            "theorems": theorems,
        },
        notices=notices,
        glosses=_glosses(count),
        model=None if rank is not None else as_model(name),
    )


def _of_model(model: Model, seed: int, memory_limit: int | None) -> ComponentsResult:
    exact = exact_functions(model)
    one = issue(OneComponent(exact.hash), exact)
    unknown = ComponentRow(architecture=model.name, dimension=None, degree=None, ed_degree_frobenius=None, ranks=None, largest=True)
    note(value={"count": 1, "components": [unknown]}, verdict=one)
    found = _unnoted(lambda: dimension_of(model, seed=seed, memory_limit=memory_limit))
    theorems = [
        _said("closure of the image of a space of weights", "a network's functions have an irreducible closure", "marchetti2025")
    ]
    sizes = exact.bounded_rank
    shown = ComponentOfModel(model.name, found.verdict, sizes)
    if sizes is not None:
        rows, columns, rank = sizes
        theorems += [
            _said("degree of a determinantal variety", f"{rows} x {columns} matrices of rank at most {rank}", "fulton1998"),
            _said("critical points of determinantal varieties", f"C({min(rows, columns)}, {rank})", "draisma2016"),
        ]
    elif found.filling is Claim.PROVED:
        shown = replace(shown, linear=issue(FillsSpan(found.verdict, found.span.verdict), exact))
    return ComponentsResult(
        value={"count": 1, "components": [shown.row()]},
        claims={"count": one, "components": issue(shown, exact)},
        subject=model.name,
        evidence={
            "dimension": found.value,
            "dimension_claim": str(found.claim),
            "error_bound": found.error_bound,
            "listed": 1,
            "theorems": theorems,
        },
        notices=found.notices,
        glosses=_glosses(1),
        model=model,
    )


def _said(name: str, statement: str, source: str) -> Facts:
    return {"name": name, "statement": statement, "source": source}


def _unnoted(work: Callable[[], T]) -> T:
    """The value of ``work``, whose own notes on its progress are about another entry and stay unheard."""

    def alone() -> T:
        watch()
        return work()

    return contextvars.copy_context().run(alone)


def _glosses(count: int) -> tuple[Gloss, ...]:
    """What the number means for learning."""
    if count == 1:
        return (Gloss("almost every function of it is one that weights compute, over C", {"count": SHOWN}),)
    return (Gloss("a network reaches only one of them, so block ranks are chosen before training", {"count": SHOWN}),)
