"""neurovariety: the dictionary of neuroalgebraic geometry as software.

A model whose outputs are polynomial in its parameters spans a space of functions, its neuromanifold. This package computes the
invariants of that space and says what each means for learning. Names are loaded when first used, so that importing is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from neurovariety.architectures import CNN, MLP, Activation, Architecture, Attention, Linear, as_model, parse
    from neurovariety.claim import Claim
    from neurovariety.dataset import Dataset, read_csv
    from neurovariety.dictionary.ambient import AmbientResult, ambient
    from neurovariety.dictionary.data import DataResult, data
    from neurovariety.dictionary.dimension import DimensionResult, dimension
    from neurovariety.dictionary.fibers import FibersResult, fibers
    from neurovariety.dictionary.symmetries import SymmetriesResult, symmetries
    from neurovariety.errors import (
        DataError,
        InputError,
        NeurovarietyError,
        NotAlgebraicError,
        NotationError,
        ResourceError,
        VerificationError,
    )
    from neurovariety.model import Model
    from neurovariety.report import Report, build_report
    from neurovariety.result import Provenance, Result

_HOME = {
    "Activation": "architectures",
    "AmbientResult": "dictionary.ambient",
    "Architecture": "architectures",
    "Attention": "architectures",
    "CNN": "architectures",
    "Claim": "claim",
    "DataError": "errors",
    "DataResult": "dictionary.data",
    "Dataset": "dataset",
    "DimensionResult": "dictionary.dimension",
    "FibersResult": "dictionary.fibers",
    "InputError": "errors",
    "Linear": "architectures",
    "MLP": "architectures",
    "Model": "model",
    "NeurovarietyError": "errors",
    "NotAlgebraicError": "errors",
    "NotationError": "errors",
    "Provenance": "result",
    "Report": "report",
    "ResourceError": "errors",
    "Result": "result",
    "SymmetriesResult": "dictionary.symmetries",
    "VerificationError": "errors",
    "ambient": "dictionary.ambient",
    "as_model": "architectures",
    "build_report": "report",
    "data": "dictionary.data",
    "dimension": "dictionary.dimension",
    "fibers": "dictionary.fibers",
    "parse": "architectures",
    "read_csv": "dataset",
    "symmetries": "dictionary.symmetries",
}

__all__ = [
    "CNN",
    "MLP",
    "Activation",
    "AmbientResult",
    "Architecture",
    "Attention",
    "Claim",
    "DataError",
    "DataResult",
    "Dataset",
    "DimensionResult",
    "FibersResult",
    "InputError",
    "Linear",
    "Model",
    "NeurovarietyError",
    "NotAlgebraicError",
    "NotationError",
    "Provenance",
    "Report",
    "ResourceError",
    "Result",
    "SymmetriesResult",
    "VerificationError",
    "ambient",
    "as_model",
    "build_report",
    "data",
    "dimension",
    "fibers",
    "parse",
    "read_csv",
    "symmetries",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'neurovariety' has no attribute {name!r}")
    found = getattr(import_module(f"neurovariety.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
