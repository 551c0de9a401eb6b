"""Types that cross the gateways' boundary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SETTING_KEYS = ("altitude", "mach", "tra")
"""Keys of the columns of ``FlightHistory.settings``, which are keys of the type ``turbofan-engine@1``."""
SENSOR_KEYS = (
    *("t2", "t24", "t30", "t50", "p2", "p15", "p30", "nf", "nc", "epr", "ps30", "phi", "nrf", "nrc", "bpr"),
    *("farb", "htbleed", "nf_dmd", "pcnfr_dmd", "w31", "w32"),
)
"""Keys of the columns of ``FlightHistory.sensors``, in the order of table 2 of Saxena et al. 2008."""


@dataclass(frozen=True, slots=True, eq=False)
class FlightHistory:
    """What one engine recorded, one snapshot a flight, in the order it was flown.

    The columns are those of the published run-to-failure files (Saxena and Goebel 2008), so a reader of those files
    and a simulator give the same thing.

    Attributes:
        unit: The engine's number.
        cycles: Number of each flight, counted from 1, shape ``(n,)``.
        settings: Altitude in 1000 ft, Mach number and throttle resolver angle, shape ``(n, 3)``.
        sensors: The 21 measured quantities in their published units, shape ``(n, 21)``.
    """

    unit: int
    cycles: NDArray[np.int64]
    settings: NDArray[np.float64]
    sensors: NDArray[np.float64]
