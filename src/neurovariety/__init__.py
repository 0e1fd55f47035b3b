"""neurovariety: the dictionary of neuroalgebraic geometry as software.

A model whose outputs are polynomial in its parameters spans a space of functions, its neuromanifold. This package computes the
invariants of that space and says what each means for learning. Names are loaded when first used, so that importing is fast.
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
    from neurovariety.beyond.piecewise.functional_dimension import FunctionalDimensionResult, functional_dimension
    from neurovariety.beyond.piecewise.lipschitz import LipschitzResult, lipschitz
    from neurovariety.beyond.piecewise.region_pictures import draw_regions
    from neurovariety.beyond.piecewise.regions import RegionsResult, regions
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
    from neurovariety.result import Provenance, Result
    from neurovariety.tables.read_table import read_csv, read_table
    from neurovariety.tables.table_summary import TableSummary, describe_table
    from neurovariety.training.bias.plane_curve import PlaneCurveCell, plane_curve_cell
    from neurovariety.training.losses.loss import Form

_HOME = {
    "Activation": "architectures",
    "AlignResult": "checkpoints.align",
    "AmbientResult": "dictionary.ambient",
    "ApproximateResult": "beyond.approximation.approximate",
    "Architecture": "architectures",
    "Attention": "architectures",
    "BoundaryResult": "dictionary.boundary",
    "CNN": "architectures",
    "CP": "architectures",
    "Claim": "claim",
    "ComponentsResult": "dictionary.components",
    "ConservationResult": "dictionary.conservation",
    "CoveringResult": "dictionary.covering",
    "CriticalLocusResult": "dictionary.critical_locus",
    "CriticalPointResult": "beyond.approximation.critical_point",
    "DataError": "errors",
    "DataResult": "dictionary.data",
    "Dataset": "dataset",
    "DegreeResult": "dictionary.degree",
    "DiagnoseResult": "checkpoints.diagnose",
    "Diagonal": "architectures",
    "DimensionResult": "dictionary.dimension",
    "DiscriminantResult": "dictionary.discriminant",
    "EdDegreeResult": "dictionary.ed_degree",
    "EquationsResult": "dictionary.equations",
    "Equivariant": "architectures",
    "ExposednessResult": "dictionary.exposedness",
    "FibersResult": "dictionary.fibers",
    "Form": "training.losses.loss",
    "FunctionalDimensionResult": "beyond.piecewise.functional_dimension",
    "GradientFlowResult": "dictionary.gradient_flow",
    "GraphNetwork": "architectures",
    "GroupConvolution": "architectures",
    "ImplicitBiasResult": "dictionary.implicit_bias",
    "InputError": "errors",
    "InvarianceResult": "dictionary.invariance",
    "Invariant": "architectures",
    "LandscapeResult": "dictionary.landscape",
    "LearningCoefficientResult": "dictionary.learning_coefficient",
    "Linear": "architectures",
    "LipschitzResult": "beyond.piecewise.lipschitz",
    "LocalCoefficient": "learning.local_coefficient",
    "LocalLoss": "learning.local_coefficient",
    "MLP": "architectures",
    "MaximumLikelihoodResult": "dictionary.maximum_likelihood",
    "MembershipResult": "dictionary.membership",
    "MlDegreeResult": "dictionary.ml_degree",
    "Model": "model",
    "Network": "checkpoints",
    "NeurovarietyError": "errors",
    "Node": "checkpoints",
    "NotAlgebraicError": "errors",
    "NotationError": "errors",
    "OracleError": "errors",
    "PlaneCurveCell": "training.bias.plane_curve",
    "PointCountResult": "dictionary.point_count",
    "PolyhedralResult": "dictionary.polyhedral",
    "Provenance": "result",
    "PruneResult": "checkpoints.prune",
    "Ratio": "architectures",
    "RegionsResult": "beyond.piecewise.regions",
    "Report": "report",
    "Residual": "architectures",
    "ResourceError": "errors",
    "Result": "result",
    "RobustnessResult": "beyond.piecewise.robustness",
    "Rounding": "checkpoints",
    "SampleComplexityResult": "dictionary.sample_complexity",
    "Sequence": "architectures",
    "SingularitiesResult": "dictionary.singularities",
    "StateSpace": "architectures",
    "SubnetworksResult": "dictionary.subnetworks",
    "SymmetriesResult": "dictionary.symmetries",
    "TableSummary": "tables.table_summary",
    "TangentKernelResult": "dictionary.tangent_kernel",
    "TensorTrain": "architectures",
    "TropicalResult": "beyond.piecewise.tropical",
    "VerificationError": "errors",
    "VoronoiResult": "dictionary.voronoi",
    "WeightDecayResult": "dictionary.weight_decay",
    "align": "checkpoints.align",
    "ambient": "dictionary.ambient",
    "approximate": "beyond.approximation.approximate",
    "as_model": "architectures",
    "boundary": "dictionary.boundary",
    "build_report": "report",
    "canonical_form": "checkpoints.canonical_form",
    "components": "dictionary.components",
    "conservation": "dictionary.conservation",
    "covering": "dictionary.covering",
    "critical_locus": "dictionary.critical_locus",
    "critical_point": "beyond.approximation.critical_point",
    "data": "dictionary.data",
    "degree": "dictionary.degree",
    "describe_table": "tables.table_summary",
    "diagnose": "checkpoints.diagnose",
    "dimension": "dictionary.dimension",
    "discriminant": "dictionary.discriminant",
    "draw_regions": "beyond.piecewise.region_pictures",
    "ed_degree": "dictionary.ed_degree",
    "equations": "dictionary.equations",
    "export_script": "export",
    "exposedness": "dictionary.exposedness",
    "fibers": "dictionary.fibers",
    "functional_dimension": "beyond.piecewise.functional_dimension",
    "gradient_flow": "dictionary.gradient_flow",
    "implicit_bias": "dictionary.implicit_bias",
    "invariance": "dictionary.invariance",
    "jax_loss": "learning.local_coefficient",
    "landscape": "dictionary.landscape",
    "learning_coefficient": "dictionary.learning_coefficient",
    "lipschitz": "beyond.piecewise.lipschitz",
    "load_network": "checkpoints",
    "local_learning_coefficient": "learning.local_coefficient",
    "maximum_likelihood": "dictionary.maximum_likelihood",
    "membership": "dictionary.membership",
    "ml_degree": "dictionary.ml_degree",
    "parse": "architectures",
    "plane_curve_cell": "training.bias.plane_curve",
    "point_count": "dictionary.point_count",
    "polyhedral": "dictionary.polyhedral",
    "prune": "checkpoints.prune",
    "read_csv": "tables.read_table",
    "read_table": "tables.read_table",
    "regions": "beyond.piecewise.regions",
    "robustness": "beyond.piecewise.robustness",
    "sample_complexity": "dictionary.sample_complexity",
    "singularities": "dictionary.singularities",
    "subnetworks": "dictionary.subnetworks",
    "symmetries": "dictionary.symmetries",
    "tangent_kernel": "dictionary.tangent_kernel",
    "to_torch": "checkpoints",
    "torch_loss": "learning.local_coefficient",
    "tropical": "beyond.piecewise.tropical",
    "voronoi": "dictionary.voronoi",
    "wall_crossings": "dictionary.discriminant",
    "weight_decay": "dictionary.weight_decay",
    "write_network": "checkpoints",
}

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
    "plane_curve_cell",
    "point_count",
    "polyhedral",
    "prune",
    "read_csv",
    "read_table",
    "regions",
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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'neurovariety' has no attribute {name!r}")
    found = getattr(import_module(f"neurovariety.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
