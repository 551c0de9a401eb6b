"""What was told to Stripe's meters, to read: how it stands there, and what keeps it from being told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from billing.payments.models import ProviderKind
from billing.payments.selectors import chosen_provider
from billing.plans.domain.meters import Checked, Said, to_tell
from billing.plans.models import (
    MeteredCustomer,
    MeterReport,
    MeterSettings,
    MeterTally,
    MeterTelling,
    StripeMeter,
)


def meter_settings() -> MeterSettings | None:
    """Whether usage is told to Stripe's meters; None while nobody has ever chosen it."""
    return MeterSettings.objects.first()


def is_told() -> bool:
    """Whether usage is told to Stripe's meters now: it was chosen, and Stripe is."""
    row = meter_settings()
    return row is not None and row.is_on and chosen_provider() == ProviderKind.STRIPE


def ready_meters(now: datetime) -> QuerySet[StripeMeter]:
    """The meters that can be told: found at Stripe not long ago, as they have to be, and not being looked for now."""
    return StripeMeter.objects.filter(finding__isnull=True, attempts=0, look_at__gt=now).exclude(object_id="")


def due_tallies(now: datetime) -> QuerySet[MeterTally]:
    """The tallies whose time to be told has come, where Stripe is called about no other month of the same meter.

    Stripe takes one call at a time for each customer and meter.
    """
    busy = MeterTally.objects.filter(
        account=OuterRef("account"), type=OuterRef("type"), leased_until__gt=now
    )  # fmt: skip
    customers = MeteredCustomer.objects.exclude(object_id="").values("account")
    return MeterTally.objects.filter(
        ~Exists(busy), next_at__lte=now, type__in=ready_meters(now).values("type"), account__in=customers
    )


def due_looks(now: datetime) -> QuerySet[MeterTally]:
    """The tallies whose time to be looked at has come."""
    customers = MeteredCustomer.objects.exclude(object_id="").values("account")
    known = StripeMeter.objects.exclude(object_id="").values("type")
    return MeterTally.objects.filter(look_at__lte=now, type__in=known, account__in=customers)


def is_telling_due(*, now: datetime) -> bool:
    """Whether something is to be told, made, found, read or looked at at Stripe."""
    return is_told() and (
        due_tallies(now).exists()
        or due_looks(now).exists()
        or StripeMeter.objects.filter(look_at__lte=now).exists()
        or MeteredCustomer.objects.filter(next_at__lte=now).exists()
        or MeterReport.objects.filter(next_at__lte=now).exists()
    )


def said(tally: MeterTally) -> list[Said]:
    """What was told of a tally since the last proof, in order."""
    rows = MeterTelling.objects.filter(tally=tally, position__gt=tally.checked_position).order_by("position")
    return [Said(*each) for each in rows.values_list("position", "value", "at", "state", "tried_at")]


def checked(tally: MeterTally) -> Checked:
    """What the last look has proven of a tally."""
    return Checked(tally.checked_position, tally.checked_value)


def tallies() -> QuerySet[MeterTally]:
    """What each account used of each meter by month, the newest month first, with how it stands at Stripe."""
    return MeterTally.objects.select_related("account")


def meters() -> Sequence[StripeMeter]:
    """The meters at Stripe, by type; one with a finding is told nothing."""
    return list(StripeMeter.objects.all())


def customers_in_trouble() -> Sequence[MeteredCustomer]:
    """The accounts whose customer could not be found at Stripe."""
    return list(MeteredCustomer.objects.exclude(finding__isnull=True).select_related("account"))


def troubles() -> int:
    """How much of what is told to Stripe's meters waits for a person, or for something to be mended."""
    return sum(
        model.objects.exclude(finding__isnull=True).count() for model in (StripeMeter, MeteredCustomer, MeterTally)
    )  # fmt: skip


def standing(tally: MeterTally, formulas: Mapping[str, str]) -> str:
    """How a tally stands: ``attention``, ``waiting``, ``told`` (Stripe has taken all of it) or ``agrees``."""
    if tally.finding is not None:
        return "attention"
    if to_tell(formulas.get(tally.type, "sum"), int(tally.counted), tally.told) is not None:
        return "waiting"
    return "agrees" if tally.seen == int(tally.counted) else "told"
