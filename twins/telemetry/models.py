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
from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import Custody, TenantTable


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
    says the retention class (`telemetry.partitions.Retention`); the sequence gives ids of the standard one.
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


class ReadingLog(Owned):
    """The readings that one commit made of a tenant's, packed, until they are compacted into chunks.

    `first_at` and `last_at` bound their instants, both inclusive.
    """

    pk = models.CompositePrimaryKey("tenant", "commit")
    commit = models.BigIntegerField()
    count = models.IntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    received_at = models.DateTimeField()
    payload = models.BinaryField()

    custody: ClassVar[Custody] = Custody.READING
    exported: ClassVar[bool] = False  # with the chunks, as one

    class Meta:
        managed = False
        db_table = "twins_readinglog"

    def __str__(self) -> str:
        return f"{self.count} of commit {self.commit}"


class Chunk(Owned):
    """The readings of one signal in one hour, or one day or month of a signal that has few (`chunks.Span`), packed.

    Of several revisions of a reading it holds the last committed. `first_at` and `last_at` bound the instants, both
    inclusive; `commit` is the newest with which any of them came. `rolled` says that the rollups
    know of them.
    """

    pk = models.CompositePrimaryKey("tenant", "signal", "start")
    signal = models.BigIntegerField()
    start = models.DateTimeField()
    span = models.SmallIntegerField()
    count = models.IntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    low = models.FloatField()
    high = models.FloatField()
    sum = models.FloatField()
    last = models.FloatField()
    commit = models.BigIntegerField()
    rolled = models.BooleanField()
    payload = models.BinaryField()

    custody: ClassVar[Custody] = Custody.READING
    kept_by: ClassVar[tuple[str, str]] = ("readings", "first_at")
    packed_by: ClassVar[str] = "twins.telemetry.trimming.PAST"
    unpacked: ClassVar[str] = "twins.telemetry.archive.READINGS"

    class Meta:
        managed = False
        db_table = "twins_chunk"

    def __str__(self) -> str:
        return f"{self.count} of {self.signal} from {self.start}"


class Rollup(Owned):
    """What the readings of a signal come to, packed: minutes by the day, hours by the month, days by the year.

    `grain` is the length of each in microseconds. They stay when the readings are no longer kept.
    """

    pk = models.CompositePrimaryKey("tenant", "signal", "grain", "start")
    signal = models.BigIntegerField()
    grain = models.BigIntegerField()
    start = models.DateTimeField()
    payload = models.BinaryField()

    custody: ClassVar[Custody] = Custody.READING
    unpacked: ClassVar[str] = "twins.telemetry.archive.ROLLUPS"

    class Meta:
        managed = False
        db_table = "twins_rollup"

    def __str__(self) -> str:
        return f"{self.signal} from {self.start}"


class Compaction(TenantTable, models.Model):
    """Up to which of a tenant's commits readings are in chunks."""

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.PROTECT, primary_key=True, related_name="+")
    upto = models.BigIntegerField()

    exported: ClassVar[bool] = False

    class Meta:
        managed = False
        db_table = "twins_compaction"

    def __str__(self) -> str:
        return str(self.upto)


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
    """How much a gateway has sent: in all, in the minute that began at `minute`, and in the minute before.

    `clock_us` is the least that came between what a batch says of its time and its arrival, in microseconds, in the ten
    minutes that began at `clock_at`, `former_clock_us` in the ten before: by so much the gateway's clock is behind ours
    at most. `late_us` is how old the newest reading of the newest batch was. `backlog` and `version` are what the
    gateway says of itself: readings that wait to be sent, and its program.
    """

    pk = models.CompositePrimaryKey("tenant", "gateway")
    gateway = models.UUIDField()
    last_seen_at = models.DateTimeField()
    minute = models.DateTimeField()
    this_minute = models.IntegerField()
    last_minute = models.IntegerField()
    readings = models.BigIntegerField()
    set_aside = models.BigIntegerField()
    clock_at = models.DateTimeField(null=True)
    clock_us = models.BigIntegerField(null=True)
    former_clock_us = models.BigIntegerField(null=True)
    late_us = models.BigIntegerField(null=True)
    backlog = models.BigIntegerField(null=True)
    version = models.CharField(max_length=60)

    class Meta:
        managed = False
        db_table = "twins_traffic"

    def __str__(self) -> str:
        return f"{self.readings} of {self.gateway}"


