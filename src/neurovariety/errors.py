"""The errors that neurovariety raises for its users.

Each message is one sentence or two: what was given, what was expected, what to try. The command line prints exactly that
message on one line and exits with status 2; it never shows a traceback for an error of this hierarchy.
"""

from __future__ import annotations


class NeurovarietyError(Exception):
    """Base of every error that neurovariety raises on purpose."""


class InputError(NeurovarietyError, ValueError):
    """The user's input cannot be used as it stands."""


class NotationError(InputError):
    """An architecture notation cannot be read."""


class DataError(InputError):
    """A data file or array cannot be used."""


class NotAlgebraicError(InputError):
    """A model contains an operation that is not a ring operation (``exp``, ``max``, ...)."""


class ResourceError(InputError):
    """An exact computation would need more memory than the limit; the message holds the estimate."""


class DivisionByZeroError(NeurovarietyError, ZeroDivisionError):
    """A denominator vanished at the sampled values; callers draw new ones and record that they did."""


class ExactnessError(NeurovarietyError, ArithmeticError):
    """A float64 product would have left the range in which integers are exact (2**53)."""


class VerificationError(NeurovarietyError):
    """A stated symmetry, theorem or result does not hold when it is recomputed."""


class OracleError(NeurovarietyError):
    """Another program that was to count once more is absent, failed, or ran out of its time: nothing was compared."""
