"""What is kept of limits: what was raised, the shares of customers, usage by day, and who has been warned."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import State
from tenants.limits.schemas import WHOLE
from tenants.scope.context import required_tenant
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import TenantTable

_METERS = [(meter.value, meter.label) for meter in Meter]


class RaisedLimit(PerTenant):
    """A limit that we raised for an organisation beyond its plan, until a moment or for good.

    `value` is None for no limit.
    """

    meter = models.CharField(max_length=30, choices=_METERS)
    value = models.BigIntegerField(null=True)
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=("meter",), name="one_raised_limit_per_meter"),)

    def __str__(self) -> str:
        return f"{self.meter} {self.value}"


class CustomerShare(PerTenant):
    """The most that one end customer may use up of a limit."""

    customer = TenantKey("tenants.Customer", models.CASCADE)
    meter = models.CharField(max_length=30, choices=_METERS)
    value = models.BigIntegerField()

    class Meta:
        constraints = (UniquePerTenant(fields=("customer", "meter"), name="one_share_per_customer_and_meter"),)

    def __str__(self) -> str:
        return f"{self.value} {self.meter} of {self.customer_id}"


class LimitWarning(PerTenant):
    """That a limit is near or reached, and in which window its owners were told; `part` is a customer or the whole.

    A row stays when the limit is far again, so that nobody is mailed twice in one window.
    """

    audited: ClassVar[bool] = False

    meter = models.CharField(max_length=30, choices=_METERS)
    part = models.UUIDField(default=WHOLE)
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in State])
    limit = models.BigIntegerField(null=True)
    used = models.BigIntegerField()
    resets_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    told_state = models.CharField(max_length=10, blank=True)
    told_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (UniquePerTenant(fields=("meter", "part"), name="one_warning_per_meter_and_part"),)

    def __str__(self) -> str:
        return f"{self.meter} {self.state}"


class UsageDay(TenantTable, models.Model):
    """What was used of a meter on a day of the organisation's time zone, in what the meter counts.

    The row of the whole organisation counts all; those of `part` (a customer, an API key) count theirs beside it. The
    row of storage is what there was when it was last measured that day. The writer of readings adds to it in the
    transaction that stores them.
    """

    audited: ClassVar[bool] = False

    pk = models.CompositePrimaryKey("tenant", "meter", "day", "part")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, default=required_tenant, editable=False, related_name="+",
        db_index=False,
    )  # fmt: skip
    meter = models.CharField(max_length=30)
    day = models.DateField()
    part = models.UUIDField(default=WHOLE)
    amount = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "tenants_usageday"

    def __str__(self) -> str:
        return f"{self.amount} {self.meter} on {self.day}"
