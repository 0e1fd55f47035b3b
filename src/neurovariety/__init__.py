"""neurovariety: the dictionary of neuroalgebraic geometry as software.

A model whose outputs are polynomial in its parameters spans a space of functions, its neuromanifold. This package computes the
invariants of that space and says what each means for learning. Names are loaded when first used, so that importing is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

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
    from neurovariety.checkpoints import Network, Node, Rounding, load_network, to_torch, write_network
    from neurovariety.checkpoints.align import AlignResult, align
    from neurovariety.checkpoints.canonical_form import canonical_form
    from neurovariety.checkpoints.diagnose import DiagnoseResult, diagnose
    from neurovariety.checkpoints.prune import PruneResult, prune
    from neurovariety.claim import Claim
    from neurovariety.dataset import Dataset, read_csv
    from neurovariety.dictionary.ambient import AmbientResult, ambient
    from neurovariety.dictionary.components import ComponentsResult, components
    from neurovariety.dictionary.conservation import ConservationResult, conservation
    from neurovariety.dictionary.data import DataResult, data
    from neurovariety.dictionary.degree import DegreeResult, degree
    from neurovariety.dictionary.dimension import DimensionResult, dimension
    from neurovariety.dictionary.discriminant import DiscriminantResult, discriminant, wall_crossings
    from neurovariety.dictionary.ed_degree import EdDegreeResult, ed_degree
    from neurovariety.dictionary.equations import EquationsResult, equations
    from neurovariety.dictionary.fibers import FibersResult, fibers
    from neurovariety.dictionary.gradient_flow import GradientFlowResult, gradient_flow
    from neurovariety.dictionary.invariance import InvarianceResult, invariance
    from neurovariety.dictionary.landscape import LandscapeResult, landscape
    from neurovariety.dictionary.maximum_likelihood import MaximumLikelihoodResult, maximum_likelihood
    from neurovariety.dictionary.membership import MembershipResult, membership
    from neurovariety.dictionary.ml_degree import MlDegreeResult, ml_degree
    from neurovariety.dictionary.point_count import PointCountResult, point_count
    from neurovariety.dictionary.polyhedral import PolyhedralResult, polyhedral
    from neurovariety.dictionary.sample_complexity import SampleComplexityResult, sample_complexity
    from neurovariety.dictionary.symmetries import SymmetriesResult, symmetries
    from neurovariety.dictionary.tangent_kernel import TangentKernelResult, tangent_kernel
    from neurovariety.dictionary.training.loss import Form
    from neurovariety.dictionary.weight_decay import WeightDecayResult, weight_decay
    from neurovariety.errors import (
        DataError,
        InputError,
        NeurovarietyError,
        NotAlgebraicError,
        NotationError,
        ResourceError,
        VerificationError,
    )
    from neurovariety.export import export_script
    from neurovariety.model import Model
    from neurovariety.report import Report, build_report
    from neurovariety.result import Provenance, Result

_HOME = {
    "Activation": "architectures",
    "AlignResult": "checkpoints.align",
    "AmbientResult": "dictionary.ambient",
    "Architecture": "architectures",
    "Attention": "architectures",
    "CNN": "architectures",
    "CP": "architectures",
    "Claim": "claim",
    "ComponentsResult": "dictionary.components",
    "ConservationResult": "dictionary.conservation",
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
    "FibersResult": "dictionary.fibers",
    "Form": "dictionary.training.loss",
    "GradientFlowResult": "dictionary.gradient_flow",
    "GraphNetwork": "architectures",
    "GroupConvolution": "architectures",
    "InputError": "errors",
    "InvarianceResult": "dictionary.invariance",
    "Invariant": "architectures",
    "LandscapeResult": "dictionary.landscape",
    "Linear": "architectures",
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
    "PointCountResult": "dictionary.point_count",
    "PolyhedralResult": "dictionary.polyhedral",
    "Provenance": "result",
    "PruneResult": "checkpoints.prune",
    "Ratio": "architectures",
    "Report": "report",
    "Residual": "architectures",
    "ResourceError": "errors",
    "Result": "result",
    "Rounding": "checkpoints",
    "SampleComplexityResult": "dictionary.sample_complexity",
    "Sequence": "architectures",
    "StateSpace": "architectures",
    "SymmetriesResult": "dictionary.symmetries",
    "TangentKernelResult": "dictionary.tangent_kernel",
    "TensorTrain": "architectures",
    "VerificationError": "errors",
    "WeightDecayResult": "dictionary.weight_decay",
    "align": "checkpoints.align",
    "ambient": "dictionary.ambient",
    "as_model": "architectures",
    "build_report": "report",
    "canonical_form": "checkpoints.canonical_form",
    "components": "dictionary.components",
    "conservation": "dictionary.conservation",
    "data": "dictionary.data",
    "degree": "dictionary.degree",
    "diagnose": "checkpoints.diagnose",
    "dimension": "dictionary.dimension",
    "discriminant": "dictionary.discriminant",
    "ed_degree": "dictionary.ed_degree",
    "equations": "dictionary.equations",
    "export_script": "export",
    "fibers": "dictionary.fibers",
    "gradient_flow": "dictionary.gradient_flow",
    "invariance": "dictionary.invariance",
    "landscape": "dictionary.landscape",
    "load_network": "checkpoints",
    "maximum_likelihood": "dictionary.maximum_likelihood",
    "membership": "dictionary.membership",
    "ml_degree": "dictionary.ml_degree",
    "parse": "architectures",
    "point_count": "dictionary.point_count",
    "polyhedral": "dictionary.polyhedral",
    "prune": "checkpoints.prune",
    "read_csv": "dataset",
    "sample_complexity": "dictionary.sample_complexity",
    "symmetries": "dictionary.symmetries",
    "tangent_kernel": "dictionary.tangent_kernel",
    "to_torch": "checkpoints",
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
    "Architecture",
    "Attention",
    "Claim",
    "ComponentsResult",
    "ConservationResult",
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
    "FibersResult",
    "Form",
    "GradientFlowResult",
    "GraphNetwork",
    "GroupConvolution",
    "InputError",
    "InvarianceResult",
    "Invariant",
    "LandscapeResult",
    "Linear",
    "MaximumLikelihoodResult",
    "MembershipResult",
    "MlDegreeResult",
    "Model",
    "Network",
    "NeurovarietyError",
    "Node",
    "NotAlgebraicError",
    "NotationError",
    "PointCountResult",
    "PolyhedralResult",
    "Provenance",
    "PruneResult",
    "Ratio",
    "Report",
    "Residual",
    "ResourceError",
    "Result",
    "Rounding",
    "SampleComplexityResult",
    "Sequence",
    "StateSpace",
    "SymmetriesResult",
    "TangentKernelResult",
    "TensorTrain",
    "VerificationError",
    "WeightDecayResult",
    "align",
    "ambient",
    "as_model",
    "build_report",
    "canonical_form",
    "components",
    "conservation",
    "data",
    "degree",
    "diagnose",
    "dimension",
    "discriminant",
    "ed_degree",
    "equations",
    "export_script",
    "fibers",
    "gradient_flow",
    "invariance",
    "landscape",
    "load_network",
    "maximum_likelihood",
    "membership",
    "ml_degree",
    "parse",
    "point_count",
    "polyhedral",
    "prune",
    "read_csv",
    "sample_complexity",
    "symmetries",
    "tangent_kernel",
    "to_torch",
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
