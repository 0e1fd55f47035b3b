"""Colours of pictures: contrasts of 3:1 for marks and 4.5:1 for text on light and dark paper, and apart for every kind of sight."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

from neurovariety import notebook
from neurovariety.pictures.colours import DARK_PAPER, INK, MAIN, NAMES, ON_DARK, ON_SHADES, PAPER, SECOND, SHADES, THIRD

MARKS = (INK, MAIN, SECOND, THIRD)
SIGHT = {  # Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    """Linear RGB of a hexadecimal colour (sRGB)."""
    channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """The ratio of WCAG 2."""
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    """CIELAB of linear RGB, under D65."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    f = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 1e-9))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrasts_are_those_of_the_standard():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.478, abs=0.01)


@pytest.mark.parametrize("colour", MARKS)
def test_marks_are_seen(colour):
    assert contrast(colour, PAPER) >= 3
    assert contrast(colour, "#ffffff") >= 3
    assert contrast(ON_DARK[colour], DARK_PAPER) >= 3


def test_text_is_read():
    assert min(contrast(INK, paper) for paper in (PAPER, "#ffffff")) >= 4.5
    assert min(contrast(ON_SHADES, shade) for shade in SHADES) >= 4.5
    assert contrast(ON_DARK[INK], DARK_PAPER) >= 4.5
    for colour in (notebook.SURE, notebook.SOME, notebook.NONE):
        assert contrast(colour, PAPER) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("dark", [False, True])
def test_marks_stay_apart(sight, dark):
    seen = [lab(SIGHT[sight] @ linear(ON_DARK[c] if dark else c)) for c in (MAIN, SECOND, THIRD)]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 18


def test_the_page_has_these_colours():
    text = files("neurovariety.report").joinpath("page.html").read_text(encoding="utf-8")
    light, dark, printed = (dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{([^}]*--ink[^}]*)\}", text))
    for colour, name in NAMES.items():
        if colour == PAPER:
            continue  # boxes behind words have the colour of the card that they are on
        key = name.removeprefix("var(--").removesuffix(")")
        assert light[key] == colour
        assert dark[key] == ON_DARK[colour]
    assert dark["card"] == DARK_PAPER
    assert set(printed) == set(light)
    for theme in (light, dark, {**light, **printed}):
        for text in ("ink", "soft", "good", "fair", "poor", "main"):
            assert contrast(theme[text], theme["card"]) >= 4.5, text
            assert contrast(theme[text], theme["paper"]) >= 4.5, text
