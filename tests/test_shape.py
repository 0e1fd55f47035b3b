"""The source keeps its shape: figures of `make shape` that stay under their limits, and a reader of syntax trees that can count."""

from __future__ import annotations

import ast
import gc

import pytest
from tools import shape

# Syntax trees of the whole package take seconds to read: one worker does.
pytestmark = pytest.mark.xdist_group("shape")
HELD = (
    "Any in a thousand lines",
    "files in import circles",
    "families asked for by class outside architectures/",
    "files over 400 lines",
    "functions over 60 lines",
    "functions over 8 parameters",
    "file names that stand twice",
    "class names that stand twice",
)
"""Figures that are under their limits, and are to stay there."""


@pytest.fixture(scope="module", autouse=True)
def trees_of_this_file_alone():
    """Millions of nodes are walked through without the collector of garbage, and are gone afterwards: it would walk with every test."""
    gc.disable()
    yield
    shape.tree.cache_clear()
    shape.nodes.cache_clear()
    gc.enable()


@pytest.mark.parametrize("name", HELD)
def test_limits_hold(name):
    (found,) = [figure for figure in shape.figures() if figure.name == name]
    assert found.holds, found.places


def test_figures_are_measured():
    """Each figure looks at what is there: the counts behind it are those of the whole package."""
    assert len(shape.files()) > 300
    assert sum(shape.anys().values()) > 0
    assert {"MLP", "Linear", "Sequence"} <= shape.families()
    assert "Architecture" not in shape.families()
    assert max(shape.lengths().values()) <= shape.LINES


def test_every_reason_is_needed():
    """A function that has become short or narrow leaves the list of reasons."""
    assert set(shape.REASONS) <= shape.long_functions().keys() | shape.wide_functions().keys()


def test_parameters_are_those_that_a_caller_gives():
    (method,) = ast.parse("class A:\n    def f(self, a, /, b, *c, d=0, **e): ...").body[0].body
    assert shape.parameters(method) == 5
    assert shape.parameters(ast.parse("def f(): ...").body[0]) == 0


def test_imports_are_found_wherever_they_stand():
    """Inside functions too; a name of a module is the module, another name is of the module that has it."""
    found = shape.imports("cli/selftest.py")
    assert "neurovariety.cli.exit_status" in found
    assert all(name in shape.modules() for name in found)


def test_doubles():
    assert shape.doubles([("a.py", "x/a.py"), ("b.py", "x/b.py"), ("a.py", "y/a.py")]) == ["a.py: x/a.py, y/a.py"]
