"""Plans: what an organisation may have and use, as data that is checked when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """How a meter is measured, and so when it is free again."""

    COUNT = "count"
    """So many at the same time; free again when one is removed."""
    LEVEL = "level"
    """How much there is, measured some times a day."""
    RATE = "rate"
    """So much a second, with bursts; free again within seconds."""
    DAY = "day"
    """So much a day of the organisation's time zone."""
    MONTH = "month"
    """So much a calendar month of the organisation's time zone."""


class Meter(StrEnum):
    """What is limited; the value is its name in the API."""

    TWINS = "twins"
    ASSETS = "assets"
    SIGNALS = "signals"
    GATEWAYS = "gateways"
    SEATS = "seats"
    CUSTOMERS = "customers"
    READINGS_PER_SECOND = "readings_per_second"
    READINGS_PER_DAY = "readings_per_day"
    REQUESTS_PER_DAY = "requests_per_day"
    JOB_MINUTES = "job_minutes"
    STORAGE = "storage"

    @property
    def kind(self) -> Kind:
        """How it is measured."""
        return _KINDS.get(self, Kind.COUNT)

    @property
    def is_metered(self) -> bool:
        """Whether it is counted up over a window, and so has a history by day."""
        return self.kind in (Kind.DAY, Kind.MONTH)

    @property
    def per_unit(self) -> int:
        """Of what is counted, how much makes one unit of the limit: job minutes are counted in seconds."""
        return 60 if self is Meter.JOB_MINUTES else 1

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]

    @property
    def things(self) -> str:
        """What its numbers count, after a number."""
        return _THINGS[self]


_KINDS = {
    Meter.READINGS_PER_SECOND: Kind.RATE,
    Meter.READINGS_PER_DAY: Kind.DAY,
    Meter.REQUESTS_PER_DAY: Kind.DAY,
    Meter.JOB_MINUTES: Kind.MONTH,
    Meter.STORAGE: Kind.LEVEL,
}
_LABELS = {
    Meter.TWINS: "Twins",
    Meter.ASSETS: "Assets",
    Meter.SIGNALS: "Signals",
    Meter.GATEWAYS: "Gateways",
    Meter.SEATS: "Seats",
    Meter.CUSTOMERS: "Customers",
    Meter.READINGS_PER_SECOND: "Readings per second",
    Meter.READINGS_PER_DAY: "Readings per day",
    Meter.REQUESTS_PER_DAY: "API requests per day",
    Meter.JOB_MINUTES: "Job minutes per month",
    Meter.STORAGE: "Storage",
}
_THINGS = {
    Meter.TWINS: "twins",
    Meter.ASSETS: "assets in published twins",
    Meter.SIGNALS: "signals bound in published twins",
    Meter.GATEWAYS: "gateways",
    Meter.SEATS: "seats",
    Meter.CUSTOMERS: "customers",
    Meter.READINGS_PER_SECOND: "readings a second",
    Meter.READINGS_PER_DAY: "readings a day",
    Meter.REQUESTS_PER_DAY: "API requests a day",
    Meter.JOB_MINUTES: "job minutes a month",
    Meter.STORAGE: "of storage",
}
SHARED = (Meter.GATEWAYS, Meter.SEATS, Meter.READINGS_PER_SECOND, Meter.READINGS_PER_DAY)
"""What an end customer of the organisation can use up, and so can be given a share of."""


class Feature(StrEnum):
    """What a plan has or has not."""

    SINGLE_SIGN_ON = "sso"
    PROVISIONING = "scim"
    BRANDING = "branding"
    CUSTOM_ROLES = "custom_roles"
    CUSTOM_DOMAIN = "custom_domain"

    @property
    def label(self) -> str:
        """What people call it."""
        return _FEATURES[self]


_FEATURES = {
    Feature.SINGLE_SIGN_ON: "Single sign-on",
    Feature.PROVISIONING: "Provisioning of people (SCIM)",
    Feature.BRANDING: "Branding",
    Feature.CUSTOM_ROLES: "Roles of your own",
    Feature.CUSTOM_DOMAIN: "Addresses of your own (custom domain)",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What an organisation may have and use; a version never changes.

    Attributes:
        key: Its name in addresses and documents.
        name: What people call it.
        version: Counts up whenever a limit or a feature changes.
        limits: Of each meter, in its units; None for no limit.
        burst: Readings that may come at once, after a time of quiet; the bucket that ``readings_per_second`` fills.
        retention_days: How long readings can be kept.
        features: What is in it.
        is_open: Whether an organisation can choose it by itself; the others are agreed with us.
    """

    key: str
    name: str
    version: int
    limits: Mapping[Meter, int | None]
    burst: int
    retention_days: int
    features: frozenset[Feature]
    is_open: bool = True

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ValueError: A limit is missing, negative, or the burst is smaller than what one second brings.
        """
        if missing := [meter for meter in Meter if meter not in self.limits]:
            raise ValueError(f"the plan {self.key} says nothing of {', '.join(missing)}")
        if any(limit is not None and limit < 0 for limit in self.limits.values()):
            raise ValueError(f"the plan {self.key} has a negative limit")
        if self.burst < (self.limits[Meter.READINGS_PER_SECOND] or 0) or self.retention_days < 1 or self.version < 1:
            raise ValueError(f"the plan {self.key} has a burst, retention or version that is too small")
        object.__setattr__(self, "limits", MappingProxyType(dict(self.limits)))


_GB = 10**9
_LIMITS: Mapping[str, tuple[int | None, ...]] = {
    # twins, assets, signals, gateways, seats, customers, readings/s, readings/day, requests/day, job minutes, storage
    "trial": (10, 500, 12_000, 10, 10, 10, 1_000, 5_000_000, 50_000, 600, 5 * _GB),
    "team": (50, 2_500, 60_000, 50, 25, 25, 5_000, 50_000_000, 200_000, 3_000, 100 * _GB),
    "business": (500, 25_000, 600_000, 500, 200, 250, 50_000, 1_000_000_000, 2_000_000, 30_000, 2_000 * _GB),
    "enterprise": (None,) * len(Meter),
}


def _limits(key: str) -> dict[Meter, int | None]:
    return dict(zip(Meter, _LIMITS[key], strict=True))


_BUILT_IN = (
    Plan(
        "trial", "Trial", 1, _limits("trial"), burst=100_000, retention_days=90,
        features=frozenset({Feature.BRANDING, Feature.CUSTOM_ROLES}), is_open=False,
    ),
    Plan(
        "team", "Team", 1, _limits("team"), burst=300_000, retention_days=400,
        features=frozenset({Feature.BRANDING, Feature.CUSTOM_ROLES}),
    ),
    Plan(
        "business", "Business", 1, _limits("business"), burst=3_000_000, retention_days=1_100,
        features=frozenset(Feature) - {Feature.PROVISIONING},
    ),
    Plan(
        "enterprise", "Enterprise", 1, _limits("enterprise"), burst=10_000_000, retention_days=3_700,
        features=frozenset(Feature), is_open=False,
    ),
)  # fmt: skip
PLANS: Mapping[str, Plan] = MappingProxyType({plan.key: plan for plan in _BUILT_IN})
"""The built-in plans by key, the smallest first."""
