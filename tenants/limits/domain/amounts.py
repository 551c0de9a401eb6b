"""Numbers of limits as people read them."""

from __future__ import annotations

from tenants.limits.domain.plans import Meter

_SIZES = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def shown(meter: Meter, number: int) -> str:
    """A number of a meter, in its units: thousands apart; bytes in decimal units, as the limits of plans are."""
    if meter is not Meter.STORAGE:
        return f"{number:,}"
    for unit, size in _SIZES:
        if number >= size:
            return f"{_sensible(number / size)} {unit}"
    return f"{number} B"


def counted(meter: Meter, number: int) -> str:
    """A number of a meter with what it counts: ``12 gateways``, ``1.64 TB of storage``."""
    return f"{shown(meter, number)} {meter.things}"


def _sensible(number: float) -> str:
    """Three digits that say something; no zeros behind the point that say nothing."""
    places = 2 if number < 10 else 1 if number < 100 else 0
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text
