"""Units as people write them."""

from __future__ import annotations

import pytest

from twins.language.symbols import symbol


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1", ""),
        ("Cel", "°C"),
        ("[degR]", "°R"),
        ("[psi]", "psi"),
        ("{rpm}", "rpm"),
        ("m3/h", "m³/h"),
        ("kW", "kW"),
        ("[lb_av]/s", "lb/s"),
        ("k[ft_i]", "kft"),
        ("10*3.[ft_i]", "kft"),
        ("[lbf_av]", "lbf"),
        ("[lb_av]/s/[psi]", "lb/s/psi"),
        ("%", "%"),
        ("m.s-2", "m·s⁻²"),
        ("deg", "°"),
    ],
)
def test_symbols(code: str, text: str) -> None:
    assert symbol(code) == text
