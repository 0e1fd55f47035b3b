"""Numerical algebraic geometry: path tracking, monodromy, completeness tests and certificates for systems of equations."""

from neurovariety.homotopy.certify import Certificates, certify
from neurovariety.homotopy.inertia import certified_index
from neurovariety.homotopy.monodromy import Fiber, Monodromy, random_bend
from neurovariety.homotopy.monodromy_solve import MonodromySolutions, monodromy_solve
from neurovariety.homotopy.resume import ResumeFile
from neurovariety.homotopy.solve import Solutions, solve
from neurovariety.homotopy.special_ends import SpecialEnds, carried, confirmed_ends, special_ends
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape, record
from neurovariety.homotopy.total_degree import End
from neurovariety.homotopy.trace_test import UNTESTED, TraceTest, trace_test
from neurovariety.homotopy.tracker import Paths, Settings, refine, track, values_at

__all__ = [
    "UNTESTED",
    "Certificates",
    "End",
    "Fiber",
    "Monodromy",
    "MonodromySolutions",
    "Paths",
    "ResumeFile",
    "Settings",
    "Solutions",
    "SpecialEnds",
    "System",
    "Tape",
    "TraceTest",
    "carried",
    "certified_index",
    "certify",
    "confirmed_ends",
    "monodromy_solve",
    "random_bend",
    "record",
    "refine",
    "solve",
    "special_ends",
    "trace_test",
    "track",
    "values_at",
]
