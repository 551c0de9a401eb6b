"""Accents that can be read in both themes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.lifecycle.colours import CONTRAST, DARK, LIGHT, ColourError, accents, contrast, read_colour


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize(("text", "kept"), [("#1C5D99", "#1c5d99"), ("1c5d99", "#1c5d99"), (" #ffffff ", "#ffffff")])
def test_a_colour_is_kept_in_one_form(text: str, kept: str) -> None:
    assert read_colour(text) == kept


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#1234567", "url(x)", "#１２３４５６", "#123456;}"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ColourError):
        read_colour(text)


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_has_a_shade_that_can_be_read(number: int) -> None:
    light, dark = accents(f"#{number:06x}")
    for accent, surface in ((light, LIGHT), (dark, DARK)):
        assert contrast(accent.colour, surface) >= CONTRAST
        assert contrast(accent.ink, accent.colour) >= CONTRAST


def test_one_that_can_be_read_stays_as_it_is() -> None:
    light, dark = accents("#1c5d99")
    assert (light.colour, light.was_moved) == ("#1c5d99", False)
    assert dark.was_moved
    assert accents("#ffdd00")[1].colour == "#ffdd00"
    assert accents("#ffdd00")[0].was_moved
