"""Strong claims come out of certificates alone: elsewhere their names are compared with, never given."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import neurovariety as nv
from neurovariety.certificates.issue import Forged, recorded, weak
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim

ROOT = Path(nv.__path__[0])
STRONG = {"PROVED", "PROBABILITY", "COMPLETE", "LOWER_BOUND", "UPPER_BOUND"}

GIVEN = {
    # what claims are compared with before there are certificates
    "geometry/invariants/equations.py",
    "geometry/strata/facts.py",
    # what is on the way to an answer, colours and words
    "claim.py",
    "homotopy/solve.py",
    "oracles/zeros_compared.py",
    "report/terminal.py",
}
"""Files that name a strong claim otherwise than to compare with it. The list only shrinks."""


def given(tree: ast.Module) -> list[int]:
    """Lines that name a strong claim outside of comparisons."""
    compared = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Claim"
        and node.attr in STRONG
        and node not in compared
    ]


def test_only_listed_files_give_a_strong_claim():
    found = set()
    for file in ROOT.rglob("*.py"):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith("certificates/") and given(ast.parse(file.read_text(encoding="utf-8"))):
            found.add(name)
    assert found == GIVEN


def test_what_a_file_may_not_do():
    for file in ROOT.rglob("*.py"):
        name, text = file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")
        if name.startswith("certificates/"):
            continue
        assert "object.__new__" not in text, name
        assert " recorded(" not in text or name == "result.py", name
        for call in ("._taken", ".taken("):
            assert call not in text or name.startswith(("geometry/exact/", "geometry/ideal/exact_coefficients")), name


@pytest.mark.parametrize("claim", sorted(STRONG))
def test_a_claim_without_a_certificate_is_refused(claim):
    statement = Statement("dimension", "", 3)
    with pytest.raises(Forged):
        weak(statement, Claim[claim], "because")
    shown = nv.dimension("mlp(2,2,1; x^2)")
    with pytest.raises(Forged):
        nv.DimensionResult(value=4, claims=shown.claims, evidence={})
    with pytest.raises(Forged):
        nv.DimensionResult(value=3, claims={"value": Claim[claim]}, evidence={})
    with pytest.raises(Forged):
        nv.DimensionResult(value=3, claims={}, evidence={})
    with pytest.raises(TypeError):
        nv.DimensionResult(value=3, claim=Claim[claim], evidence={})


def test_recorded_verdicts_prove_nothing():
    """What a file says is repeated and marked; nothing follows from it."""
    found = nv.DimensionResult.from_dict(nv.dimension("mlp(2,2,1; x^2)").to_dict())
    assert found.claim is Claim.PROVED
    assert not found.verdicts["value"].checked
    assert recorded(Statement("a", "b", 1), Claim.PROVED).certificate is None
