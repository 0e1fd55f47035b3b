"""The parametrization of a model and a question about it, as a script of another computer algebra system."""

from neurovariety.export.question import QUESTIONS
from neurovariety.export.script import SYSTEMS, export_script

__all__ = ["QUESTIONS", "SYSTEMS", "export_script"]
