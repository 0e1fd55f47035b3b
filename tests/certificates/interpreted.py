"""The rules of floats as they are written: interpreted, so that no processor fuses a product and a sum."""

from __future__ import annotations

import pytest

from neurovariety.certificates import double_double, float_balls


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    """The functions behind the compiled ones, in each test of a file that imports this fixture."""
    for module in (float_balls, double_double):
        for name, function in list(vars(module).items()):
            if hasattr(function, "py_func"):
                monkeypatch.setattr(module, name, function.py_func)
