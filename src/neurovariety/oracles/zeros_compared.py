"""The solutions of a square system held against the count of another program."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.certificates.exact_system import Over
from neurovariety.certificates.gaussian import Coefficient, exact, parts
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.homotopy import Solutions, System
from neurovariety.homotopy.exact_program import exact_system
from neurovariety.oracles.count_again import TIME_LIMIT, Agreement, Asking, agreed
from neurovariety.oracles.other_program import find_oracle
from neurovariety.oracles.system_mod_p import SystemModP, determinant, unknowns


def compare_zeros(
    found: Solutions,
    system: System,
    parameters: Sequence[complex] = (),
    *,
    oracle: str,
    simple: bool = False,
    seed: int = 0,
    time_limit: float = TIME_LIMIT,
) -> Agreement:
    """Count the finite solutions of ``system`` at ``parameters`` once more and hold them against those that `solve` ``found``.

    The number is that with multiplicity; with ``simple`` that of the solutions at which the Jacobian is invertible. Coefficients are
    taken exactly as they are stored, i as a square root of -1 mod p. It is an agreement modulo a random prime, no proof.

    Raises `VerificationError` where the number contradicts the claim, `InputError` for an unknown oracle or a system that divides,
    `OracleError` where the program is absent, fails, takes longer than ``time_limit`` seconds, or finds infinitely many.
    """
    program = find_oracle(oracle)
    program.require()
    try:
        exactly = exact_system(system, [exact(complex(v)) for v in parameters])
    except KeyError:
        raise InputError("a system that divides by unknowns is not asked of other programs; multiply its denominators out") from None
    recorded = len(found.regular) + (0 if simple else sum(found.multiplicity))
    complete = found.complete if simple else found.claim is not Claim.LOWER_BOUND
    if found.verdict is not None and found.verdict.statement.value.get("at_infinity_or_larger"):
        complete = False  # what is very large was counted as infinite

    def value(asking: Asking, attempt: int) -> int:
        p, n = asking.prime, exactly.unknowns
        root = next(r for a in range(2, 200) if (r := pow(a, (p - 1) // 4, p)) * r % p == p - 1)
        ring = unknowns(n, p)

        def carried(c: Coefficient) -> object:
            re, im = parts(c)
            if not re.denominator % p or not im.denominator % p:
                raise InputError(f"a denominator is divisible by the random prime {p}; take another seed")
            return ring.constant((re.numerator * pow(re.denominator, -1, p) + root * im.numerator * pow(im.denominator, -1, p)) % p)

        polynomials = Over(exactly, carried)(ring.gens())
        if not simple:
            return asking.count("zeros", SystemModP.of(ring, p, polynomials))
        jacobian = determinant([[f.derivative(i) for i in range(n)] for f in polynomials], ring.constant(1))
        if jacobian is None:
            raise InputError("the determinant of the Jacobian is too long to be handed over; compare all zeros, with multiplicity")
        return asking.count("simple zeros", SystemModP.of(ring, p, polynomials, [jacobian]))

    names = f"{exactly.unknowns} equations", "simple zeros" if simple else "zeros"
    return agreed(value, recorded, str(found.claim if complete else Claim.LOWER_BOUND), names, program, seed, time_limit)
