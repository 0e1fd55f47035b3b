"""What a notebook shows of a result: a card with what was asked, the claim in its colour, value, meaning, and a picture."""

from __future__ import annotations

import html
from collections.abc import Sequence

from neurovariety.claim import Claim

SURE, SOME, NONE = "#16793f", "#8a6100", "#b3261e"
"""Colours of claims on light paper, with a contrast of at least 4.5:1: shown; shown in one direction, or estimated; nothing shown."""

_CARD = "background:#fcfcfa;color:#1d2330;border:1px solid #dfe2e8;border-radius:8px;padding:.6em 1em;max-width:52em"
_CELL = "text-align:left;vertical-align:top;padding:.15em .8em .15em 0;background:none;color:inherit"


def colour_of(claim: Claim) -> str:
    """The colour of a claim on light paper."""
    if claim is Claim.UNDECIDED:
        return NONE
    return SURE if claim in (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE) else SOME


def card(title: str, claim: Claim, rows: Sequence[tuple[str, str]], picture: str, evidence: str) -> str:
    """The card as HTML; ``picture`` is HTML, everything else text. ``evidence`` is folded away."""
    said = [("claim", f'<strong style="color:{colour_of(claim)}">{claim}</strong>: {html.escape(claim.explanation)}')]
    said = [(name, html.escape(text)) for name, text in rows[:1]] + said + [(name, html.escape(text)) for name, text in rows[1:]]
    body = "".join(f'<tr><th style="{_CELL}">{name}</th><td style="{_CELL}">{text}</td></tr>' for name, text in said)
    return (
        f'<div style="{_CARD}"><strong>{html.escape(title)}</strong><table>{body}</table>{picture}'
        f"<details><summary>evidence</summary><pre>{html.escape(evidence)}</pre></details></div>"
    )
