"""neurovariety: the dictionary of neuroalgebraic geometry as software.

A model whose outputs are polynomial in its parameters spans a space of functions, its neuromanifold. This package computes the
invariants of that space and says what each means for learning. Names are loaded when first used, so that importing is fast. By what
they are for (`help` says more of each):

architectures         MLP, Linear, CNN, Attention, CP, TensorTrain, Diagonal, StateSpace, GraphNetwork, GroupConvolution, Equivariant,
                      Invariant, Residual, Sequence, Ratio; Activation; parse reads a notation, as_model takes that or a JAX function;
                      Architecture, Model
all at once           build_report -> Report; picture draws the set of functions
data                  read_table, read_csv -> Dataset; describe_table -> TableSummary; examples has tables and networks
what can it express   ambient, components, dimension, degree, equations, membership, point_count, invariance
what can be known     fibers, symmetries, sample_complexity, learning_coefficient, covering, data
where training ends   ed_degree, ml_degree, landscape, discriminant, wall_crossings, gradient_flow, tangent_kernel, conservation,
                      weight_decay, maximum_likelihood, polyhedral, boundary; Form
what it is drawn to   subnetworks, critical_locus, singularities, exposedness, voronoi, implicit_bias,
                      plane_curve_cell -> PlaneCurveCell
trained networks      load_network -> Network, Node, Rounding; diagnose, prune, align, canonical_form; write_network, to_torch
beyond algebra        regions, draw_regions, plane_slice, tropical, functional_dimension, lipschitz, robustness, relu_fiber,
                      classification_fan; approximate, critical_point;
                      local_learning_coefficient -> LocalCoefficient, LocalLoss, jax_loss, torch_loss
other programs        export_script
results               Result, Claim, Provenance, and a class of each of the above, such as DimensionResult
errors                NeurovarietyError: InputError, NotationError, NotAlgebraicError, DataError, ResourceError, VerificationError,
                      OracleError

>>> import neurovariety as nv
>>> nv.dimension("mlp(2,2,1; x^2)")
dimension(mlp(2,2,1; x^2)) = 3 [proved, seed 0]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurovariety._version import __version__ as __version__

if TYPE_CHECKING:
    from neurovariety.architectures import (
        CNN,
        CP,
        MLP,
        Activation,
        Architecture,
        Attention,
        Diagonal,
        Equivariant,
        GraphNetwork,
        GroupConvolution,
        Invariant,
        Linear,
        Ratio,
        Residual,
        Sequence,
        StateSpace,
        TensorTrain,
        as_model,
        parse,
    )
    from neurovariety.beyond.approximation.approximate import ApproximateResult, approximate
    from neurovariety.beyond.approximation.critical_point import CriticalPointResult, critical_point
    from neurovariety.beyond.piecewise.classification_fan import ClassificationFanResult, classification_fan
    from neurovariety.beyond.piecewise.functional_dimension import FunctionalDimensionResult, functional_dimension
    from neurovariety.beyond.piecewise.lipschitz import LipschitzResult, lipschitz
    from neurovariety.beyond.piecewise.plane_slices import plane_slice
    from neurovariety.beyond.piecewise.region_pictures import draw_regions
    from neurovariety.beyond.piecewise.regions import RegionsResult, regions
    from neurovariety.beyond.piecewise.relu_fiber import ReluFiberResult, relu_fiber
    from neurovariety.beyond.piecewise.robustness import RobustnessResult, robustness
    from neurovariety.beyond.piecewise.tropical import TropicalResult, tropical
    from neurovariety.checkpoints import Network, Node, Rounding, load_network, to_torch, write_network
    from neurovariety.checkpoints.align import AlignResult, align
    from neurovariety.checkpoints.canonical_form import canonical_form
    from neurovariety.checkpoints.diagnose import DiagnoseResult, diagnose
    from neurovariety.checkpoints.prune import PruneResult, prune
    from neurovariety.claim import Claim
    from neurovariety.dataset import Dataset
    from neurovariety.dictionary.ambient import AmbientResult, ambient
    from neurovariety.dictionary.boundary import BoundaryResult, boundary
    from neurovariety.dictionary.components import ComponentsResult, components
    from neurovariety.dictionary.conservation import ConservationResult, conservation
    from neurovariety.dictionary.covering import CoveringResult, covering
    from neurovariety.dictionary.critical_locus import CriticalLocusResult, critical_locus
    from neurovariety.dictionary.data import DataResult, data
    from neurovariety.dictionary.degree import DegreeResult, degree
    from neurovariety.dictionary.dimension import DimensionResult, dimension
    from neurovariety.dictionary.discriminant import DiscriminantResult, discriminant, wall_crossings
    from neurovariety.dictionary.ed_degree import EdDegreeResult, ed_degree
    from neurovariety.dictionary.equations import EquationsResult, equations
    from neurovariety.dictionary.exposedness import ExposednessResult, exposedness
    from neurovariety.dictionary.fibers import FibersResult, fibers
    from neurovariety.dictionary.gradient_flow import GradientFlowResult, gradient_flow
    from neurovariety.dictionary.implicit_bias import ImplicitBiasResult, implicit_bias
    from neurovariety.dictionary.invariance import InvarianceResult, invariance
    from neurovariety.dictionary.landscape import LandscapeResult, landscape
    from neurovariety.dictionary.learning_coefficient import LearningCoefficientResult, learning_coefficient
    from neurovariety.dictionary.maximum_likelihood import MaximumLikelihoodResult, maximum_likelihood
    from neurovariety.dictionary.membership import MembershipResult, membership
    from neurovariety.dictionary.ml_degree import MlDegreeResult, ml_degree
    from neurovariety.dictionary.point_count import PointCountResult, point_count
    from neurovariety.dictionary.polyhedral import PolyhedralResult, polyhedral
    from neurovariety.dictionary.sample_complexity import SampleComplexityResult, sample_complexity
    from neurovariety.dictionary.singularities import SingularitiesResult, singularities
    from neurovariety.dictionary.subnetworks import SubnetworksResult, subnetworks
    from neurovariety.dictionary.symmetries import SymmetriesResult, symmetries
    from neurovariety.dictionary.tangent_kernel import TangentKernelResult, tangent_kernel
    from neurovariety.dictionary.voronoi import VoronoiResult, voronoi
    from neurovariety.dictionary.weight_decay import WeightDecayResult, weight_decay
    from neurovariety.errors import (
        DataError,
        InputError,
        NeurovarietyError,
        NotAlgebraicError,
        NotationError,
        OracleError,
        ResourceError,
        VerificationError,
    )
    from neurovariety.export import export_script
    from neurovariety.learning.local_coefficient import LocalCoefficient, LocalLoss, jax_loss, local_learning_coefficient, torch_loss
    from neurovariety.model import Model
    from neurovariety.report import Report, build_report
    from neurovariety.report.neuromanifold_picture import picture
    from neurovariety.result import Provenance, Result
    from neurovariety.tables.read_table import read_csv, read_table
    from neurovariety.tables.table_summary import TableSummary, describe_table
    from neurovariety.training.bias.plane_curve import PlaneCurveCell, plane_curve_cell
    from neurovariety.training.losses.loss import Form

_NAMES = {
    "architectures": "CNN CP MLP Activation Architecture Attention Diagonal Equivariant GraphNetwork GroupConvolution "
    "Invariant Linear Ratio Residual Sequence StateSpace TensorTrain as_model parse",
    "beyond.approximation.approximate": "ApproximateResult approximate",
    "beyond.approximation.critical_point": "CriticalPointResult critical_point",
    "beyond.piecewise.classification_fan": "ClassificationFanResult classification_fan",
    "beyond.piecewise.functional_dimension": "FunctionalDimensionResult functional_dimension",
    "beyond.piecewise.lipschitz": "LipschitzResult lipschitz",
    "beyond.piecewise.plane_slices": "plane_slice",
    "beyond.piecewise.region_pictures": "draw_regions",
    "beyond.piecewise.regions": "RegionsResult regions",
    "beyond.piecewise.relu_fiber": "ReluFiberResult relu_fiber",
    "beyond.piecewise.robustness": "RobustnessResult robustness",
    "beyond.piecewise.tropical": "TropicalResult tropical",
    "checkpoints": "Network Node Rounding load_network to_torch write_network",
    "checkpoints.align": "AlignResult align",
    "checkpoints.canonical_form": "canonical_form",
    "checkpoints.diagnose": "DiagnoseResult diagnose",
    "checkpoints.prune": "PruneResult prune",
    "claim": "Claim",
    "dataset": "Dataset",
    "dictionary.ambient": "AmbientResult ambient",
    "dictionary.boundary": "BoundaryResult boundary",
    "dictionary.components": "ComponentsResult components",
    "dictionary.conservation": "ConservationResult conservation",
    "dictionary.covering": "CoveringResult covering",
    "dictionary.critical_locus": "CriticalLocusResult critical_locus",
    "dictionary.data": "DataResult data",
    "dictionary.degree": "DegreeResult degree",
    "dictionary.dimension": "DimensionResult dimension",
    "dictionary.discriminant": "DiscriminantResult discriminant wall_crossings",
    "dictionary.ed_degree": "EdDegreeResult ed_degree",
    "dictionary.equations": "EquationsResult equations",
    "dictionary.exposedness": "ExposednessResult exposedness",
    "dictionary.fibers": "FibersResult fibers",
    "dictionary.gradient_flow": "GradientFlowResult gradient_flow",
    "dictionary.implicit_bias": "ImplicitBiasResult implicit_bias",
    "dictionary.invariance": "InvarianceResult invariance",
    "dictionary.landscape": "LandscapeResult landscape",
    "dictionary.learning_coefficient": "LearningCoefficientResult learning_coefficient",
    "dictionary.maximum_likelihood": "MaximumLikelihoodResult maximum_likelihood",
    "dictionary.membership": "MembershipResult membership",
    "dictionary.ml_degree": "MlDegreeResult ml_degree",
    "dictionary.point_count": "PointCountResult point_count",
    "dictionary.polyhedral": "PolyhedralResult polyhedral",
    "dictionary.sample_complexity": "SampleComplexityResult sample_complexity",
    "dictionary.singularities": "SingularitiesResult singularities",
    "dictionary.subnetworks": "SubnetworksResult subnetworks",
    "dictionary.symmetries": "SymmetriesResult symmetries",
    "dictionary.tangent_kernel": "TangentKernelResult tangent_kernel",
    "dictionary.voronoi": "VoronoiResult voronoi",
    "dictionary.weight_decay": "WeightDecayResult weight_decay",
    "errors": "DataError InputError NeurovarietyError NotAlgebraicError NotationError OracleError ResourceError VerificationError",
    "export": "export_script",
    "learning.local_coefficient": "LocalCoefficient LocalLoss jax_loss local_learning_coefficient torch_loss",
    "model": "Model",
    "report": "Report build_report",
    "report.neuromanifold_picture": "picture",
    "result": "Provenance Result",
    "tables.read_table": "read_csv read_table",
    "tables.table_summary": "TableSummary describe_table",
    "training.bias.plane_curve": "PlaneCurveCell plane_curve_cell",
    "training.losses.loss": "Form",
}
"""The public names of each room."""

_HOME = {name: room for room, names in _NAMES.items() for name in names.split()}

__all__ = [
    "CNN",
    "CP",
    "MLP",
    "Activation",
    "AlignResult",
    "AmbientResult",
    "ApproximateResult",
    "Architecture",
    "Attention",
    "BoundaryResult",
    "Claim",
    "ClassificationFanResult",
    "ComponentsResult",
    "ConservationResult",
    "CoveringResult",
    "CriticalLocusResult",
    "CriticalPointResult",
    "DataError",
    "DataResult",
    "Dataset",
    "DegreeResult",
    "DiagnoseResult",
    "Diagonal",
    "DimensionResult",
    "DiscriminantResult",
    "EdDegreeResult",
    "EquationsResult",
    "Equivariant",
    "ExposednessResult",
    "FibersResult",
    "Form",
    "FunctionalDimensionResult",
    "GradientFlowResult",
    "GraphNetwork",
    "GroupConvolution",
    "ImplicitBiasResult",
    "InputError",
    "InvarianceResult",
    "Invariant",
    "LandscapeResult",
    "LearningCoefficientResult",
    "Linear",
    "LipschitzResult",
    "LocalCoefficient",
    "LocalLoss",
    "MaximumLikelihoodResult",
    "MembershipResult",
    "MlDegreeResult",
    "Model",
    "Network",
    "NeurovarietyError",
    "Node",
    "NotAlgebraicError",
    "NotationError",
    "OracleError",
    "PlaneCurveCell",
    "PointCountResult",
    "PolyhedralResult",
    "Provenance",
    "PruneResult",
    "Ratio",
    "RegionsResult",
    "ReluFiberResult",
    "Report",
    "Residual",
    "ResourceError",
    "Result",
    "RobustnessResult",
    "Rounding",
    "SampleComplexityResult",
    "Sequence",
    "SingularitiesResult",
    "StateSpace",
    "SubnetworksResult",
    "SymmetriesResult",
    "TableSummary",
    "TangentKernelResult",
    "TensorTrain",
    "TropicalResult",
    "VerificationError",
    "VoronoiResult",
    "WeightDecayResult",
    "align",
    "ambient",
    "approximate",
    "as_model",
    "boundary",
    "build_report",
    "canonical_form",
    "classification_fan",
    "components",
    "conservation",
    "covering",
    "critical_locus",
    "critical_point",
    "data",
    "degree",
    "describe_table",
    "diagnose",
    "dimension",
    "discriminant",
    "draw_regions",
    "ed_degree",
    "equations",
    "export_script",
    "exposedness",
    "fibers",
    "functional_dimension",
    "gradient_flow",
    "implicit_bias",
    "invariance",
    "jax_loss",
    "landscape",
    "learning_coefficient",
    "lipschitz",
    "load_network",
    "local_learning_coefficient",
    "maximum_likelihood",
    "membership",
    "ml_degree",
    "parse",
    "picture",
    "plane_curve_cell",
    "plane_slice",
    "point_count",
    "polyhedral",
    "prune",
    "read_csv",
    "read_table",
    "regions",
    "relu_fiber",
    "robustness",
    "sample_complexity",
    "singularities",
    "subnetworks",
    "symmetries",
    "tangent_kernel",
    "to_torch",
    "torch_loss",
    "tropical",
    "voronoi",
    "wall_crossings",
    "weight_decay",
    "write_network",
]


_ROOMS = ("examples", "homotopy", "rings", "testing")
"""Rooms that are reached as ``neurovariety.examples`` without an import of their own."""


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"neurovariety.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'neurovariety' has no attribute {name!r}{_meant(name)}")
    found = getattr(import_module(f"neurovariety.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, "__version__"])


def _meant(name: str) -> str:
    """The public name that is most like one that is not there; hyphens of the command line, and words of other names, are no matter."""
    from difflib import get_close_matches

    if name.startswith("_"):
        return ""
    known = {n.lower(): n for n in (*reversed(__all__), *_ROOMS)}
    near = get_close_matches(name.lower().replace("-", "_"), known, 1, 0.65)
    return f"; did you mean {known[near[0]]}?" if near else ""
