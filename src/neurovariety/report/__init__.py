"""The dictionary report of one architecture: terminal, JSON, page."""

from neurovariety.report.build import Report, Row, build_report

__all__ = ["Report", "Row", "build_report"]
