"""Alarms: the rules that people made, how each alarm stands, all that happened to it, and who is told."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from twins.alarms.domain.states import AlarmState, Priority
from twins.composer.models import Twin

STATES = [(each.value, each.value) for each in AlarmState]
PRIORITIES = [(each.value, each.value) for each in Priority]


class AlarmRule(PerTenant):
    """An alarm that people made, or what they want in place of one of a type.

    It holds for one asset, or for all assets of a type (`asset_type`, a key without version; those that extend it too),
    in one twin or in all. The narrower of two of one key counts, and any of them counts before what the type says.

    Attributes:
        key: The alarm's name within its asset.
        document: The alarm, as an asset type has it (`twins.catalog.schemas.Alarm`).
        is_enabled: Off takes an alarm of this key away, also that of the type.
        version: Counts its changes.
    """

    key = models.CharField(max_length=64)
    asset_type = models.CharField(max_length=64, blank=True)
    twin = TenantKey(Twin, models.CASCADE, null=True)
    asset = models.UUIDField(null=True)
    document = models.JSONField()
    is_enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("key", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "key", "asset_type", "twin", "asset"), nulls_distinct=False, name="alarm_rule_once"
            ),
        )

    def __str__(self) -> str:
        return self.key


class AlarmRuleVersion(PerTenant):
    """A rule as it was from a change on; written once."""

    rule = models.UUIDField()
    version = models.PositiveIntegerField()
    document = models.JSONField()
    is_enabled = models.BooleanField()
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-version",)
        constraints = (UniquePerTenant(fields=("rule", "version"), name="alarm_rule_version_once"),)

    def __str__(self) -> str:
        return f"{self.rule} version {self.version}"


class Alarm(PerTenant):
    """How one alarm of one asset stands; made when it is first active, or first touched by a person.

    `place` orders the list (`domain.states.place_in_list`); `recent` are the instants of the last annunciations.
    """

    twin = TenantKey(Twin, models.CASCADE)
    asset = models.UUIDField()
    key = models.CharField(max_length=64)
    asset_name = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    signal = models.CharField(max_length=64, blank=True)
    unit = models.CharField(max_length=64, blank=True)
    priority = models.CharField(max_length=10, choices=PRIORITIES)
    state = models.CharField(max_length=16, choices=STATES, default=AlarmState.NORMAL.value)
    place = models.BigIntegerField()
    is_active = models.BooleanField(default=False)
    is_acknowledged = models.BooleanField(default=True)
    is_latched = models.BooleanField(default=False)
    is_suppressed = models.BooleanField(default=False)
    is_out_of_service = models.BooleanField(default=False)
    shelved_until = models.DateTimeField(null=True)
    hidden_by = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    value = models.FloatField(null=True)
    activated_at = models.DateTimeField(null=True)
    annunciated_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=254, blank=True)
    recent = ArrayField(models.BigIntegerField(), default=list)

    twin_path: ClassVar[str] = "twin"
    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("place", "id")
        constraints = (UniquePerTenant(fields=("asset", "key"), name="alarm_per_asset"),)
        indexes = (
            models.Index(fields=("tenant", "place", "id"), name="alarm_by_place"),
            models.Index(fields=("tenant", "shelved_until"), name="alarm_by_shelf"),
        )

    def __str__(self) -> str:
        return f"{self.asset_name}: {self.name}"


class EventKind(models.TextChoices):
    """What can happen to an alarm."""

    ACTIVATED = "activated"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    ESCALATED = "escalated"
    WITHDRAWN = "withdrawn"


class AlarmEvent(PerTenant):
    """Something that happened to an alarm; written once, the database refuses to change it.

    Attributes:
        at: When it happened, for transitions the exact instant.
        recorded_at: When it was written down.
        is_annunciation: Whether it called for an operator.
        site: Where the twin stood then.
    """

    alarm = TenantKey(Alarm, models.CASCADE)
    twin = TenantKey(Twin, models.CASCADE)
    site = models.UUIDField(null=True)
    kind = models.CharField(max_length=16, choices=EventKind.choices)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    value = models.FloatField(null=True)
    priority = models.CharField(max_length=10, choices=PRIORITIES)
    is_annunciation = models.BooleanField(default=False)

    twin_path: ClassVar[str] = "twin"
    audited: ClassVar[bool] = False
    kept_by: ClassVar[tuple[str, str]] = ("audit", "recorded_at")

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("tenant", "alarm", "at"), name="alarm_event_by_alarm"),
            models.Index(fields=("tenant", "at"), name="alarm_annunciations", condition=models.Q(is_annunciation=True)),
            models.Index(fields=("tenant", "recorded_at"), name="alarm_event_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"


class AlarmMemory(PerTenant):
    """What is remembered of all alarms of one twin between readings: packed, for one row is written for thousands.

    `mark` tells for which conditions it was packed, `due_at` is when the first delay runs out.
    """

    twin = TenantKey(Twin, models.CASCADE)
    packed = models.BinaryField()
    mark = models.CharField(max_length=64)
    due_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False
    exported: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("twin",), name="alarm_memory_per_twin"),)

    def __str__(self) -> str:
        return str(self.twin_id)


class AlarmFlood(PerTenant):
    """How fast alarms come at one site (or where no site is named), and since when it is a flood, if it is one.

    One row a site is the present (`ended_at` empty); each flood that is over stays as a row of its own.
    """

    site = models.UUIDField(null=True)
    recent = ArrayField(models.BigIntegerField(), default=list)
    count = models.IntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False
    kept_by: ClassVar[tuple[str, str]] = ("audit", "ended_at")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "site"), nulls_distinct=False, name="alarm_flood_present",
                condition=models.Q(ended_at=None),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.count} since {self.begun_at}"


class AlarmChannel(PerTenant):
    """Where alarms are told: addresses of mail, or a webhook with a secret to sign what it is sent."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=[("mail", "mail"), ("webhook", "webhook")])
    addresses = ArrayField(models.CharField(max_length=254), default=list)
    url = models.CharField(max_length=500, blank=True)
    sealed_secret = models.BinaryField(default=b"")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    secret_fields: ClassVar[frozenset[str]] = frozenset({"sealed_secret"})

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="alarm_channel_name"),)

    def __str__(self) -> str:
        return self.name


