"""What the life of an organisation leaves behind: support access, notices, its logo, what it accepted; and operators.

Operators, support access and notices are read before a tenant is known, so they are not under row-level security.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.kernel.ids import new_id
from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody, ReferenceTable


class Operator(ReferenceTable, models.Model):
    """A person who runs the installation: sees which organisations there are, and nothing of what is theirs."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField("tenants.User", on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    def __str__(self) -> str:
        return str(self.user)


class Level(models.TextChoices):
    """What support may do in an organisation."""

    READ = "read", "Look only"
    FULL = "full", "Look and mend"


class SupportAccess(ReferenceTable, models.Model):
    """That an operator may enter an organisation for some hours: asked for, granted by an administrator, ended.

    An administrator who grants it unasked leaves `operator` open; the first operator who enters takes it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    operator = models.ForeignKey("tenants.User", on_delete=models.CASCADE, null=True, related_name="+")
    level = models.CharField(max_length=4, choices=Level.choices)
    hours = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    granted_by = models.CharField(max_length=254, blank=True)
    granted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)
    ended_at = models.DateTimeField(null=True)

    exported: ClassVar[bool] = True
    audited: ClassVar[bool] = True

    class Meta:
        ordering = ("-asked_at", "-id")
        indexes = (models.Index(fields=("tenant", "operator"), name="support_by_tenant"),)
        verbose_name_plural = "support accesses"

    def __str__(self) -> str:
        return f"{self.level} for {self.hours} h: {self.reason}"


class NoticeKind(models.TextChoices):
    """What a notice is about."""

    INCIDENT = "incident", "Incident"
    MAINTENANCE = "maintenance", "Maintenance"


class NoticeState(models.TextChoices):
    """How far it is."""

    PLANNED = "planned", "Planned"
    ONGOING = "ongoing", "Ongoing"
    RESOLVED = "resolved", "Resolved"


class Severity(models.TextChoices):
    """How much of the product it touches."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Notice(ReferenceTable, models.Model):
    """What operators tell: to one organisation, to those of a region, or to all."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=11, choices=NoticeKind.choices)
    severity = models.CharField(max_length=6, choices=Severity.choices, default=Severity.MEDIUM)
    state = models.CharField(max_length=8, choices=NoticeState.choices, default=NoticeState.PLANNED)
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=4000)
    region = models.CharField(max_length=40, blank=True, help_text="Empty: every region.")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: all."
    )
    start = models.DateTimeField()
    end = models.DateTimeField(null=True, blank=True)
    made_by = models.CharField(max_length=254, editable=False)
    made_at = models.DateTimeField(editable=False)
    mailed_state = models.CharField(max_length=8, blank=True, editable=False)

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-start", "-id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(end=None) | models.Q(end__gt=models.F("start")), name="a_notice_ends_after_it_starts"
            ),
        )

    def __str__(self) -> str:
        return self.title


class NoticeReader(ReferenceTable, models.Model):
    """That a member wants notices by mail."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+")

    custody: ClassVar[Custody] = Custody.PERSON
    audited: ClassVar[bool] = True

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "user"), name="one_notice_reader_per_member"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id}"


class Logo(PerTenant):
    """The organisation's logo as it was sent, checked; `digest` is its SHA-256."""

    digest = models.CharField(max_length=64)
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    content = models.BinaryField()

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_logo_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.media_type} {self.width} × {self.height}"


class Agreement(AppendOnly, PerTenant):
    """That the organisation accepted the data-processing agreement: what it said, word by word, by whom and when."""

    version = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    accepted_by = models.CharField(max_length=254)
    accepted_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY
    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-accepted_at", "-id")
        constraints = (UniquePerTenant(fields=("digest",), name="one_acceptance_per_agreement"),)

    def __str__(self) -> str:
        return f"version {self.version} by {self.accepted_by}"
