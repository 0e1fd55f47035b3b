"""The rows of the registry on subnetworks and implicit bias (D4, D5, D12 of the dictionary)."""

from __future__ import annotations

from neurovariety.dictionary.entry import FIGURE, FOR_METRIC_DATA, Entry, Option

BIAS_ENTRIES: tuple[Entry, ...] = (
    Entry(
        "subnetworks",
        "neurovariety.dictionary.subnetworks:subnetworks",
        "SubnetworksResult",
        "implicit bias: the smaller networks inside",
        options=(Option("most", "integer", "strata of weights to look at (default: 60)"),),
        figure="poset",
        takes_memory_limit=False,
    ),
    Entry(
        "critical-locus",
        "neurovariety.dictionary.critical_locus:critical_locus",
        "CriticalLocusResult",
        "implicit bias: weights where training can stall",
        options=(Option("most", "integer", "strata of weights to look at (default: 60)"),),
        takes_memory_limit=False,
    ),
    Entry(
        "singularities",
        "neurovariety.dictionary.singularities:singularities",
        "SingularitiesResult",
        "implicit bias: functions where the model is not smooth",
        options=(Option("at", "numbers", "weights whose function is looked at, comma-separated: 1,2,0,0,1,0"),),
        takes_memory_limit=False,
    ),
    Entry(
        "exposedness",
        "neurovariety.dictionary.exposedness:exposedness",
        "ExposednessResult",
        "implicit bias: smaller networks at which training rests",
        options=(
            Option(
                "metric",
                "text",
                "the quadratic form of the loss (default: frobenius)",
                ("generic", "frobenius", "bombieri", "gaussian", "uniform", "data"),
            ),
            *FOR_METRIC_DATA,
            Option("samples", "integer", "stationary points sampled on each stratum for the share of minima (default: 60)"),
        ),
        takes_memory_limit=False,
    ),
    Entry(
        "boundary",
        "neurovariety.dictionary.boundary:boundary",
        "BoundaryResult",
        "training: limits that no weights attain, and the edge of what they do",
        options=(
            Option(
                "target", "text", "where this function lies: polynomials in x0, x1, ..., one an output (default: the whole boundary)"
            ),
            Option("network", "text", "another architecture whose function at --weights is looked at"),
            Option("weights", "numbers", "its weights, or those of ARCH: comma-separated exact numbers"),
            Option("samples", "integer", "random functions drawn of each kind when no function is given (default: 60)"),
        ),
        takes_memory_limit=False,
        in_reports=False,
    ),
    Entry(
        "voronoi",
        "neurovariety.dictionary.voronoi:voronoi",
        "VoronoiResult",
        "implicit bias: how often smaller networks fit best",
        options=(
            Option(
                "metric",
                "text",
                "the quadratic form of the loss (default: frobenius)",
                ("frobenius", "bombieri", "gaussian", "uniform", "data"),
            ),
            *FOR_METRIC_DATA,
            Option("targets", "integer", "random targets (default: 400)"),
            Option("scale", "number", "standard deviation of the targets (default: 1)"),
        ),
        takes_memory_limit=False,
        in_reports=False,
    ),
    Entry(
        "implicit-bias",
        "neurovariety.dictionary.implicit_bias:implicit_bias",
        "ImplicitBiasResult",
        "implicit bias: is training drawn to smaller networks",
        options=(
            Option("metric", "text", "the loss (default: frobenius)", ("frobenius", "bombieri", "gaussian", "uniform")),
            Option("scale", "number", "standard deviation of the targets (default: 1)"),
            Option("targets", "integer", "random targets whose best fits are found (default: 200)"),
            Option("flow-targets", "integer", "of these, targets to which gradient flow goes (default: 20)"),
            Option("runs", "integer", "random initial weights of flows to each target (default: 20)"),
            FIGURE,
        ),
        figure="bias",
        takes_memory_limit=False,
    ),
)
