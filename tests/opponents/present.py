"""Which programs are there, and what is said of those that are not."""

from __future__ import annotations

import warnings

from neurovariety.oracles import OtherProgram, find_oracle


def announce(sentence: str) -> None:
    """Say by name what was not compared; the test passes on."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn(f"could not be compared: {sentence}", stacklevel=3)


def present(name: str, what: str) -> OtherProgram | None:
    """The program of that name; None, with a warning, where it is not installed."""
    program = find_oracle(name)
    if program.path is None:
        announce(f"{program.title} is not installed ({what})")
        return None
    return program
