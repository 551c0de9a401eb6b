"""What is asked about a tenant's data: archives, erasure, how long to keep what, and what lies in the trash."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class Export(PerTenant):
    """An archive that was asked for: of the whole tenant, or of all about one person (`subject`, an address of mail).

    Its files are in the store under its id. `expires_at` is set when it is ready; afterwards it is swept.
    """

    subject = models.CharField(max_length=254, blank=True)
    job = models.UUIDField(null=True)
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    rows = models.BigIntegerField(default=0)

    exported: ClassVar[bool] = False

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"export {self.subject or 'of everything'}"


class Erasure(PerTenant):
    """The wish to erase the whole tenant; `erased` counts what is gone, by table, while it is carried out.

    `id` becomes that of the certificate. `state_before` is what the tenant goes back to when the wish is taken back.
    """

    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state_before = models.CharField(max_length=10)
    told = models.JSONField(default=list)
    job = models.UUIDField(null=True)
    erased = models.JSONField(default=dict)

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_erasure_per_tenant"),)

    def __str__(self) -> str:
        return f"erasure due {self.due_at}"


class Certificate(AppendOnly, PerTenant):
    """What was erased, what is kept, why and until when: a document whose digest is in the tamper-evident log."""

    subject = models.CharField(max_length=200)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY
    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"certificate for {self.subject}"


class RetentionPolicy(PerTenant):
    """How many days the tenant keeps what; null is for good, of readings as long as the plan allows.

    `allowed_days` is what the plan allowed when it was last looked at (null: it never was). When a plan allows less,
    `plan_days` is what it allows and `grace_until` when that holds. Readings before `gone_before` may be gone.
    """

    readings = models.PositiveIntegerField(null=True, blank=True)
    set_aside = models.PositiveIntegerField(null=True, blank=True, default=90)
    jobs = models.PositiveIntegerField(null=True, blank=True, default=365)
    audit = models.PositiveIntegerField(null=True, blank=True)
    answers = models.PositiveIntegerField(default=7)
    allowed_days = models.PositiveIntegerField(null=True, editable=False)
    plan_days = models.PositiveIntegerField(null=True, editable=False)
    grace_until = models.DateTimeField(null=True, editable=False)
    gone_before = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_retention_policy_per_tenant"),)

    def __str__(self) -> str:
        return f"readings {self.readings or 'for good'}"

    def days(self, kept: str) -> int | None:
        """How long rows of a class are kept."""
        found: Any = getattr(self, kept)
        return None if found is None else int(found)


class TrashItem(PerTenant):
    """A thing in the trash; `kept_because` says why it stays there although its time is over.

    From `begun_at` on it is being erased, and cannot be restored.
    """

    kind = models.CharField(max_length=40)
    thing = models.UUIDField()
    name = models.CharField(max_length=200)
    trashed_by = models.CharField(max_length=254)
    trashed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    kept_because = models.CharField(max_length=300, blank=True)
    begun_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("kind", "thing"), name="once_in_the_trash"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
