"""Evidence that does not fit together: kept as it came, taken as the rules say, and told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tenants.kernel.errors import Finding
from twins.evidence.domain.items import Bools, Item, Walk

_TEXTS = {
    "event.shop_in_repeated": (
        "It enters the shop although it is there already; it stays in the shop.",
        "Record the shop_out between the two visits, if there were two.",
    ),
    "event.failed_repeated": (
        "It fails although it has failed and has not returned; it stays down from the first failure.",
        "Record the return between the two failures, if there were two.",
    ),
    "event.shop_out_unexplained": (
        "It leaves the shop, and no event says when it entered; the time back to what was known last is unknown.",
        "Record the shop_in.",
    ),
    "event.returned_unexplained": (
        "It returns, and no event says from what; the time back to what was known last is unknown.",
        "Record the failure or the visit that it returned from.",
    ),
    "event.after_retired": (
        "It happens after the asset was retired, and changes no state.",
        "Check both events; an asset in service again is a new asset.",
    ),
    "flight.while_down": (
        "It took off while it was said to be down; the flight is counted, its state is unknown until it has landed.",
        "Record the return or the shop_out that came before the flight.",
    ),
    "flight.after_retired": (
        "It took off after the asset was retired; the flight is counted, and changes no state.",
        "Check the event and the gateway's bindings; an asset in service again is a new asset.",
    ),
}


class Breach(NamedTuple):
    """One item that does not fit what it follows on.

    Attributes:
        asset: The number of the asset.
        at: When, in milliseconds since 1970.
        event: The number of the event in the columns it came from, -1 for a flight.
        code: What is wrong with it.
    """

    asset: int
    at: int
    event: int
    code: str

    def finding(self, place: str) -> Finding:
        """The breach in words."""
        return Finding(self.code, place, *_TEXTS[self.code])


def breaches(items: Walk) -> list[Breach]:
    """What does not fit, asset by asset in the order of time; one finding for each item."""
    is_flight, late = items.kind == Item.FLIGHT, items.was_retired
    kinds: list[tuple[str, Bools]] = [
        ("event.after_retired", late & ~is_flight),
        ("flight.after_retired", late & is_flight),
        ("event.shop_in_repeated", items.is_repeated & (items.kind == Item.SHOP_IN)),
        ("event.failed_repeated", items.is_repeated & (items.kind == Item.FAILED)),
        ("event.shop_out_unexplained", items.is_unexplained & (items.kind == Item.SHOP_OUT)),
        ("event.returned_unexplained", items.is_unexplained & (items.kind == Item.RETURNED)),
        ("flight.while_down", items.is_disputed),
    ]
    codes = [code for code, _ in kinds]
    which = np.select([flag for _, flag in kinds], list(range(len(kinds))), -1)
    return [
        Breach(int(items.asset[one]), int(items.at[one]), int(items.event[one]), codes[which[one]])
        for one in np.flatnonzero(which >= 0).tolist()
    ]
