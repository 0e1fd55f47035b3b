"""The entries of the dictionary: name, where it lives, what it needs, how a figure of it looks.

Report, command line and documentation read this list; a new entry is a new row here and nothing else.
"""

from __future__ import annotations

from neurovariety.dictionary.bias_entries import BIAS_ENTRIES
from neurovariety.dictionary.entry import FIGURE, FOR_METRIC_DATA, Entry, Option
from neurovariety.training.losses.choices import PREPARATIONS

LEAST_BY = ("relaxation", "perturbation")
"""Routes to the least loss; the second is taken beside the first."""

_TRAINING = (
    Option("data", "dataset", "CSV file with a header line: what is to be fitted"),
    Option("target", "text", "columns of --data that are targets, separated by commas"),
    Option(
        "prepare",
        "text",
        "standardize: columns minus their means, over their standard deviations; whiten: inputs combined to second moments 1",
        PREPARATIONS,
    ),
    Option("held-out", "number", "share of the rows, drawn at random, that are not trained on (default: 0)"),
    Option(
        "metric",
        "text",
        "without --data: distance from --teacher in coefficients, Bombieri's product, or over normal or uniform inputs",
        ("data", "frobenius", "bombieri", "gaussian", "uniform"),
    ),
    Option("teacher", "text", "polynomials in x0, x1, ... to be fitted, one an output (default: random ones)"),
)

