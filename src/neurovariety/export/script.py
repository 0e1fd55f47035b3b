"""`export_script`: one text for one system and one question."""

from __future__ import annotations

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.errors import InputError
from neurovariety.export import bertini, julia, macaulay2, sage, singular
from neurovariety.export.question import QUESTIONS, Question
from neurovariety.export.written_parametrization import WrittenParametrization
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.tolerances import DEFAULT_SEED

_WRITERS = {
    "macaulay2": macaulay2.write,
    "singular": singular.write,
    "sage": sage.write,
    "julia": julia.write,
    "bertini": bertini.write,
}
SYSTEMS = tuple(_WRITERS)
"""The systems that a script can be written for."""


def export_script(
    source: Source, *, system: str, question: str = "dimension", degree: int | None = None, seed: int = DEFAULT_SEED
) -> str:
    """The parametrization of a model and a question about its neurovariety, as a script of another system.

    ``system`` is one of `SYSTEMS`, ``question`` one of `QUESTIONS`; ``degree`` leaves out equations of higher degree. The script is
    text with comments: it names the weights and the coordinates, prints the answer as ``question = answer`` in its last line (Bertini's
    files say in a comment how to read it) and our dimension in its heading. The same seed gives the same script.

    Conventions: degrees are those of the closure in the affine space of coefficients (of the affine cone, where it is one); the ED
    degree is the generic one, for a quadratic form with random integer entries.

    Raises `InputError` for an unknown system or question, for a rational model, and where the system does not answer the question;
    `ResourceError` where the parametrization is too large to be written out.

    >>> print(export_script("mlp(1,1,1; x^2)", system="singular").splitlines()[-2])
    print("dimension = " + string(size(std(columnsAtPoint))));
    """
    if system not in _WRITERS:
        raise InputError(f"unknown system {system!r}: scripts are written for {', '.join(SYSTEMS)}")
    if question not in QUESTIONS:
        raise InputError(f"unknown question {question!r}: the questions are {', '.join(QUESTIONS)}")
    if degree is not None and (question != "equations" or degree < 1):
        raise InputError(f"degree={degree} bounds the degree of equations: give a positive number, with the question 'equations'")
    model = as_model(source)
    parametrization = WrittenParametrization.of(model, seed)
    found = dimension_of(parametrization.model, seed=seed)
    return _WRITERS[system](Question(parametrization, question, found.value, str(found.claim), degree, seed))
