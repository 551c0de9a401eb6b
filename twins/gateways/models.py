"""Gateways, what lets new ones in, and what is found of either before the tenant is known."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import NOT_TRASHED, PerTenant, TenantKey, Trashable, UniquePerTenant
from tenants.scope.tables import ReferenceTable
from twins.gateways.schemas import Hold, Origin


class Gateway(Trashable, PerTenant):
    """A device or program of the tenant's that sends readings, over whichever protocol.

    `customer` is the end customer at whose place it stands: its readings count towards that customer's share. `serial`
    is what the device calls itself, in a registration or as the common name of its certificate. `version` is what it
    said of itself when it registered. One that waits for a person has the digest of its claim code in `claim_digest`;
    `made_with` is the provisioning key or the authority that let it in.
    """

    name = models.CharField(max_length=120)
    token_prefix = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    customer = TenantKey("tenants.Customer", models.PROTECT, null=True, blank=True)
    site = TenantKey("tenants.Site", models.PROTECT, null=True, blank=True)
    serial = models.CharField(max_length=120, blank=True)
    version = models.CharField(max_length=60, blank=True)
    origin = models.CharField(max_length=11, choices=[(one.value, one.value) for one in Origin], default=Origin.PORTAL)
    made_with = models.UUIDField(null=True, blank=True)
    claim_digest = models.CharField(max_length=64, blank=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset({"claim_digest"})

    class Meta:
        ordering = ("name",)
        constraints = (
            UniquePerTenant(fields=("name",), name="gateway_name_per_tenant", condition=NOT_TRASHED),
            UniquePerTenant(
                fields=("serial",), name="gateway_serial_per_tenant", condition=NOT_TRASHED & ~models.Q(serial="")
            ),
        )
        indexes = (models.Index(fields=("tenant", "created_at", "id"), name="gateway_by_age", condition=NOT_TRASHED),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_pending(self) -> bool:
        """Whether it registered itself and waits for a person to claim it."""
        return bool(self.claim_digest)


class GatewayToken(ReferenceTable, models.Model):
    """Whose token has this digest. One that was replaced stays, so that its use can be told to the tenant.

    `until` is when it ends by itself, None for never. `hold` says why its gateway is not let in meanwhile.
    `certificate` is the fingerprint of the certificate that it was given for, empty for any other. `broker_hash` is the
    token as the password file of mosquitto has it.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    gateway = models.UUIDField(db_index=True)
    customer = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    hold = models.CharField(max_length=8, blank=True, choices=[(one.value, one.value) for one in Hold])
    certificate = models.CharField(max_length=64, blank=True)
    broker_hash = models.CharField(max_length=160, blank=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset({"broker_hash"})

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class ProvisioningKey(PerTenant):
    """Lets devices register themselves: `made` of at most `allowed`, until it expires or is revoked.

    What registers with it stands at `site` and with `customer`, is called `name_prefix` and its own name, and waits for
    a person with its claim code when `needs_claim`.
    """

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=24)
    allowed = models.PositiveIntegerField()
    made = models.PositiveIntegerField(default=0)
    site = TenantKey("tenants.Site", models.CASCADE, null=True, blank=True)
    customer = TenantKey("tenants.Customer", models.CASCADE, null=True, blank=True)
    name_prefix = models.CharField(max_length=60, blank=True)
    needs_claim = models.BooleanField(default=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class ProvisioningDigest(ReferenceTable, models.Model):
    """Whose provisioning key has this digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()

    secret_fields: ClassVar[frozenset[str]] = frozenset({"digest"})

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class Authority(PerTenant):
    """Signs the certificates of the tenant's devices.

    A device whose serial nobody knows becomes a new gateway while `made` is below `allowed`; 0 lets none in that was
    not made before. `revoked_serials` are those of its revocation list, as hexadecimal digits.
    """

    name = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    subject = models.CharField(max_length=400)
    pem = models.TextField()
    not_after = models.DateTimeField()
    allowed = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)
    revoked_serials = models.JSONField(default=list)
    list_issued_at = models.DateTimeField(null=True, blank=True)
    list_due_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("fingerprint",), name="authority_per_tenant"),)

    def __str__(self) -> str:
        return self.name


class AuthorityAnchor(ReferenceTable, models.Model):
    """Whose authority has this certificate: found by the name that a device's certificate gives as its issuer.

    `subject` is the SHA-256 of that name, `public_key` of the key in the certificate.
    """

    fingerprint = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    authority = models.UUIDField()
    subject = models.CharField(max_length=64, db_index=True)
    public_key = models.CharField(max_length=64, db_index=True)
    pem = models.TextField()

    def __str__(self) -> str:
        return f"{self.fingerprint[:8]}…"
