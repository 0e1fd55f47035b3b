"""The examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
import pkgutil
import sys
from importlib import import_module

import pytest

import neurovariety

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(neurovariety.__path__, "neurovariety.")
    if not m.name.startswith("neurovariety.linear_algebra.")
)
WITH_EXAMPLES = {
    "neurovariety.architectures.from_callable",
    "neurovariety.dictionary.ambient",
    "neurovariety.dictionary.data",
    "neurovariety.dictionary.degree",
    "neurovariety.dictionary.dimension",
    "neurovariety.dictionary.fibers",
    "neurovariety.dictionary.learning_coefficient",
    "neurovariety.dictionary.symmetries",
    "neurovariety.homotopy.monodromy_solve",
    "neurovariety.homotopy.solve",
    "neurovariety.homotopy.system",
    "neurovariety.report.build",
}


def module_of(name):
    """The module itself, also where the package has a function of the same name."""
    import_module(name)
    return sys.modules[name]


def examples(module):
    return [t for t in doctest.DocTestFinder(exclude_empty=True).find(module) if t.examples]


LONGER = {
    f"neurovariety.{name}"
    for name in ("report.build", "dictionary.gradient_flow", "dictionary.implicit_bias", "dictionary.tangent_kernel")
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in LONGER else ()) for n in MODULES])
def test_examples(name):
    module = module_of(name)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    output = []
    for test in examples(module):
        runner.run(test, out=output.append)
    assert runner.failures == 0, "".join(output)


@pytest.mark.parametrize("name", sorted(WITH_EXAMPLES))
def test_public_functions_have_examples(name):
    assert examples(module_of(name))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name):
    first = (module_of(name).__doc__ or "").strip().splitlines()
    assert first
    assert first[0].endswith((".", ":", "?"))
