"""neurovariety: the dictionary of neuroalgebraic geometry as software."""

__version__ = "0.1.0"
