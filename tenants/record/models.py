"""The tenant's log and audit trail in PostgreSQL; all of it but the log's own row is written once and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class Log(PerTenant):
    """The tenant's log: its name, its key, and how many entries it has.

    Whoever appends holds this row's lock until their transaction ends, so that indexes have no gaps and the order of
    entries is the order of commits.
    """

    origin = models.CharField(max_length=200)
    public_key = models.BinaryField(max_length=32)
    wrapped_key = models.BinaryField(max_length=60)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY
    secret_fields: ClassVar[frozenset[str]] = frozenset({"wrapped_key"})

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_log_per_tenant"),)

    def __str__(self) -> str:
        return self.origin


class LogLeaf(AppendOnly, PerTenant):
    """An entry of the log; ``id`` is its index, from 0."""

    id = models.PositiveBigIntegerField(primary_key=True)  # type: ignore[assignment]
    kind = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=16)
    hash = models.BinaryField(max_length=32)
    logged_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        indexes = (models.Index(fields=("tenant", "digest"), name="log_leaf_by_digest"),)

    def __str__(self) -> str:
        return f"{self.kind} at {self.id}"


class LogNode(AppendOnly, PerTenant):
    """The hash of a perfect subtree of two leaves or more; ``id`` is its place, see ``selectors.node_place``."""

    id = models.PositiveBigIntegerField(primary_key=True)  # type: ignore[assignment]
    hash = models.BinaryField(max_length=32)

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY

    def __str__(self) -> str:
        return f"node {self.id}"


class TreeHead(AppendOnly, PerTenant):
    """A signed head of the log."""

    size = models.PositiveBigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    sealed_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("size",), name="one_head_per_size"),)

    def __str__(self) -> str:
        return f"head of {self.size}"


class KeyHandover(AppendOnly, PerTenant):
    """A new key of the log: the former one signed the heads of up to ``size`` entries, ``note`` names its successor."""

    size = models.PositiveBigIntegerField()
    former_key = models.BinaryField(max_length=32)
    next_key = models.BinaryField(max_length=32)
    note = models.TextField()
    by = models.CharField(max_length=254)
    handed_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("size",), name="one_handover_per_size"),)

    def __str__(self) -> str:
        return f"handover after {self.size}"


class Witness(PerTenant):
    """A server of somebody else's that co-signs the heads of the log, by its key; `ended_at`: not taken any more."""

    verifier = models.CharField(max_length=300)
    registered_by = models.CharField(max_length=254)
    registered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("registered_at", "id")
        constraints = (UniquePerTenant(fields=("verifier",), name="one_witness_per_key"),)

    def __str__(self) -> str:
        return self.verifier


class Cosignature(AppendOnly, PerTenant):
    """A witness's signature of the head of ``size`` entries, made at ``signed_at``; ``line`` is it as notes have it."""

    size = models.PositiveBigIntegerField()
    verifier = models.CharField(max_length=300)
    line = models.CharField(max_length=400)
    signed_at = models.DateTimeField()
    received_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("size", "verifier"), name="one_cosignature_per_witness"),)

    def __str__(self) -> str:
        return f"cosignature of {self.size}"


class StampAuthority(PerTenant):
    """Who stamps the heads of the log with the time (RFC 3161), by address and certificates (PEM); no row: nobody.

    `failure` is why the last try gave no stamp, empty when it did.
    """

    url = models.CharField(max_length=500)
    roots = models.TextField()
    chosen_by = models.CharField(max_length=254)
    chosen_at = models.DateTimeField()
    failure = models.CharField(max_length=500, blank=True)
    failed_at = models.DateTimeField(null=True)

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"failure", "failed_at"})

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_stamp_authority_per_tenant"),)

    def __str__(self) -> str:
        return self.url


class HeadStamp(AppendOnly, PerTenant):
    """That the head of ``size`` entries was there at `stamped_at`, as `service` vouches; ``token`` is its answer."""

    size = models.PositiveBigIntegerField()
    service = models.CharField(max_length=500)
    token = models.BinaryField(max_length=65_536)
    stamped_at = models.DateTimeField()
    received_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-size", "-id")
        constraints = (UniquePerTenant(fields=("size", "service"), name="one_stamp_per_head"),)

    def __str__(self) -> str:
        return f"stamp of {self.size}"


class LogCheck(AppendOnly, PerTenant):
    """That the whole log was checked, and what was found.

    The next check must find `root` again at `size`, and at least as many heads; `is_told` says that owners were mailed.
    """

    by = models.CharField(max_length=254)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    root = models.BinaryField(max_length=32)
    heads = models.PositiveIntegerField()
    audit_entries = models.PositiveBigIntegerField()
    faults = models.JSONField(default=list)
    is_told = models.BooleanField(default=False)

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-finished_at", "-id")
        indexes = (models.Index(fields=("tenant", "finished_at"), name="log_check_by_time"),)

    def __str__(self) -> str:
        return f"check of {self.size}"


class AuditEntry(AppendOnly, PerTenant):
    """What somebody did; its digest goes into the log when the next head is sealed.

    `changes` are the rows it wrote, ``{"row", "before", "after"}``; `address` and `request_id` tell where it came from.
    """

    at = models.DateTimeField()
    by = models.CharField(max_length=254)
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    digest = models.BinaryField(max_length=32)

    audited: ClassVar[bool] = False

    custody: ClassVar[Custody] = Custody.MONEY
    kept_by: ClassVar[tuple[str, str]] = ("audit", "at")

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("tenant", "at"), name="audit_by_time"),
            models.Index(fields=("tenant", "subject", "at"), name="audit_by_subject"),
            models.Index(fields=("tenant", "by", "at"), name="audit_by_person"),
        )

    def __str__(self) -> str:
        return f"{self.by}: {self.action} {self.subject}"
