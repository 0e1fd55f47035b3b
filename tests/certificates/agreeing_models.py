"""Models that say what a certificate wants to hear: each of its own refusals is asked alone, at both sides of where it begins."""

from __future__ import annotations

from dataclasses import replace

from neurovariety.certificates.issue import _TOKEN, NotShown, Verdict, issue, recorded
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim

M = "the model"


def always(value):
    return lambda *asked: value


def agreeing(protocol, **answers):
    """A model of a protocol that answers so."""
    answers = {"hash": M, "generic": False, "parameters": 2, "outputs": 1, "monomials": None, "field_generators": 3, **answers}
    return _like(protocol, answers)


def _like(kind, answers):
    return type("Model", (kind,), {name: staticmethod(v) if callable(v) else v for name, v in answers.items()})()


def premise(kind, value, claim=Claim.PROVED, subject=M, certificate=None, scope=(), error=0.0):
    """A verdict as if it had been shown."""
    return Verdict(Statement(kind, subject, value, scope, error), claim, certificate, token=_TOKEN)


def twins(known, claims=()):
    """What may not stand in the place of a premise: it was not checked, or is of another model, or kind, or known in another way."""
    said = known.statement
    yield recorded(said, known.claim)
    others = [(replace(said, subject="another"), known.claim), (replace(said, kind="another"), known.claim)]
    for statement, claim in [*others, *((said, claim) for claim in (Claim.ESTIMATE, Claim.UNDECIDED, *claims))]:
        yield Verdict(statement, claim, known.certificate, token=_TOKEN)


def outcome(certificate, model, changes):
    """What is concluded; None where it is refused. What is changed of the model stands under ``model``."""
    own = {name: value for name, value in changes.items() if name != "model"}
    try:
        return issue(replace(certificate, **own), _like(type(model), changes.get("model", {})))
    except NotShown:
        return None


def check_both_sides(certificate, model, accepted, refused):
    """The certificate holds, and with the ``accepted`` changes; with any of the others it does not."""
    for changes in ({}, *accepted):
        assert outcome(certificate, model, changes) is not None, changes
    for changes in ({"model": {"hash": "another"}}, *refused):
        assert outcome(certificate, model, changes) is None, changes
    return outcome(certificate, model, {})


def said(verdict):
    """Value, claim, phrases and error."""
    return verdict.statement.value, verdict.claim, verdict.statement.scope, verdict.statement.error
