"""All regions of a network as it is given, proved: what every question about its pieces begins with."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, Unpack, runtime_checkable

from neurovariety.beyond.piecewise.cut_cells import CutCells
from neurovariety.beyond.piecewise.kept_subdivision import KeptSubdivision
from neurovariety.beyond.piecewise.region_options import MOST_REGIONS, RegionOptions, require_region_options
from neurovariety.beyond.piecewise.subdivision import cut_by_all, domain_of, first_cells
from neurovariety.certificates.cell_complex import CellComplex, KnownCells, complex_of_arrays, known_cells
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.piecewise_forms import PiecewiseForms, piecewise_forms
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.input_box import ends_of, input_box
from neurovariety.checkpoints.load import load_network, whole_network
from neurovariety.errors import InputError
from neurovariety.progress import note


@dataclass(frozen=True)
class AllRegions:
    """A network with its forms, its cells, and the verdict that these are all; ``known`` is what to walk them by."""

    network: Network
    forms: PiecewiseForms
    cells: CellComplex
    verdict: Verdict

    def held_regions(self) -> AllRegions:
        """These, where the network is still the one that they were found of. Raises `InputError` where its weights were changed."""
        if network_hash(self.network) != self.cells.subject:
            raise InputError("the weights were changed after the regions were found; ask for the regions again")
        return self

    @property
    def known(self) -> KnownCells:
        """The cells with their rays, patterns and facets."""
        return known_cells(self.cells, self.network)


@dataclass(frozen=True)
class CellsSoFar:
    """Cells that are being cut: each holds a region of the network on the domain, or more."""

    network: Network
    domain: CellDomain
    cells: CutCells


_SO_FAR: ContextVar[CellsSoFar | None] = ContextVar("cells_so_far", default=None)


def cells_so_far() -> CellsSoFar | None:
    """What was found before an interrupt or a time limit stopped `all_regions`; None where it was not stopped."""
    return _SO_FAR.get()


@runtime_checkable
class HoldsRegions(Protocol):
    """What was asked for regions before, such as the result of `regions`."""

    def held_regions(self) -> AllRegions:
        """The regions. Raises `InputError` where they are not there any more."""
        ...


def all_regions(network: object, **options: Unpack[RegionOptions]) -> AllRegions:
    """All regions of a network that `load_network` takes, in a box or everywhere; or those that were found before (`HoldsRegions`).

    ``options`` are `RegionOptions`. Raises `InputError` for a network that is not linear on pieces, a box that has no interior, and
    options that are none or not welcome, `ResourceError` where there are more regions than ``limit``.
    """
    require_region_options(options)
    if isinstance(network, HoldsRegions):
        if any(given is not None for name, given in options.items() if name != "limit"):
            raise InputError("regions that were found before are those of their network and box; leave the other options out")
        return network.held_regions()
    source = network_asked(network, options)
    forms = _forms_of(source)
    domain = domain_of(forms, _ends_of_box(options.get("box"), source))
    limit, resume = options.get("limit", MOST_REGIONS), options.get("resume")
    kept = None if resume is None else KeptSubdivision(resume, _question(source, options.get("box")))
    here = domain.of(forms)
    found = first_cells(here, domain, limit)
    _SO_FAR.set(CellsSoFar(source, domain, found))
    try:
        cut_by_all(found, here, limit, kept)
        note(phase=f"checking that {len(found):,} regions are all there are")
        cells = complex_of_arrays(network_hash(source), domain, found.rays, found.listed())
        verdict = issue(cells, source)
    except Exception as error:  # an interrupt is none, and nor is a time limit of the command line
        _SO_FAR.set(None)
        if kept is not None and kept.was_read and not isinstance(error, InputError | MemoryError):
            raise kept.foreign() from error  # what was read was altered
        raise
    _SO_FAR.set(None)
    return AllRegions(source, forms, cells, verdict)


def _question(source: Network, box: object) -> dict[str, str]:
    """What the cells depend on."""
    where = "all inputs" if box is None else ", ".join(f"{a} to {b}" for a, b in zip(*_ends(box, source), strict=True))
    return {"network": network_hash(source)[:16], "inputs": where}


def network_asked(network: object, options: RegionOptions) -> Network:
    """The network as `load_network` reads it with these options. Raises `InputError` where parts of a file are not understood."""
    found = load_network(
        network,
        architecture=options.get("architecture"),
        example=options.get("example"),
        input_shape=options.get("input_shape"),
    )
    return whole_network(found)


def _forms_of(source: Network) -> PiecewiseForms:
    """The network as forms. Raises `InputError` for one that is not linear on pieces."""
    try:
        return piecewise_forms(source)
    except NotShown as why:
        raise InputError(
            f"regions are counted of networks that are linear on pieces (relu, leaky_relu, abs, hardtanh, max pooling): {why}"
        ) from None


def _ends_of_box(box: object, source: Network) -> tuple[list[Fraction], list[Fraction]] | None:
    """The ends of a box, coordinate by coordinate. Raises `InputError` for one that has no interior."""
    return None if box is None else _ends(box, source)


def _ends(box: object, source: Network) -> tuple[list[Fraction], list[Fraction]]:
    low, high = (list(v.reshape(-1)) for v in ends_of(input_box(box, source.input_shape), source.input_shape))
    if any(a == b for a, b in zip(low, high, strict=True)):
        raise InputError("box= has low below high in every entry: regions are sets with an interior")
    return low, high
