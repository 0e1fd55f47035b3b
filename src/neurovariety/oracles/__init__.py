"""Counts made once more by another method, Gröbner bases mod p, in another program: msolve, Macaulay2 or Singular, each a process.

Nothing of the library needs this room; `EntryResult.rerun` enters it where it is asked to.
"""

from neurovariety.oracles.count_again import Agreement, compare
from neurovariety.oracles.other_program import ORACLES, OtherProgram, find_oracle
from neurovariety.oracles.system_mod_p import SystemModP
from neurovariety.oracles.zeros_compared import compare_zeros

__all__ = ["ORACLES", "Agreement", "OtherProgram", "SystemModP", "compare", "compare_zeros", "find_oracle"]
