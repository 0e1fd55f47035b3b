"""What kind of statement stands behind each key of a result: a certificate of another kind is not what the entry asks."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION
from neurovariety.certificates.fiber import HIDDEN
from neurovariety.certificates.fiber_at_weights import HIDDEN_AT, IDENTIFIED
from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN
from neurovariety.certificates.irreducible_components import COMPONENTS
from neurovariety.certificates.learning_coefficients import COEFFICIENT, MULTIPLICITY
from neurovariety.certificates.linear_symmetries import STATED
from neurovariety.certificates.network_approximation import APART, WITHIN
from neurovariety.certificates.point_counts import FIELD, POINTS, SHARE
from neurovariety.certificates.ranks_at_weights import AT_WEIGHTS
from neurovariety.certificates.smooth_critical_points import KEYS
from neurovariety.certificates.smooth_ranks_at_weights import INFINITESIMAL
from neurovariety.certificates.uniform_error import AT_LEAST, ERROR
from neurovariety.certificates.upper_bounds import ML_DEGREE

_JACOBIAN = "rank of the Jacobian"
KINDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("dimension", "value"): (DIMENSION, ANALYTIC_DIMENSION),
    ("approximate", "error"): (ERROR, WITHIN),
    ("approximate", "error_at_least"): (AT_LEAST, APART),
    **{("critical-point", key): (f"critical point: {key}",) for key in KEYS},
    ("ambient", "value"): (SPAN, AFFINE),
    ("degree", "value"): ("degree", "degree *"),
    ("ed-degree", "value"): ("ed_degree", "ed_degree *"),
    ("ml-degree", "value"): (ML_DEGREE, f"{ML_DEGREE} *"),
    ("fibers", "dimension"): ("dimension of the fiber", "dimension of the fiber at given weights", INFINITESIMAL),
    ("fibers", "hidden"): (HIDDEN, HIDDEN_AT),
    ("fibers", "cardinality"): ("generic fiber", "generic fiber *"),
    ("fibers", "identifiable"): ("identifiable", IDENTIFIED),
    ("sample-complexity", "finite"): ("samples",),
    ("sample-complexity", "unique"): ("samples that leave one function",),
    ("sample-complexity", "functions"): ("functions left by samples",),
    ("learning-coefficient", "learning_coefficient"): (COEFFICIENT,),
    ("learning-coefficient", "multiplicity"): (MULTIPLICITY,),
    ("learning-coefficient", "interval"): ("interval of the learning coefficient",),
    ("learning-coefficient", "at_least"): (COEFFICIENT,),
    ("learning-coefficient", "at_most"): (COEFFICIENT,),
    ("equations", "equations"): ("equations",),
    ("equations", "dimension_at_most"): ("bound of the dimension",),
    ("equations", "hilbert"): ("Hilbert function",),
    ("equations", "up_to_degree"): ("equations up to degree",),
    ("equations", "generators"): ("minimal generators",),
    ("equations", "complete"): ("shown to generate all equations",),
    ("components", "count"): (f"{COMPONENTS}: count",),
    ("components", "components"): (f"{COMPONENTS}: components",),
    ("point-count", "points"): (f"{POINTS} of * elements",),
    ("point-count", "field"): (FIELD,),
    ("point-count", "dimension"): (DIMENSION,),
    ("point-count", "q_to_dimension"): ("* to the dimension",),
    ("point-count", "q_to_ambient"): ("* to the span",),
    ("point-count", "ratio"): (SHARE,),
    ("symmetries", "dimension"): ("linear symmetries: *",),
    ("symmetries", "stated"): (STATED,),
    ("symmetries", "unstated"): ("unstated linear symmetries",),
    ("symmetries", "orbit_dimension"): ("general orbit",),
    ("symmetries", "ansatz"): ("ansatz",),
    ("invariance", "function_dimension"): ("invariance: function_dimension of the maps *",),
    ("invariance", "weight_dimension"): ("invariance: weight_dimension of the maps *",),
    ("invariance", "components"): ("invariance: components of the maps *",),
    ("invariance", "order"): ("invariance: order of the maps *",),
    ("subnetworks", "dimension"): (DIMENSION,),
    ("critical-locus", "rank"): (DIMENSION, ANALYTIC_DIMENSION),
    ("diagnose", "redundant"): ("prune: removed",),
    ("diagnose", "smallest"): ("prune: pruned",),
    ("boundary", "variety"): (DIMENSION,),
    ("regions", "data"): ("regions: data at the inputs *",),
    ("regions", "affine"): ("robustness: affine",),
    **{
        ("classification-fan", key): (f"classification-fan: {key} at the inputs *",)
        for key in ("cones", "dimension", "partitions", "dichotomies", "mistakes")
    },
    ("conservation", "independent"): ("conserved quantities", "conserved quantities at the inputs *"),
    ("conservation", "complete"): ("all conserved quantities", "all conserved quantities at the inputs *"),
    ("conservation", "laws"): ("conserved polynomials", "conserved polynomials at the inputs *"),
    ("singularities", "rank"): (f"{AT_WEIGHTS} *",),
    ("tangent-kernel", "rank"): (f"{AT_WEIGHTS} *",),
    ("tangent-kernel", "generic"): (DIMENSION, f"{_JACOBIAN} at the inputs *"),
    ("data", "samples"): ("samples at the inputs *",),
    ("data", "quadric_rank"): ("rank of the values at the inputs *",),
    ("data", "jacobian_rank"): (f"{_JACOBIAN} at the inputs *",),
    ("data", "dimension"): (DIMENSION,),
    ("data", "determined"): ("determined at the inputs *",),
    ("data", "more_samples"): ("further samples at the inputs *",),
}
"""By entry and key; ``*`` stands for any words. Where there is no row, kinds are called ``entry: key``."""


def is_asked(entry: str, key: str, kind: str) -> bool:
    """Whether a statement of that kind is what an entry says under a key."""
    expected = KINDS.get((entry, key), (f"{entry}: {key}", f"{entry.replace('-', ' ')}: {key}"))
    return any(fnmatchcase(kind, e) for e in expected)