class UnboundKey(Owned):
    """A key that a gateway sends and no published twin reads, with the newest value it had.

    `seen` counts the readings that came of it, `low` and `high` bound their values; `recent_at` and `recent_value` are
    the newest of them as they arrived, at most `telemetry.glimpses.GLIMPSED`. Those of a key that is read by now are
    what they were before.
    """

    pk = models.CompositePrimaryKey("tenant", "gateway", "key")
    gateway = models.UUIDField()
    key = models.CharField(max_length=256)
    at = models.DateTimeField()
    value = models.FloatField()
    seen_at = models.DateTimeField()
    seen = models.BigIntegerField(default=1)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    recent_at = ArrayField(models.DateTimeField(), default=list)
    recent_value = ArrayField(models.FloatField(), default=list)

    class Meta:
        managed = False
        db_table = "twins_unboundkey"

    def __str__(self) -> str:
        return f"{self.key} of {self.gateway}"


class SetAside(PerTenant):
    """Readings of one key in one batch that were set aside for one reason, with what was sent.

    `at` and `value` hold each reading's instant and value, null where that could not be read or is not finite. `key` is
    empty when the message was set aside as a whole, `batch` when it had no name. Once they were replayed, `replayed_at`
    says when and `stored` how many of them are readings now; the rest was set aside anew, with the newer reason.
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
    replayed_at = models.DateTimeField(null=True)
    stored = models.IntegerField(null=True)

    kept_by: ClassVar[tuple[str, str]] = ("set_aside", "received_at")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "gateway", "id"), name="set_aside_by_gateway"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.code}"


class LateReadings(PerTenant):
    """How many readings of a signal came late on a day of UTC, and by how much the latest of them did."""

    signal = models.BigIntegerField()
    day = models.DateField()
    count = models.BigIntegerField()
    worst_us = models.BigIntegerField()

    class Meta:
        constraints = (UniquePerTenant(fields=("signal", "day"), name="late_readings_per_day"),)

    def __str__(self) -> str:
        return f"{self.count} of {self.signal} on {self.day}"


class Substitution(PerTenant):
    """Readings of one signal that a person or a later estimate replaced, with what was there before.

    `at` are instants of stored readings, `value` what they have from now on, `former_value` and `former_quality` what
    they had. `commit` is null until it is stored. One that undoes another names it in `undoes`, and puts back what was.
    """

    twin = models.UUIDField()
    asset = models.UUIDField()
    key = models.CharField(max_length=64)
    signal = models.BigIntegerField()
    at = ArrayField(models.DateTimeField())
    value = ArrayField(models.FloatField())
    quality = ArrayField(models.SmallIntegerField())
    former_value = ArrayField(models.FloatField())
    former_quality = ArrayField(models.SmallIntegerField())
    reason = models.CharField(max_length=400)
    by = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    commit = models.BigIntegerField(null=True)
    undoes = models.UUIDField(null=True)

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "twin", "id"), name="substitution_by_twin"),)
        constraints = (
            UniquePerTenant(
                fields=("undoes",), name="substitution_undone_once", condition=models.Q(undoes__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{len(self.at)} readings of {self.asset}/{self.key}: {self.reason}"


class WriterSession(models.Model):
    """A process that writes readings; what it leaves behind when it is killed is how the next one knows.

    All readings committed before `flushed_at` are in `LatestReading`.
    """

    id = models.BigIntegerField(primary_key=True)
    flushed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} up to {self.flushed_at}"
