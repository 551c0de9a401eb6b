"""Units as people write them."""

from __future__ import annotations

import re

_SYMBOLS = {
    "1": "", "Cel": "°C", "[degF]": "°F", "[degR]": "°R", "deg": "°", "[psi]": "psi", "[lb_av]": "lb", "[ft_i]": "ft",
    "10*3.[ft_i]": "kft", "k[ft_i]": "kft", "[lbf_av]": "lbf", "[in_i]": "in", "u": "µ", "Ohm": "Ω",
}  # fmt: skip
_TOKENS = re.compile(r"k?\[[^\]]+\]|\{[^}]*\}|[A-Za-z%]+|[^A-Za-z%\[{]+")
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def symbol(code: str) -> str:
    """A UCUM code as a symbol beside a number: ``[degR]`` is °R, ``{rpm}`` rpm, ``m3/h`` m³/h, ``1`` nothing."""
    if code in _SYMBOLS:
        return _SYMBOLS[code]
    return "".join(_token(token) for token in _TOKENS.findall(code)).strip()


def _token(token: str) -> str:
    if token.startswith("{"):
        return token[1:-1]
    if re.fullmatch(r"-?\d+", token):
        return token.translate(_POWERS)
    if match := re.fullmatch(r"(-?\d+)([./]+)", token):
        return match[1].translate(_POWERS) + match[2].replace(".", "·")
    return _SYMBOLS.get(token, token.strip("[]").split("_")[0] if token.startswith("[") else token.replace(".", "·"))
