"""How numbers are written in a file: decimal point or comma, thousands in groups; decided for a whole table, never cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from neurovariety.errors import DataError
from neurovariety.tables.raw_table import Cell, is_missing

_EXPONENT = r"([eE][+-]?\d{1,3})?"
_POINT = re.compile(rf"[+-]?(\d+(\.\d*)?|\.\d+){_EXPONENT}", re.ASCII)
_COMMA = re.compile(rf"[+-]?(\d+(,\d*)?|,\d+){_EXPONENT}", re.ASCII)
_GROUPED_BY_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)
_GROUPED_BY_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?", re.ASCII)
_SPACES = {" ": "spaces", "\u00a0": "spaces", "\u202f": "spaces", "\u2009": "spaces", "'": "apostrophes", "\u2019": "apostrophes"}
"""What else may stand between thousands, and never is a decimal sign."""
_SPACED = re.compile(rf"[+-]?[1-9]\d{{0,2}}([{''.join(_SPACES)}])\d{{3}}(\1\d{{3}})*([.,]\d*)?", re.ASCII)
_LONGEST = 60
"""Characters of a number."""


@dataclass(frozen=True)
class NumberStyle:
    """The decimal sign is a ``comma`` or a point; the other sign may group thousands where ``grouped``; ``spaced`` says in words what
    else does, in order of appearance."""

    comma: bool = False
    grouped: bool = False
    spaced: tuple[str, ...] = ()

    def read(self, cell: object) -> Cell:
        """What a cell of a text file holds."""
        if not isinstance(cell, str):
            return None if cell is None else str(cell)
        text = cell.strip()
        if is_missing(text):
            return None
        number = text.replace("\u2212", "-")
        if len(number) > _LONGEST:
            return text
        if self.spaced:
            number, _ = _closed(number)
        if self.grouped and (_GROUPED_BY_POINT if self.comma else _GROUPED_BY_COMMA).fullmatch(number):
            number = number.replace("." if self.comma else ",", "")
        if not (_COMMA if self.comma else _POINT).fullmatch(number):
            return text
        return Fraction(number.replace(",", "."))

    def said(self) -> tuple[str, ...]:
        """In words, where it is not the usual one."""
        grouped = ("points between thousands" if self.comma else "commas between thousands",) if self.grouped else ()
        spaced = (f"{' and '.join(self.spaced)} between thousands",) if self.spaced else ()
        return (("decimal commas",) if self.comma else ()) + grouped + spaced


def _closed(number: str) -> tuple[str, str]:
    """A number without the spaces or apostrophes between its thousands, and which of these there were."""
    found = _SPACED.fullmatch(number)
    return (number.replace(found[1], ""), _SPACES[found[1]]) if found else (number, "")


def style_of(name: str, cells: Iterable[object], decimal: str | None) -> NumberStyle:
    """How the numbers in these cells are written. Raises `DataError` where that can be read in two ways, or cells contradict."""
    comma = point = twofold = grouped = ""
    spaced: tuple[str, ...] = ()
    for cell in cells:
        if not isinstance(cell, str):
            continue
        text, between = _closed(cell.strip()) if len(cell) <= _LONGEST else (cell, "")
        spaced += (between,) if between and between not in spaced else ()
        if "," not in text and "." not in text:
            continue
        if between:  # thousands are grouped already: what is left is the decimal sign
            comma, point = comma or text * ("," in text), point or text * ("." in text)
        elif "," in text and "." in text:
            if _GROUPED_BY_POINT.fullmatch(text):
                comma, grouped = comma or text, grouped or text
            elif _GROUPED_BY_COMMA.fullmatch(text):
                point, grouped = point or text, grouped or text
        elif _GROUPED_BY_COMMA.fullmatch(text):
            twofold = twofold or text
        elif _COMMA.fullmatch(text) and "," in text:
            comma = comma or text
        elif _POINT.fullmatch(text) and not _GROUPED_BY_POINT.fullmatch(text):
            point = point or text
        elif _GROUPED_BY_POINT.fullmatch(text):
            grouped = grouped or text
    if decimal is not None:
        return NumberStyle(decimal == "comma", True, spaced)
    if comma and point:
        raise DataError(f"{name} writes numbers in two ways, {comma!r} and {point!r}; write all with one decimal sign")
    if comma:
        return NumberStyle(True, bool(grouped), spaced)
    if twofold and not point:
        raise DataError(
            f"is {twofold!r} in {name} {twofold.replace(',', '.', 1) if twofold.count(',') == 1 else 'a decimal'} or "
            f"{twofold.replace(',', '')}? say --decimal comma, or --decimal point where commas group thousands"
        )
    return NumberStyle(False, bool(twofold) or bool(point and grouped and "," in grouped), spaced)


def looks_like_a_number(cell: str) -> bool:
    """Whether a text could be a number in some style, or a missing value."""
    text = cell.strip().replace("\u2212", "-")
    kinds = (_POINT, _COMMA, _GROUPED_BY_COMMA, _GROUPED_BY_POINT, _SPACED)
    return is_missing(text) or (len(text) <= _LONGEST and any(k.fullmatch(text) for k in kinds))
