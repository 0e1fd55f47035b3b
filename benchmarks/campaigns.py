"""Tests in large: the same assertions on more seeds, targets, rows and random models than a commit waits for.

``python -m benchmarks.campaigns`` runs all of them, with names only those, ``--list`` says what there is. Where a test says
``size(usual, campaign)`` it tries the second number here. Counts on hundreds of seeds stand in `benchmarks.reliability`, ends of
training on all data sets in `benchmarks.flows`, killed runs in `benchmarks.kills`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CAMPAIGNS = {
    "zeros": ("systems with planted zeros: is a claim ever false?", "homotopy/test_planted_zeros.py"),
    "certificates": ("certificates of every type, one digit of each field changed", "certificates/test_changed_certificates.py"),
    "digits": ("stored results, every digit of their certificates changed", "certificates/test_recheck.py"),
    "results": ("stored results of every entry, every leaf changed that is no certificate", "certificates/test_changed_results.py"),
    "likelihood": ("critical distributions of random and symmetric counts", "dictionary/test_maximum_likelihood.py"),
    "ml-degree": ("published ML degrees, each with several seeds", "dictionary/test_ml_degree.py"),
    "degree": ("degrees by monodromy, each with several seeds", "dictionary/test_degree.py"),
    "fibers": ("points of fibers in odd units, each with several seeds", "geometry/solutions/test_fiber_count.py"),
    "ed-degree": ("ED degrees counted, each with several seeds", "dictionary/test_ed_degree.py"),
    "polyhedral": ("polyhedral distances of small problems, against linear programs and grids", "dictionary/test_polyhedral.py"),
    "landscape": ("landscapes of many seeds, histograms of random targets", "dictionary/test_landscape.py"),
    "landscapes": ("landscapes of random small problems against descents, units and order", "opponents/test_landscapes.py"),
    "discriminant": ("random targets, and walls crossed on the way between two targets", "dictionary/test_discriminant.py"),
    "voronoi": ("best fits of random targets, and descents that find nothing better", "dictionary/test_voronoi.py"),
    "implicit-bias": ("the table of implicit bias on more targets", "dictionary/test_implicit_bias.py"),
    "boundary": ("positions of random functions, by searches and exactly", "dictionary/test_boundary.py"),
    "architectures": ("random architectures of every family", "dictionary/test_random_architectures.py"),
    "minimal-filling": ("rows of the published search for minimal filling architectures", "reference/test_published_dimensions.py"),
    "attention": ("attention of all small sizes against its bounds", "architectures/test_attention_bounds.py"),
    "align": ("networks aligned after random symmetries", "checkpoints/test_align.py"),
    "onnx-graphs": ("random ONNX graphs, read and pruned, against onnxruntime", "checkpoints/test_random_graphs.py"),
    "heads": ("attention heads with planted redundancy, in every form", "checkpoints/test_attention_heads.py"),
    "damaged-files": ("files damaged at random, each in a sentence", "checkpoints/test_damaged_files.py"),
    "critical-sets": ("critical sets of positive dimension, on many seeds", "training/critical/test_critical_sets.py"),
    "weight-decay": (
        "published counts with weight decay, on many seeds",
        "training/critical/test_decayed_points.py",
    ),
    "regions": ("regions of random networks, degenerate ones too, against brute force", "beyond/test_regions.py"),
    "functional-dimension": ("functional dimensions against float ranks at many inputs", "beyond/test_functional_dimension.py"),
    "tropical": ("tropical forms of random networks, evaluated and tried for redundancy", "beyond/test_tropical.py"),
    "normal-fans": ("normal fans of random points, against hulls and directions", "beyond/test_normal_fans.py"),
    "robustness": ("radii and Lipschitz constants of random networks, against brute force", "beyond/test_robustness.py"),
    "analytic": ("ranks of random analytic networks, against floats", "beyond/test_analytic_networks.py"),
    "smooth-weights": ("ranks of smooth networks at degenerate weights, against floats", "beyond/test_smooth_weights.py"),
    "approximation": ("30 networks with polynomials as activations, a million inputs each", "beyond/test_network_approximation.py"),
    "graphs": ("attention and layer normalization with polynomials in them", "beyond/test_graph_approximation.py"),
    "masked-heads": ("heads under masks, and heads that share keys, on more seeds", "checkpoints/test_masked_and_shared_heads.py"),
    "perturbation": ("least losses by perturbation, on many seeds", "training/critical/test_perturbation.py"),
    "limits": ("limits of networks whose weights diverge, and runs that drift", "training/critical/test_limits.py"),
    "resting": ("resting points of every kind of activation, and descents", "training/critical/test_resting_points.py"),
    "units": ("landscapes in other units", "training/losses/test_canonical_units.py"),
    "transport": ("best networks by transport, beside searches", "training/losses/test_transport.py"),
    "ends": ("ends of training on ten data sets", "dictionary/test_gradient_flow.py"),
}
"""Name: what is tried, and the tests that try it."""


def main() -> int:
    """Run the named campaigns, or all; the status is that of pytest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="name the campaigns and stop")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in CAMPAIGNS]
    if unknown:
        parser.error(f"there is no campaign {', '.join(unknown)}; there are {', '.join(CAMPAIGNS)}")
    if asked.list:
        print("\n".join(f"{name:<18}{what}" for name, (what, _) in CAMPAIGNS.items()))
        return 0
    files = [str(ROOT / "tests" / CAMPAIGNS[name][1]) for name in asked.names or CAMPAIGNS]
    environment = {**os.environ, "NEUROVARIETY_CAMPAIGN": "1"}
    command = [sys.executable, "-m", "pytest", "-n", str(os.cpu_count() or 1), "--durations=10", *files]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