class OnCallSchedule(PerTenant):
    """Who is on call: people (addresses of mail) who take turns, and exceptions (``[{start, end, person}]``)."""

    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64)
    first = models.DateField()
    handover = models.TimeField()
    days = models.PositiveSmallIntegerField()
    people = ArrayField(models.CharField(max_length=254), default=list)
    overrides = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="on_call_name"),)

    def __str__(self) -> str:
        return self.name


class EscalationChain(PerTenant):
    """Who is told of which alarms, one level after the other until somebody acknowledges.

    `levels` are ``[{"wait_s", "channels", "schedules"}]``, each waiting after the one before. `priorities` are those it
    is for, `twin` the one it is for or none for all. In a flood nothing more is told before `quiet_until`.
    """

    name = models.CharField(max_length=120)
    priorities = ArrayField(models.CharField(max_length=10), default=list)
    twin = TenantKey(Twin, models.CASCADE, null=True)
    levels = models.JSONField(default=list)
    is_enabled = models.BooleanField(default=True)
    quiet_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"quiet_until"})

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="escalation_name"),)

    def __str__(self) -> str:
        return self.name


class Escalation(PerTenant):
    """An alarm on its way through a chain: `level` is told at `due_at` unless it is acknowledged before."""

    chain = TenantKey(EscalationChain, models.CASCADE)
    alarm = TenantKey(Alarm, models.CASCADE)
    began_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()

    audited: ClassVar[bool] = False
    exported: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("chain", "alarm"), name="escalation_once"),)
        indexes = (models.Index(fields=("tenant", "due_at"), name="escalation_by_time"),)

    def __str__(self) -> str:
        return f"{self.alarm_id} at level {self.level}"


class AlarmDelivery(PerTenant):
    """A message that is to go out, or went; `next_at` is when it is tried (again), None when that is over."""

    kind = models.CharField(max_length=10)
    channel = TenantKey(AlarmChannel, models.CASCADE, null=True)
    address = models.CharField(max_length=500)
    subject = models.CharField(max_length=300)
    body = models.JSONField()
    state = models.CharField(max_length=10, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False
    kept_by: ClassVar[tuple[str, str]] = ("jobs", "done_at")

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant", "next_at"), name="alarm_delivery_due", condition=models.Q(state="waiting")),
            models.Index(fields=("tenant", "done_at"), name="alarm_delivery_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.subject} to {self.address}"
