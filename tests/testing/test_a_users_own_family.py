"""A family that the package does not know, as a user writes it, is held to the laws; so is an entry of one's own."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import jax.numpy as jnp
import pytest

import neurovariety as nv
from neurovariety.architectures.architecture import check_size
from neurovariety.certificates import compose
from neurovariety.dictionary import registry
from neurovariety.errors import NotationError
from neurovariety.image import Matrices
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.testing import check_entry, check_family
from neurovariety.theorem import Theorem


@dataclass(frozen=True, repr=False)
class Gated(nv.Architecture):
    """f(x) = (u . x) v: a gate and a direction, which is a matrix of rank at most one."""

    family: ClassVar[str] = "gated"
    example: ClassVar[str] = "gated(3,2)"
    inputs: int
    outputs: int

    def __post_init__(self):
        if min(self.inputs, self.outputs) < 1:
            raise NotationError(f"gated: {self.inputs} inputs and {self.outputs} outputs, and both have to be positive")
        check_size(self)

    @classmethod
    def read(cls, sections):
        widths = sections.integers(sections.first, "width")
        if len(widths) != 2 or sections.rest:
            raise NotationError(f"gated takes inputs and outputs, got {sections.shown!r}; e.g. {cls.example}")
        return cls(*widths)

    def shapes(self):
        return {"u": (self.inputs,), "v": (self.outputs,)}

    @property
    def input_shape(self):
        return (self.inputs,)

    def apply(self, parameters, x, coefficients):
        return jnp.dot(parameters["u"], x) * parameters["v"]

    def notation(self):
        return f"gated({self.inputs},{self.outputs})"

    def symmetries(self):
        return (AxisAction(Kind.TORUS, 1, (("u", None, 1), ("v", None, -1)), "rescaling u against v"),)

    def image(self):
        return Matrices(self.inputs, self.outputs, 1)

    def input_axes(self):
        return (("u", 0),)

    def output_axes(self):
        return (("v", 0),)

    def theorems(self):
        text = "matrices of rank at most one have so many degrees of freedom"
        return (Theorem("rank one", "dimension", self.inputs + self.outputs - 1, text, "trager2020"),)


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 2), (1, 4)])
def test_the_family(inputs, outputs):
    equal = [f"linear({inputs},1,{outputs})"]
    check_family(Gated(inputs, outputs), equal_to=equal, refused=["gated(2)", "gated(0,1)", "gated(2,2; x^2)"])


@pytest.mark.slow
def test_the_dictionary_takes_it():
    assert nv.dimension(Gated(3, 2)).value == 4
    assert nv.membership(Gated(2, 2), target="x0 + 2*x1; 2*x0 + 4*x1").value["verdict"] == "realizable"


CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
IMPORTS = """
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from neurovariety import Model
from neurovariety.certificates.compose import Because
from neurovariety.certificates.issue import issue
from neurovariety.certificates.sentences import SURE, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.result import WHOLE
from neurovariety.tolerances import DEFAULT_SEED

OVERHEAD = "parameters per dimension"
"""


def test_an_entry_of_ones_own(tmp_path, monkeypatch):
    """The entry that CONTRIBUTING.md shows."""
    (shown,) = re.findall(r"```python\n( +@dataclass.*?)```", CONTRIBUTING, re.DOTALL)
    (tmp_path / "overhead.py").write_text(IMPORTS + textwrap.dedent(shown))
    monkeypatch.syspath_prepend(tmp_path)
    row = registry.Entry("overhead", "identifiability: parameters a degree of freedom", path="overhead:overhead")
    monkeypatch.setattr(registry, "ENTRIES", (*registry.ENTRIES, row))
    rule = compose.Rule(
        ("overhead",),
        ("dimension",),
        lambda value, parameters, dimension: value == Fraction(parameters, max(dimension, 1)),
        compose.MODEL,
        turned=True,
        facts=compose.parameters_of,
    )
    monkeypatch.setattr(compose, "RULES", {**compose.RULES, "parameters per dimension": rule})
    check_entry("overhead", "linear(2,1,2)")
    assert str(row.load()("linear(2,1,2)").value) == "4/3"


def test_files_that_are_to_be_written_are_not_there():
    """Names of files stand once in the package: an example of CONTRIBUTING.md must leave its name free."""
    for path in ("dictionary/overhead.py", "rings/rational_duals.py"):
        assert f"`{path}`" in CONTRIBUTING
        assert not list(Path(nv.__file__).parent.rglob(Path(path).name))