ENTRIES: tuple[Entry, ...] = (
    Entry("ambient", "neurovariety.dictionary.ambient:ambient", "AmbientResult", "expressivity: the linear span"),
    Entry(
        "components",
        "neurovariety.dictionary.components:components",
        "ComponentsResult",
        "expressivity: irreducible pieces of the model's space",
    ),
    Entry(
        "dimension",
        "neurovariety.dictionary.dimension:dimension",
        "DimensionResult",
        "expressivity: degrees of freedom",
        options=(
            Option(
                "route",
                "text",
                "computed: exact rank only; theorem: closed formula only; auto: both",
                ("auto", "computed", "theorem"),
            ),
        ),
        figure="bars",
    ),
    Entry(
        "degree",
        "neurovariety.dictionary.degree:degree",
        "DegreeResult",
        "expressivity: how curved the model's space is",
        options=(
            Option(
                "route",
                "text",
                "computed: monodromy and trace test only; theorem: closed formula only; auto: the formula where there is one",
                ("auto", "computed", "theorem"),
            ),
            Option("checkpoint", "text", "file in which a long count is kept; the same command goes on from it"),
        ),
        takes_memory_limit=False,
    ),
    Entry(
        "equations",
        "neurovariety.dictionary.equations:equations",
        "EquationsResult",
        "expressivity: what every function of the model satisfies",
        options=(Option("degree", "integer", "all equations of at most this degree (default: as far as a few seconds allow)"),),
        takes_memory_limit=False,
    ),
    Entry(
        "membership",
        "neurovariety.dictionary.membership:membership",
        "MembershipResult",
        "expressivity: is a target function realizable",
        options=(
            Option("target", "text", "polynomials in x0, x1, ..., one an output: 'x0^2 - 2*x0*x1; 1/3*x1^2' (default: a random one)"),
            Option("network", "text", "another architecture whose function at --weights is the target"),
            Option("weights", "numbers", "its weights, or those of ARCH: comma-separated exact numbers"),
        ),
        takes_memory_limit=False,
    ),
    Entry(
        "point-count",
        "neurovariety.dictionary.point_count:point_count",
        "PointCountResult",
        "expressivity: functions of weights in a finite field",
        options=(
            Option("field", "integer", "number of elements of the field, a prime power such as 2, 3, 4, 5, 7, 8, 9 (default: 3)"),
        ),
        takes_memory_limit=False,
    ),
    Entry(
        "fibers",
        "neurovariety.dictionary.fibers:fibers",
        "FibersResult",
        "identifiability: weights with the same function",
        options=(
            Option("at", "numbers", "weights of a special fiber, comma-separated exact numbers (1,1/3,0.5,...)"),
            Option(
                "route",
                "text",
                "how points of the generic fiber are counted; computed: by following paths; theorem: by theorems; auto: both in turn",
                ("auto", "computed", "theorem"),
            ),
        ),
        figure="split",
    ),
    Entry(
        "symmetries",
        "neurovariety.dictionary.symmetries:symmetries",
        "SymmetriesResult",
        "identifiability: changes of weights that change nothing",
        takes_memory_limit=False,
    ),
    Entry(
        "invariance",
        "neurovariety.dictionary.invariance:invariance",
        "InvarianceResult",
        "invariance: what is left once a symmetry is learned",
        options=(
            Option("map", "text", "linear map T of the inputs: 1,0,2 or (0 1)(2 3) or shift or a matrix 0,1;-1,0 (default: shift)"),
            Option("output-map", "text", "linear map S of the outputs, for f(T x) = S f(x) (default: none, f(T x) = f(x))"),
        ),
        takes_memory_limit=False,
    ),
    Entry(
        "sample-complexity",
        "neurovariety.dictionary.sample_complexity:sample_complexity",
        "SampleComplexityResult",
        "sample complexity: samples that determine a function",
        takes_memory_limit=False,
    ),
    Entry(
        "ed-degree",
        "neurovariety.dictionary.ed_degree:ed_degree",
        "EdDegreeResult",
        "optimization: complex critical points of squared loss",
        options=(
            Option(
                "metric",
                "text",
                "the quadratic form: of a general loss, of coefficients, of normal or uniform inputs, or of the inputs in --data",
                ("generic", "frobenius", "bombieri", "gaussian", "uniform", "data"),
            ),
            *FOR_METRIC_DATA,
            Option("rank", "integer", "with --metric generic: a general quadric of this rank (default: full rank)"),
            Option(
                "route",
                "text",
                "computed: monodromy and trace test only; theorem: closed formula only; auto: the formula where there is one",
                ("auto", "computed", "theorem"),
            ),
            Option("checkpoint", "text", "file in which a long count is kept; the same command goes on from it"),
        ),
        figure="critical",
        takes_memory_limit=False,
    ),
    Entry(
        "ml-degree",
        "neurovariety.dictionary.ml_degree:ml_degree",
        "MlDegreeResult",
        "optimization: complex critical points of cross-entropy",
        options=(
            Option(
                "data", "table", "CSV file: outputs at its rows as probabilities of classes (default: coefficients, one distribution)"
            ),
            Option("target", "text", "columns of --data that are no inputs, separated by commas"),
            Option("checkpoint", "text", "file in which a long count is kept; the same command goes on from it"),
        ),
        figure="critical",
        takes_memory_limit=False,
    ),
    Entry(
        "landscape",
        "neurovariety.dictionary.landscape:landscape",
        "LandscapeResult",
        "optimization: every critical point of training",
        options=(
            *_TRAINING,
            Option("random", "integer", "count real critical functions for so many random targets too (default: 0)"),
            Option(
                "least-by", "text", "perturbation: find the least loss by critical points of weights under perturbation too", LEAST_BY
            ),
            FIGURE,
        ),
        trains=True,
        figure="landscape",
        takes_memory_limit=False,
    ),
    Entry(
        "discriminant",
        "neurovariety.dictionary.discriminant:discriminant",
        "DiscriminantResult",
        "optimization: where the landscape changes",
        options=(
            *_TRAINING,
            Option(
                "slice",
                "text",
                "target: a plane of targets; sample: the values of one sample; quadric: target and loss",
                ("target", "sample", "quadric"),
            ),
            Option("grid", "integer", "points along each side of the slice (default: 60)"),
            FIGURE,
        ),
        trains=True,
        figure="chambers",
        takes_memory_limit=False,
    ),
    Entry(
        "gradient-flow",
        "neurovariety.dictionary.gradient_flow:gradient_flow",
        "GradientFlowResult",
        "dynamics: where training ends, and how often",
        options=(
            *_TRAINING,
            Option("method", "text", "how the weights move", ("flow", "gd", "sgd", "adam")),
            Option("runs", "integer", "random initializations (default: 200)"),
            Option("step", "number", "step size of gd, sgd and adam (default: 0.01)"),
            Option("weight-decay", "number", "strength of weight decay (default: 0)"),
            Option("scale", "number", "standard deviation of the initial weights (default: 0.5)"),
            FIGURE,
        ),
        trains=True,
        figure="basins",
        takes_memory_limit=False,
    ),
    Entry(
        "tangent-kernel",
        "neurovariety.dictionary.tangent_kernel:tangent_kernel",
        "TangentKernelResult",
        "dynamics: how fast functions can change",
        options=(
            *_TRAINING,
            Option("weights", "numbers", "weights at which the kernel is taken (default: random ones, and along training from there)"),
            FIGURE,
        ),
        trains=True,
        figure="spectrum",
        takes_memory_limit=False,
    ),
    Entry(
        "weight-decay",
        "neurovariety.dictionary.weight_decay:weight_decay",
        "WeightDecayResult",
        "landscape: all critical points of training with weight decay",
        options=(
            *_TRAINING,
            Option(
                "strengths",
                "numbers",
                "strength of weight decay: one, or one a weight, comma-separated (default: random ones near 0.1)",
            ),
        ),
        trains=True,
        takes_memory_limit=False,
        in_reports=False,
    ),
    Entry(
        "maximum-likelihood",
        "neurovariety.dictionary.maximum_likelihood:maximum_likelihood",
        "MaximumLikelihoodResult",
        "landscape: all critical points of cross-entropy",
        options=(
            Option("counts", "text", "counts of the coefficients, as polynomials, one an output: '4*x0 + 2*x1; 2*x0 + 4*x1'"),
            Option("data", "dataset", "CSV file: inputs, and how often each class was seen there"),
            Option("target", "text", "columns of --data with the counts of classes, separated by commas"),
            Option("smoothing", "number", "added to every count (default: 0)"),
        ),
        takes_memory_limit=False,
        in_reports=False,
    ),
    Entry(
        "polyhedral",
        "neurovariety.dictionary.polyhedral:polyhedral",
        "PolyhedralResult",
        "landscape: all critical points of absolute and largest errors",
        options=(
            Option("norm", "text", "the distance (default: l1)", ("l1", "linf", "wasserstein")),
            Option("ground", "text", "how far masses are apart for wasserstein (default: line)", ("line", "discrete", "circle")),
            Option("teacher", "text", "polynomials whose coefficients are to be fitted, one an output (default: random ones)"),
            Option("data", "dataset", "CSV file: inputs and targets, in place of a teacher"),
            Option("target", "text", "columns of --data that are targets, separated by commas"),
            Option("prepare", "text", "what is done to the data first", PREPARATIONS),
        ),
        takes_memory_limit=False,
        in_reports=False,
    ),
    *BIAS_ENTRIES,
    Entry(
        "conservation",
        "neurovariety.dictionary.conservation:conservation",
        "ConservationResult",
        "dynamics: what gradient flow cannot change",
        options=(
            Option("degree", "integer", "look for polynomials of at most this degree (default: 2)"),
            Option("data", "table", "CSV file: what is conserved for losses on its rows only"),
            Option("target", "text", "columns of --data that are no inputs, separated by commas"),
        ),
        takes_memory_limit=False,
    ),
    Entry(
        "data",
        "neurovariety.dictionary.data:data",
        "DataResult",
        "sample complexity: what a data set determines",
        needs_data=True,
        figure="threshold",
    ),
)


def find(name: str) -> Entry | None:
    """The entry of that name; hyphens and underscores are alike."""
    return next((e for e in ENTRIES if e.name == name.replace("_", "-")), None)
