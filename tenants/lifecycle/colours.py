"""Accent colours that can be read: contrast after WCAG 2.2, and the nearest shade of a hue that has enough of it.

Lightness is changed in OKLCH, where it leaves hue and colourfulness alone (B. Ottosson, "A perceptual color space for
image processing", 2020).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tenants.kernel.errors import OutturnError

CONTRAST = 4.5
"""The least contrast of text (WCAG 2.2, success criterion 1.4.3)."""
LIGHT, DARK = "#eef0f2", "#333841"
"""The darkest surface of the light theme and the lightest of the dark one, with the shade of a hovered row on it."""
INKS = ("#fcfcfc", "#0f141a")
_HEX = re.compile(r"#[0-9a-f]{6}")
_STEP = 0.005


class ColourError(OutturnError):
    """A text that is no colour."""

    code = "brand.colour"


@dataclass(frozen=True, slots=True)
class Accent:
    """An accent for one theme: the colour, the colour of text on it, and whether it had to be moved to be read."""

    colour: str
    ink: str
    was_moved: bool


def read_colour(text: str) -> str:
    """A colour as it is kept: ``#1c5d99``.

    Raises:
        ColourError: It is none.
    """
    found = text.strip().lower()
    found = found if found.startswith("#") else f"#{found}"
    if not _HEX.fullmatch(found):
        raise ColourError(f"“{text[:40]}” is no colour", place="accent", fix="Write six hexadecimal digits: #1c5d99.")
    return found


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def accents(colour: str) -> tuple[Accent, Accent]:
    """The accents of a colour in the light and the dark theme: itself, or the nearest lightness that can be read."""
    return _accent(colour, on=LIGHT, step=-_STEP), _accent(colour, on=DARK, step=_STEP)


def _accent(colour: str, *, on: str, step: float) -> Accent:
    light, chroma, hue = _to_oklch(colour)
    found = colour
    while contrast(found, on) < CONTRAST and 0 <= light + step <= 1:
        light += step
        found = _to_hex(light, chroma, hue)
    ink = max(INKS, key=lambda each: contrast(each, found))
    return Accent(found, ink, found != colour)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    red, green, blue = _channels(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklch(colour: str) -> tuple[float, float, float]:
    red, green, blue = _channels(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    light = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return light, math.hypot(a, b), math.atan2(b, a)


def _to_hex(light: float, chroma: float, hue: float) -> str:
    """The colour; one that no screen shows becomes less colourful until a screen does."""
    while True:
        found = _to_linear(light, chroma, hue)
        if chroma < 0.002 or all(-0.001 <= each <= 1.001 for each in found):
            return "#" + "".join(f"{round(_gamma(min(1, max(0, each))) * 255):02x}" for each in found)
        chroma *= 0.95


def _to_linear(light: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
