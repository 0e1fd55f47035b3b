"""The verdict of the dimension of a singular locus, from strata, theorems and equations."""

from __future__ import annotations

from neurovariety.certificates.issue import NotShown, Verdict, first_shown, issue, weak
from neurovariety.certificates.singular_functions import SmoothClosure
from neurovariety.certificates.singular_loci import (
    LOCUS,
    LocusAtLeast,
    LocusAtMost,
    LocusDimension,
    SingularInFamilies,
)
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import flat
from neurovariety.geometry.singular.exact_loci import exact_families, exact_sections
from neurovariety.geometry.singular.image_facts import Closure, ImageFacts
from neurovariety.geometry.singular.locus import Locus
from neurovariety.model import Model


def shown_locus(
    model: Model, closure: Closure, images: list[ImageFacts], locus: Locus | None, stated: Verdict | None, seed: int
) -> tuple[Verdict, Verdict | None, str]:
    """The dimension of the locus with what is known of it from above, and why; ``stated``: what a theorem says of it."""
    exact = exact_functions(model)
    level = flat(model, closure.whole, seed)
    if level is not None:
        return issue(SmoothClosure(level), exact), None, "the closure is a linear space"
    if stated is not None:
        return stated, stated, "a theorem says which functions are singular"
    lower = max((i.shown for i in images if i.shown is not None), key=lambda v: int(v.statement.value), default=None)
    uppers = [(v, why) for v, why in ((_in_families(model, images), _THEOREM), (_by_equations(model, closure, locus), _EQUATIONS)) if v]
    upper, why = min(uppers, key=lambda u: (int(u[0].statement.value), u[0].claim is Claim.PROBABILITY), default=(None, ""))
    if upper is not None and lower is not None and upper.statement.value == lower.statement.value:
        return issue(LocusDimension(lower, upper), exact), upper, why
    if upper is not None and why == _EQUATIONS and closure.ideal is not None and closure.ideal.complete:
        found = _from_below(model, closure, locus)
        try:
            return first_shown(exact, LocusDimension(found, upper), LocusDimension(None, upper)), upper, "equations of a complete ideal"
        except NotShown:
            pass
    if lower is not None:
        why = "singular functions beyond those of the strata are not excluded"
        return issue(LocusDimension(lower, None), exact), upper, why
    why = "no stratum was shown to be singular, and the ideal is not completely known"
    return weak(Statement(LOCUS, exact.hash, None), Claim.UNDECIDED, why), upper, why


_THEOREM = "a theorem says that all singular functions are on the strata listed"
_EQUATIONS = "the equations of the locus have no solution on a random linear space"


def _in_families(model: Model, images: list[ImageFacts]) -> Verdict | None:
    """A bound by a theorem on the families of strata whose functions can be singular."""
    exact = exact_families(model)
    known = exact.singular_families()
    if known is None:
        return None
    sizes = {i.family: i.size for i in images if i.size is not None}
    found = [sizes.get(strata) for strata in known[1]]
    shown = tuple(v for v in found if v is not None)
    if len(shown) < len(found):
        return None
    numbers = [v.statement.value if isinstance(v.statement.value, int) else v.statement.value[2] for v in shown]
    try:
        return issue(SingularInFamilies(exact.hash, known[0], shown, max([0, *numbers])), exact)
    except NotShown:
        return None


def _by_equations(model: Model, closure: Closure, locus: Locus | None) -> Verdict | None:
    """A bound by equations without a common zero on a section."""
    known = None if closure.ideal is None else closure.ideal.system.known
    if locus is None or known is None:
        return None
    try:
        return issue(LocusAtMost(known, closure.whole.verdict, locus.empty, locus.at_most), exact_sections(model))
    except NotShown:
        return None


def _from_below(model: Model, closure: Closure, locus: Locus | None) -> Verdict | None:
    """A bound from below by zeros of a complete ideal on random sections."""
    ideal = closure.ideal
    generate = None if ideal is None else ideal.generate_all(model)
    if ideal is None or ideal.system.known is None or locus is None or generate is None or not locus.zeros:
        return None
    try:
        shown = LocusAtLeast(ideal.system.known, generate, closure.whole.verdict, locus.zeros, locus.dimension)
        return issue(shown, exact_sections(model))
    except NotShown:
        return None
