"""The entries of the dictionary: a row each, with its name, what it is for in learning, and how a figure of it looks.

Report, command line and documentation read this list; a new entry is a new row here and nothing else. What an entry can be asked stands
in the signature of its function.
"""

from __future__ import annotations

from neurovariety.dictionary.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("ambient", "expressivity: the linear span"),
    Entry("components", "expressivity: irreducible pieces of the model's space"),
    Entry("dimension", "expressivity: degrees of freedom", figure="bars"),
    Entry("degree", "expressivity: how curved the model's space is"),
    Entry("equations", "expressivity: what every function of the model satisfies"),
    Entry("membership", "expressivity: is a target function realizable"),
    Entry("point-count", "expressivity: functions of weights in a finite field"),
    Entry("fibers", "identifiability: weights with the same function", figure="split"),
    Entry("symmetries", "identifiability: changes of weights that change nothing"),
    Entry("invariance", "invariance: what is left once a symmetry is learned"),
    Entry("sample-complexity", "sample complexity: samples that determine a function", figure="samples"),
    Entry("learning-coefficient", "sample complexity: degrees of freedom that Bayesian learning sees", figure="costs"),
    Entry("covering", "sample complexity: how many functions there are, to within epsilon", figure="covers"),
    Entry("ed-degree", "optimization: complex critical points of squared loss", figure="polar"),
    Entry("ml-degree", "optimization: complex critical points of cross-entropy", figure="ends"),
    Entry("landscape", "optimization: critical points of training", figure="landscape"),
    Entry("discriminant", "optimization: where the landscape changes", figure="chambers"),
    Entry("gradient-flow", "dynamics: where training ends, and how often", figure="flows"),
    Entry("tangent-kernel", "dynamics: how fast functions can change", figure="spectrum"),
    Entry("weight-decay", "landscape: critical points of training with weight decay", figure="decayed", in_reports=False),
    Entry("maximum-likelihood", "landscape: critical points of cross-entropy", figure="likelihoods", in_reports=False),
    Entry("polyhedral", "landscape: critical points of absolute and largest errors", figure="distances", in_reports=False),
    Entry("subnetworks", "implicit bias: the smaller networks inside", figure="poset"),
    Entry("critical-locus", "implicit bias: weights where training can stall"),
    Entry("singularities", "implicit bias: functions where the model is not smooth"),
    Entry("exposedness", "implicit bias: smaller networks at which training rests", figure="exposed"),
    Entry("boundary", "training: limits that no weights attain, and the edge of what they do", in_reports=False),
    Entry("voronoi", "implicit bias: how often smaller networks fit best", figure="fits", in_reports=False),
    Entry("implicit-bias", "implicit bias: is training drawn to smaller networks", figure="bias"),
    Entry("conservation", "dynamics: what gradient flow cannot change"),
    Entry("data", "sample complexity: what a data set determines", figure="threshold"),
)


def find(name: str) -> Entry | None:
    """The entry of that name; hyphens and underscores are alike."""
    return next((e for e in ENTRIES if e.name == name.replace("_", "-")), None)
