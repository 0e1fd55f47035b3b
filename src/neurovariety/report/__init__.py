"""The dictionary report of one architecture: terminal, JSON, page."""

from neurovariety.report.build import Report, build_report
from neurovariety.report.row import Row

__all__ = ["Report", "Row", "build_report"]
