"""The fee of the period, exact until its one rounding, and each asset's own share of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from billing.contracts.domain import Contract, FlatFee, MeteredFee, PerAssetFee
from tenants.kernel.money import exponent, round_minor

MINIMUM = "up to the minimum"
"""So the part of a metered fee is called that the customer pays for volume that was committed and not taken."""


@dataclass(frozen=True, slots=True)
class FeePart:
    """One line a fee is made of.

    Attributes:
        name: An asset, or the price tier, such as ``0 to 100000``.
        quantity: Share of the period in service (dimensionless), or units of volume.
        price: Minor units per quantity.
    """

    name: str
    quantity: Fraction
    price: Fraction

    @property
    def exact(self) -> Fraction:
        """Minor units."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class FeeOutcome:
    """The fee of the period.

    Attributes:
        kind: ``flat``, ``per_asset`` or ``metered``.
        parts: What it is made of; none for a flat fee.
        exact: Minor units before rounding; the base that credits and bonuses are percentages of.
        minor: Minor units.
        volumes: Units by asset, of a metered fee.
    """

    kind: str
    parts: tuple[FeePart, ...]
    exact: Fraction
    minor: int
    volumes: Mapping[str, Fraction]


def charge(
    contract: Contract, period_ms: int, present: Mapping[str, int], volumes: Mapping[str, Fraction]
) -> FeeOutcome:
    """The fee of a contract.

    Args:
        contract: Its fee, currency and rounding.
        period_ms: Length of the period, milliseconds.
        present: Milliseconds in service within the period, by asset.
        volumes: What the counter of each asset rose by, in the unit of the fee.
    """
    fee = contract.fee
    if isinstance(fee, FlatFee):
        return FeeOutcome("flat", (), Fraction(fee.minor), fee.minor, {})
    if isinstance(fee, PerAssetFee):
        kind, parts = "per_asset", _asset_parts(fee, period_ms, present)
    else:
        total = sum(volumes.values(), Fraction(0))
        kind, parts = "metered", _committed(fee, _tier_parts(fee, total, 10 ** exponent(contract.currency)))
    exact = sum((part.exact for part in parts), Fraction(0))
    used = volumes if kind == "metered" else {}
    return FeeOutcome(kind, parts, exact, round_minor(exact, contract.rounding), used)


def shares(fee: FeeOutcome, assets: Sequence[str], present: Mapping[str, int]) -> dict[str, Fraction]:
    """Each asset's own share of the fee, exact minor units.

    Of a fee per asset it is the asset's own fee, of a metered charge the part of its volume; a flat fee is shared
    between the assets of the clause by their time in service, and so is a minimum between all assets without volume.
    """
    if fee.kind == "per_asset":
        own = {part.name: part.exact for part in fee.parts}
        return {asset: own[asset] for asset in assets}
    weights: Mapping[str, Fraction] = fee.volumes
    if not any(weights.values()):
        sharing = present if fee.kind == "metered" else assets
        weights = {asset: Fraction(present[asset]) for asset in sharing}
    pool = sum(weights.values(), Fraction(0))
    return {asset: fee.exact * weights[asset] / pool if pool else Fraction(0) for asset in assets}


def _asset_parts(fee: PerAssetFee, period_ms: int, present: Mapping[str, int]) -> tuple[FeePart, ...]:
    price = Fraction(fee.minor)
    return tuple(
        FeePart(asset, Fraction(length, period_ms) if fee.prorated else Fraction(length > 0), price)
        for asset, length in sorted(present.items())
    )


def _committed(fee: MeteredFee, parts: tuple[FeePart, ...]) -> tuple[FeePart, ...]:
    """The parts, with what they lack to the minimum."""
    lacking = (fee.minimum or 0) - sum((part.exact for part in parts), Fraction(0))
    return (*parts, FeePart(MINIMUM, Fraction(1), lacking)) if lacking > 0 else parts


def taken(parts: Sequence[Mapping[str, Any]]) -> Fraction:
    """The volume that was taken, of a metered fee: the quantity of its printed parts but for the minimum."""
    return sum((Fraction(part["quantity"]) for part in parts if part["name"] != MINIMUM), Fraction(0))


def _tier_parts(fee: MeteredFee, volume: Fraction, minor_per_major: int) -> tuple[FeePart, ...]:
    """Volume by price tier; a tier includes its end, so a volume of exactly ``to`` is still in it."""
    parts: list[FeePart] = []
    low = Fraction(0)
    for tier in fee.tiers:
        high = volume if tier.to is None else min(volume, tier.to)
        name = f"above {low}" if tier.to is None else f"{low} to {tier.to}"
        parts.append(FeePart(name, max(high - low, Fraction(0)), tier.price * minor_per_major))
        if tier.to is None or volume <= tier.to:
            break
        low = tier.to
    if fee.mode == "graduated":
        return tuple(parts)
    return (FeePart(parts[-1].name, volume, parts[-1].price),)
