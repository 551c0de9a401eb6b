"""The rules again, told one moment at a time and as slowly as they read: what the columns are checked against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from twins.evidence.domain.items import Events, Flights, Item, Rule


class Known(NamedTuple):
    """One flight or event of one asset."""

    at: int
    kind: Item
    received: int = 0


def columns(assets: Sequence[Iterable[Known]]) -> tuple[Flights, Events]:
    """What is known of each asset, as the domain takes it."""
    rows = [(number, *one) for number, asset in enumerate(assets) for one in asset]
    flown = np.array([(a, at, r) for a, at, kind, r in rows if kind == Item.FLIGHT], np.int64).reshape(-1, 3)
    said = np.array([(a, at, kind, r) for a, at, kind, r in rows if kind != Item.FLIGHT], np.int64).reshape(-1, 4)
    return Flights(*flown.T), Events(*said.T)


def state_at(asset: Iterable[Known], moment: int, rule: Rule) -> tuple[str, str]:
    """State and cause at a moment."""
    items = sorted(asset, key=lambda one: (one.at, one.kind))
    past, future = [one for one in items if one.at <= moment], [one for one in items if one.at > moment]
    is_in_shop, is_failed, disputed_until = _down(past, rule)
    if any(one.kind == Item.RETIRED for one in past):
        found = "unknown", "retired"
    elif is_in_shop or is_failed:
        cause = ("repair" if is_failed else "shop") if is_in_shop else "failed"
        found = ("unknown", "contradiction") if moment < disputed_until else ("down", cause)
    elif all(one.kind != Item.FLIGHT for one in past):
        found = "unknown", "before_first_flight"
    else:
        found = _otherwise(past, future[0] if future else None, moment, rule)
    return found


def _otherwise(past: Sequence[Known], following: Known | None, moment: int, rule: Rule) -> tuple[str, str]:
    """State and cause of an asset that has flown and is not said to be down."""
    last = past[-1]
    landing = last.at + rule.flight_ms
    if last.kind == Item.FLIGHT and moment < landing:
        return "up", "flights"
    if following is not None and _is_unexplained(past, following):
        return "unknown", "unexplained"
    if last.kind != Item.FLIGHT:
        return "up", last.kind.name.lower()
    is_near = following is not None and following.at - landing <= rule.max_gap_ms
    return ("up", "flights") if is_near else ("unknown", "silence")


def _down(past: Sequence[Known], rule: Rule) -> tuple[bool, bool, int]:
    is_in_shop = is_failed = False
    disputed_until = 0
    for one in past:
        if one.kind == Item.FLIGHT and (is_in_shop or is_failed):
            disputed_until = one.at + rule.flight_ms
        elif one.kind == Item.SHOP_IN:
            is_in_shop = True
        elif one.kind == Item.SHOP_OUT:
            is_in_shop = False
        elif one.kind == Item.RETURNED:
            is_in_shop = is_failed = False
        elif one.kind == Item.FAILED:
            is_failed = True
    return is_in_shop, is_failed, disputed_until


def _is_unexplained(past: Sequence[Known], following: Known) -> bool:
    is_in_shop, is_failed, _ = _down(past, Rule())
    if following.kind == Item.SHOP_OUT:
        return not is_in_shop
    if following.kind == Item.RETURNED:
        return not is_in_shop and not is_failed and past[-1].kind != Item.SHOP_OUT
    return False


def flown_by(asset: Iterable[Known], moment: int, rule: Rule) -> int:
    """How many flights had landed by a moment."""
    return sum(one.kind == Item.FLIGHT and one.at + rule.flight_ms <= moment for one in asset)


def as_seen(reports: Iterable[tuple[int, int, str, int]], moment: int, cutoff: int) -> str:
    """The state that reports (start, end, state, received) give a moment, as a rating engine reads them."""
    seen = [
        (received, state) for start, end, state, received in reports if start <= moment < end and received <= cutoff
    ]
    return max(seen)[1] if seen else "unknown"
