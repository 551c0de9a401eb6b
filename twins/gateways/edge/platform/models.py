"""What is kept of the agent at a gateway's site: what it says, its keys, its configurations, what it sealed."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody
from twins.gateways.edge.signing import FIRST


class KeyState(models.TextChoices):
    """Whether what a key signs counts as the site's word."""

    WAITING = "waiting"
    """Nobody has approved it."""
    APPROVED = "approved"
    RETIRED = "retired"
    """Another one has taken its place."""


class SealState(models.TextChoices):
    """What became of a seal."""

    KEPT = "kept"
    """The site's word for this batch, which follows the one before it."""
    BROKEN = "broken"


class EdgeAgent(PerTenant):
    """The agent of a gateway, as it said last; `status` is what it sent, `at` when that came."""

    gateway = models.UUIDField()
    version = models.CharField(max_length=60, blank=True)
    status = models.JSONField()
    at = models.DateTimeField()

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("gateway",), name="one_agent_of_a_gateway"),)

    def __str__(self) -> str:
        return f"{self.gateway} at {self.at}"


class SiteKey(PerTenant):
    """An Ed25519 key of a site; at most one of a gateway is approved.

    `sequence` and `head` are the number and the digest of the last seal that held, which the next one continues; they
    are moved in the commit of the batch that carries the next.
    """

    gateway = models.UUIDField()
    public_key = models.BinaryField(max_length=32)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=KeyState.choices, default=KeyState.WAITING)
    first_seen_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True)
    approved_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    sequence = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, default=FIRST)

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniquePerTenant(fields=("gateway", "fingerprint"), name="site_key_by_fingerprint"),
            UniquePerTenant(
                fields=("gateway",), name="one_approved_site_key", condition=models.Q(state=KeyState.APPROVED)
            ),
        )

    def __str__(self) -> str:
        return f"{self.fingerprint[:8]}… of {self.gateway}"


class EdgeConfiguration(AppendOnly, PerTenant):
    """A version of what the agent of a gateway is to do; `digest` is the SHA-256 of its canonical JSON."""

    gateway = models.UUIDField()
    number = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    saved_by = models.CharField(max_length=254)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("-number",)
        constraints = (UniquePerTenant(fields=("gateway", "number"), name="edge_configuration_by_number"),)

    def __str__(self) -> str:
        return f"version {self.number} of {self.gateway}"


class SealedBatch(PerTenant):
    """A batch that came with a seal; the role that writes readings writes it in the commit of its readings.

    `digest` is that of the seal, which the next one names; `body_digest` the SHA-256 of the body as it was signed,
    `body` that body packed with zstd. Of a broken seal no body is kept, and its `code` and `reason` say why; what of it
    could not be read is empty. `first_at` and `last_at` bound the instants of the readings, both inclusive, and are
    when it came where it gave none; `signals` are the numbers of those that got any.
    """

    gateway = models.UUIDField()
    fingerprint = models.CharField(max_length=64, blank=True)
    sequence = models.BigIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    body_digest = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=64)
    body = models.BinaryField()
    batch = models.CharField(max_length=64)
    commit = models.BigIntegerField()
    readings = models.IntegerField()
    signals = ArrayField(models.BigIntegerField())
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=SealState.choices)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    audited: ClassVar[bool] = False
    custody: ClassVar[Custody] = Custody.READING
    kept_by: ClassVar[tuple[str, str]] = ("readings", "last_at")

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniquePerTenant(
                fields=("gateway", "fingerprint", "sequence"), name="one_kept_seal_of_a_number",
                condition=models.Q(state=SealState.KEPT),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("tenant", "gateway", "state", "id"), name="sealed_batch_by_state"),
            models.Index(fields=("tenant", "gateway", "fingerprint", "digest"), name="sealed_batch_by_digest"),
            models.Index(
                fields=("tenant", "last_at"), name="sealed_batch_by_time", condition=models.Q(state=SealState.KEPT)
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.sequence} of {self.fingerprint[:8]}…"
