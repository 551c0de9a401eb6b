"""What is kept of readings. Tables that the ingest role writes are made by the migration; their models only read.

A reading is identified by tenant, signal and instant. `commit` counts the commits of a tenant: it is taken under a lock
that is held until the commit, so whoever has seen count n has seen all up to n. It is the mark by which later stages
know what is new to them; a time or an id would skip what was committed late.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.scope.context import required_tenant
from tenants.scope.models import PerTenant
from tenants.scope.tables import Custody, TenantTable
from twins.telemetry.schemas import Quality


class Owned(TenantTable, models.Model):
    """A tenant's row whose key is not a UUID of its own."""

    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.PROTECT,
        default=required_tenant,
        editable=False,
        related_name="+",
        db_index=False,
    )

    class Meta:
        abstract = True


class Signal(Owned):
    """One measured quantity of one asset, made when a published twin first binds it.

    `unit` is that of its stored values and never changes. `low` and `high` bound what is credible, in that unit. `id`
    says the retention class (`telemetry.schemas.Retention`); the sequence gives ids of the standard one.
    """

    id = models.BigAutoField(primary_key=True)
    twin = models.UUIDField()
    asset = models.UUIDField()
    key = models.CharField(max_length=64)
    unit = models.CharField(max_length=64)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "asset", "key"), name="signal_per_asset"),)
        indexes = (models.Index(fields=("tenant", "twin"), name="signal_by_twin"),)

    def __str__(self) -> str:
        return f"{self.asset}/{self.key}"


class Reading(Owned):
    """One value of one signal at one instant; of several that were sent, the last committed."""

    pk = models.CompositePrimaryKey("tenant", "at", "signal")
    signal = models.BigIntegerField()
    at = models.DateTimeField()
    value = models.FloatField()
    commit = models.BigIntegerField()
    quality = models.SmallIntegerField(choices=[(one.value, one.name.lower()) for one in Quality])

    custody: ClassVar[Custody] = Custody.READING
    kept_by: ClassVar[tuple[str, str]] = ("readings", "at")

    class Meta:
        managed = False
        db_table = "twins_reading"

    def __str__(self) -> str:
        return f"{self.signal} at {self.at}: {self.value}"


class LatestReading(Owned):
    """The newest reading of a signal, at most a moment behind the readings themselves."""

    pk = models.CompositePrimaryKey("tenant", "signal")
    signal = models.BigIntegerField()
    at = models.DateTimeField()
    value = models.FloatField()
    commit = models.BigIntegerField()
    quality = models.SmallIntegerField()

    class Meta:
        managed = False
        db_table = "twins_latestreading"

    def __str__(self) -> str:
        return f"{self.signal} at {self.at}: {self.value}"


class Batch(Owned):
    """A batch that was committed; another of the same name is not stored again.

    `first_at` and `last_at` bound the instants of its readings, both inclusive; empty when it stored none.
    """

    pk = models.CompositePrimaryKey("tenant", "gateway", "batch")
    gateway = models.UUIDField()
    batch = models.CharField(max_length=64)
    digest = models.BigIntegerField()
    commit = models.BigIntegerField()
    accepted = models.IntegerField()
    set_aside = models.IntegerField()
    received_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "twins_batch"

    def __str__(self) -> str:
        return f"{self.batch} of {self.gateway}"


class CommitCount(TenantTable, models.Model):
    """How many commits of readings a tenant has had."""

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.PROTECT, primary_key=True, related_name="+")
    value = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "twins_commitcount"

    def __str__(self) -> str:
        return str(self.value)


class Traffic(Owned):
    """How much a gateway has sent: in all, in the minute that began at `minute`, and in the minute before."""

    pk = models.CompositePrimaryKey("tenant", "gateway")
    gateway = models.UUIDField()
    last_seen_at = models.DateTimeField()
    minute = models.DateTimeField()
    this_minute = models.IntegerField()
    last_minute = models.IntegerField()
    readings = models.BigIntegerField()
    set_aside = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "twins_traffic"

    def __str__(self) -> str:
        return f"{self.readings} of {self.gateway}"


class UnboundKey(Owned):
    """A key that a gateway sends and no published twin reads, with the newest value it had."""

    pk = models.CompositePrimaryKey("tenant", "gateway", "key")
    gateway = models.UUIDField()
    key = models.CharField(max_length=256)
    at = models.DateTimeField()
    value = models.FloatField()
    seen_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "twins_unboundkey"

    def __str__(self) -> str:
        return f"{self.key} of {self.gateway}"


class SetAside(PerTenant):
    """Readings of one key in one batch that were set aside for one reason, with what was sent.

    `at` and `value` hold each reading's instant and value, null where that could not be read or is not finite. `key` is
    empty when the message was set aside as a whole, `batch` when it had no name.
    """

    gateway = models.UUIDField()
    batch = models.CharField(max_length=64, blank=True)
    key = models.CharField(max_length=256, blank=True)
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=400)
    fix = models.CharField(max_length=400)
    excerpt = models.CharField(max_length=500, blank=True)
    count = models.IntegerField()
    at = ArrayField(models.DateTimeField(null=True))
    value = ArrayField(models.FloatField(null=True))
    received_at = models.DateTimeField()

    kept_by: ClassVar[tuple[str, str]] = ("set_aside", "received_at")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "gateway", "id"), name="set_aside_by_gateway"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.code}"


class WriterSession(models.Model):
    """A process that writes readings; what it leaves behind when it is killed is how the next one knows.

    All readings committed before `flushed_at` are in `LatestReading`.
    """

    id = models.BigIntegerField(primary_key=True)
    flushed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} up to {self.flushed_at}"
