"""Every entry with small questions, one for each branch in which it claims something: all of it is rechecked from JSON alone."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import pytest

import neurovariety as nv
from neurovariety.certificates.recheck import RECORDED, REFUSED, recheck
from neurovariety.dictionary.registry import ENTRIES

LOSS = {"metric": "gaussian", "teacher": "x0^2 - x0*x1"}
TABLE = ([[1, 2], [0, 1], [2, 2], [3, -1], [1, 1]], [[1], [2], [3], [0], [1]])
ON_LINE = ([[1], [2], [3]], [[1], [2], [2]])
CLASSES = ([[1, 2], [2, 1]], [[1, 2], [3, 1]])
TURNED = {"map": [[-1, 0], [0, -1]]}
ASKED = {
    "ambient": [
        ("mlp(2,2,1; x^2)", {}),
        ("attention(2,2; a=1; t=2)", {}),
        ("mlp(2,2,1; 1/x)", {}),
        ("mlp(2,2,1; generic(2))", {}),
        ("mlp(3,4,2; x^4; bias)", {}),
    ],
    "components": [
        ("linear(2,1,2)", {}),
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(2,2,2; x^2)", {}),
        ("cnn(2,2; x)", {}),
        ("equivariant(3,3; rank=3)", {}),
        ("equivariant(3,3; ranks=2,1)", {}),
    ],
    "dimension": [
        ("linear(2,1,2)", {}),
        ("linear(2,1,2)", {"route": "theorem"}),
        ("mlp(2,2,1; x^2)", {"route": "computed"}),
        ("mlp(2,2,1; generic(3))", {}),
        ("mlp(2,3,3,1; 1/x, x^2)", {}),
        ("attention(2,2; a=1; t=2)", {}),
        ("mlp(2,2,1; tanh; bias)", {}),
        ("mlp(1,2,2,1; exp, sin; bias)", {}),
    ],
    "degree": [("linear(2,1,2)", {}), ("linear(2,1,2)", {"route": "theorem"}), ("mlp(1,1,1; x^2 + x)", {}), ("cnn(2,2; x^2)", {})],
    "equations": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2 + x)", {}), ("mlp(2,1,1; x^2)", {"degree": 2}), ("cnn(2,2; x^2)", {})],
    "membership": [
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(2,1,1; x^2 + x)", {}),
        ("mlp(2,1,1; x^2 + x)", {"target": "x0^3"}),
        ("mlp(2,2,1; x^3)", {"target": "x0^3 + 2*x1^3"}),
        ("mlp(2,2,2; x^2)", {"target": "x0^2 + 3*x1^2; x0*x1"}),
        ("cnn(2,2; x)", {"target": "x0 + 2*x1 + x2"}),
        ("mlp(1,2,1; x^3 + x)", {"target": "2*x0^3 + 5*x0"}),
        ("mlp(2,1,1; x^2)", {"network": "mlp(2,2,1; x^2)", "weights": [1, 2, 3, 4, 5, 6]}),
    ],
    "point-count": [("linear(1,1,1)", {}), ("mlp(2,1,1; x^2)", {"field": 4}), ("mlp(2,1,1; 2*x^2 + 1)", {"field": 5})],
    "fibers": [
        ("linear(2,1,2)", {}),
        ("linear(2,1,2)", {"at": [1, 2, 3, 4]}),
        ("linear(2,1,2)", {"at": [0, 0, 0, 0]}),
        ("mlp(2,2,1; x^2)", {"at": [1, 0, 0, 0, 1, 0]}),
        ("mlp(2,2,1; x^3)", {"at": [1, 1, 1, 1, 1, -1]}),
        ("mlp(2,2,1; x^3)", {"route": "theorem"}),
        ("cnn(2,2; x^2)", {}),
        ("mlp(1,2,1; exp; bias)", {}),
    ],
    "symmetries": [
        ("mlp(1,2,1; gelu)", {}),
        ("linear(2,1,2)", {}),
        ("mlp(2,1,1; x^2)", {}),
        ("attention(2,2; a=1; t=2)", {}),
        ("mlp(2,2,1; x^2)", {}),
    ],
    "invariance": [
        ("linear(2,1,2)", {}),
        ("mlp(2,2,1; x^2)", {}),
        ("mlp(2,1,1; x^2)", TURNED),
        ("mlp(2,2,2; x^3)", {"map": [[0, 1], [1, 1]]}),
        ("mlp(2,2,2; x^2)", {"output_map": [[0, 1], [1, 0]]}),
        ("mlp(2,2,1; x^2/(x^2+1))", TURNED),
        ("mlp(2,2,1; generic(2))", {}),
    ],
    "learning-coefficient": [
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(1,2,1; x^2)", {"truth": "zero"}),
        ("mlp(1,2,1; x^2)", {"at": [1, 1, 1, -1]}),
        ("mlp(1,2,1; x^2)", {"at": [0, 0, 1, -1]}),
        ("mlp(1,5,2; tanh)", {"truth": "zero"}),
        ("mlp(2,1,2; tanh)", {"truth": "zero"}),
        ("linear(3,2,3)", {"true_rank": 1}),
        ("diagonal(2; layers=3)", {"truth": "zero"}),
        ("x^2 - y^3; y^5", {"functions": "x^2 - y^3; y^5"}),
        ("(x^2-y^3)^2*z + x*y^5*z", {"functions": "(x^2-y^3)^2*z + x*y^5*z"}),
    ],
    "sample-complexity": [
        ("mlp(2,2,1; x^3)", {}),
        ("linear(2,1,2)", {}),
        ("mlp(1,1,1; x^2 + x)", {}),
        ("mlp(2,2,1; x^2)", {"epsilon": 0.1, "delta": 0.05, "radius": 1}),
        ("linear(2,2)", {"epsilon": 0.1, "delta": 0.05, "radius": 2, "noise": 1}),
    ],
    "covering": [
        ("linear(2,1,2)", {}),
        ("cnn(2,2; x^2)", {"norm": "gaussian", "epsilon": 1e-6}),
        ("mlp(2,1,1; x^3)", {"norm": "sup", "epsilon": 0.3, "weights": 1}),
        ("mlp(1,1,1; x + 1)", {"weights": 0.25, "epsilon": 0.1, "radius": 8}),
        ("attention(2,2; a=1; t=2)", {"norm": "uniform"}),
        ("mlp(2,2,1; generic(3))", {}),
    ],
    "ed-degree": [
        ("linear(2,1,2)", {}),
        ("linear(2,1,2)", {"route": "theorem"}),
        ("linear(2,1,2)", {"metric": "frobenius"}),
        ("mlp(2,1,1; x^2)", {"metric": "gaussian"}),
        ("mlp(2,1,1; x^2)", {"metric": "data", "data": [[1, 2], [0, 1], [2, 2], [1, 1]]}),
        ("mlp(2,2,1; x^2)", {}),
    ],
    "ml-degree": [
        ("linear(2,2,2)", {}),
        ("linear(2,1,2)", {}),
        ("mlp(1,1,2; x^2)", {}),
        ("linear(1,1,2)", {}),
        ("linear(2,1,2)", {"data": [[1, 2], [3, 1]]}),
        ("mlp(1,1,2; x)", {"data": [[1]]}),
        ("diagonal(2; layers=2)", {}),
    ],
    "landscape": [
        ("mlp(2,1,1; x^2)", LOSS),
        ("linear(2,1,2)", {"metric": "frobenius", "teacher": "x0 + 2*x1; 3*x0 - x1"}),
        ("mlp(2,1,1; x^2)", {"metric": "bombieri", "teacher": "x0^2 - x0*x1"}),
        ("mlp(2,1,1; x^2)", {"metric": "frobenius", "teacher": "x0^2"}),
        ("mlp(2,2,1; x^2)", LOSS),
        ("cnn(2,2; x)", {"metric": "frobenius", "teacher": "x0 + 2*x1 + x2"}),
        ("mlp(1,1,1; x^2 + x)", {"metric": "gaussian", "teacher": "x0^2"}),
        ("mlp(2,1,1; x^2)", {"data": TABLE}),
        ("mlp(2,1,1; x^2)", {"data": TABLE, "prepare": "whiten"}),
        ("mlp(2,1,1; x^2)", {"data": TABLE, "prepare": "standardize"}),
        ("mlp(2,1,1; x^2)", {"data": TABLE, "held_out": 0.2}),
        ("mlp(2,1,1; x^2)", {"data": TABLE, "sample_weights": [1, 2, 1, 1, 3]}),
        ("mlp(2,1,1; x^2)", {**LOSS, "least_by": "perturbation"}),
    ],
    "discriminant": [("mlp(2,1,1; x^2)", LOSS)],
    "tangent-kernel": [
        ("mlp(2,1,1; x^2)", LOSS),
        ("mlp(2,1,1; x^2)", {**LOSS, "weights": [1, 0, 0]}),
        ("mlp(2,1,1; x^2)", {"data": TABLE, "weights": [1, 2, 1]}),
    ],
    "weight-decay": [
        ("mlp(1,1,1; x^2)", {"metric": "gaussian", "teacher": "x0^2", "strengths": 0.1}),
        ("mlp(1,1,1; x^2)", {"metric": "gaussian", "teacher": "x0^2", "strengths": 0.0}),
        ("mlp(1,1,1; x^2)", {"data": ON_LINE, "strengths": 0.1}),
    ],
    "maximum-likelihood": [
        ("linear(2,1,2)", {}),
        ("linear(2,1,2)", {"counts": "x0 + 2*x1; 3*x0 + 4*x1", "smoothing": 0.5}),
        ("linear(2,1,2)", {"data": CLASSES}),
    ],
    "polyhedral": [
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(2,1,1; x^2)", {"norm": "linf"}),
        ("mlp(2,1,1; x^2)", {"norm": "wasserstein"}),
        ("mlp(1,1,1; x^2)", {"data": ON_LINE}),
    ],
    "subnetworks": [
        ("mlp(2,2,1; x^2)", {}),
        ("mlp(2,2,1; x^2)", {"most": 2}),
        ("linear(2,1,2)", {}),
        ("attention(2,2; a=1; t=2)", {}),
        ("mlp(2,2,1; generic(2))", {}),
    ],
    "critical-locus": [
        ("linear(2,1,2)", {}),
        ("mlp(2,1,1; x^2)", {}),
        ("cnn(2,2; x)", {}),
        ("cnn(2,2; x^2)", {}),
        ("mlp(2,2,1; x^2)", {"most": 3}),
    ],
    "singularities": [
        ("linear(2,1,2)", {}),
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(2,2,1; x^2)", {}),
        ("mlp(2,1,2; x^2)", {}),
        ("cnn(2,2; x^2)", {}),
        ("attention(2,2; a=1; t=1)", {}),
        ("mlp(2,2,3; x^2)", {}),
        ("linear(2,1,2)", {"at": [1, 2, 3, 4]}),
        ("linear(2,1,2)", {"at": [0, 0, 0, 0]}),
        ("mlp(2,2,1; x^2)", {"at": [1, 0, 0, 1, 1, 1]}),
        ("mlp(2,1,1; x^2 + x)", {"at": [0, 0, 0]}),
        ("cnn(2,2; x^2)", {"at": [1, 0, 0, 1]}),
    ],
    "exposedness": [
        ("mlp(2,2,1; x^2)", {"samples": 0}),
        ("cnn(2,2; x^2)", {"samples": 0, "metric": "generic"}),
        ("mlp(2,1,1; x^2)", {"samples": 0, "metric": "data", "data": [[1, 2], [0, 1], [2, 1]]}),
    ],
    "boundary": [
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(2,2,2; x^2)", {"samples": 2}),
        ("mlp(2,2,1; x^3)", {"samples": 2}),
        ("mlp(2,1,1; x^2; bias)", {"samples": 2}),
        ("cnn(2,2; x)", {"samples": 2}),
        ("mlp(2,2,1; x^3)", {"target": "x0^3 + 2*x1^3"}),
        ("mlp(2,1,1; x^2; bias)", {"target": "x0^2 + x1"}),
        ("mlp(1,1,1; x^2 + x)", {"target": "x0^2 + x0"}),
        ("mlp(2,1,1; x^2 + x)", {"target": "x0^3"}),
        ("mlp(2,1,1; x^2 + x)", {"target": "x0^2 + x0*x1"}),
    ],
    "voronoi": [("linear(2,2,2)", {})],
    "conservation": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2)", {}), ("mlp(2,1,1; x^2)", {"data": [[1, 2], [0, 1]]})],
    "data": [
        ("mlp(2,1,1; x^2)", {"inputs": [[1, 2], [0, 1]]}),
        ("mlp(2,2,1; 1/x)", {"inputs": [[1, 2], [1, 1], [3, 1]]}),
        ("attention(2,2; a=1; t=2)", {"inputs": [[[1, 2], [3, 4]], [[1, 1], [0, 1]]]}),
    ],
}
WITHOUT_CLAIMS = {"gradient-flow", "implicit-bias"}
"""Entries of which all is sampled: they claim nothing, and take long."""

PROGRAM = """
import json, sys
from neurovariety.certificates.recheck import recheck
print(json.dumps([[[k.key, k.outcome, k.why] for k in recheck(d).keys] for d in json.load(sys.stdin)]))
"""


CASES = [(entry, number) for entry, questions in ASKED.items() for number in range(len(questions))]


@cache
def document(entry: str, number: int) -> str:
    """A result as JSON with its certificates."""
    source, options = ASKED[entry][number]
    return json.dumps(getattr(nv, entry.replace("-", "_"))(source, **options).to_dict(certificates=True))


def test_every_entry_is_asked():
    assert ASKED.keys() | WITHOUT_CLAIMS == {e.name for e in ENTRIES}


@pytest.mark.parametrize(("entry", "number"), CASES)
def test_every_claim_is_rechecked(entry, number):
    """Nothing that is claimed is refused, and nothing is only recorded; the probability of error is the same by both routes."""
    data = json.loads(document(entry, number))
    keys = recheck(data).keys
    assert not [(k.key, k.outcome, k.why) for k in keys if k.outcome in (REFUSED, RECORDED)], ASKED[entry][number]
    for k in keys:
        assert k.statement.error == pytest.approx(data["claims"][k.key]["error"] or 0.0, rel=1e-6), k.key


def test_the_room_alone_rechecks_them():
    """The last question of each entry, found by the room of certificates in a process of its own."""
    text = f"[{','.join(document(entry, len(questions) - 1) for entry, questions in ASKED.items())}]"
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=text, capture_output=True, text=True, check=True, timeout=300)
    assert not [(key, outcome, why) for keys in json.loads(done.stdout) for key, outcome, why in keys if outcome in (REFUSED, RECORDED)]
