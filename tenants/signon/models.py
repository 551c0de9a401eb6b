"""Single sign-on and provisioning: all under row-level security but what is read before the tenant is known."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.kernel.ids import new_id
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import ReferenceTable


class SignOn(PerTenant):
    """The organisation's identity provider, and whom it lets in as what.

    `rules` are ``{"claim", "value", "role"}`` in their order; `default_role` is for those whom no rule fits, empty to
    refuse them; `findings` are what the last check of the discovery document found.
    """

    discovery_url = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    sealed_secret = models.BinaryField(max_length=2048)
    domains = models.JSONField(default=list)
    rules = models.JSONField(default=list)
    default_role = models.CharField(max_length=36, blank=True)
    creates_members = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    findings = models.JSONField(default=list)
    last_sign_in_at = models.DateTimeField(null=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset({"sealed_secret"})
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"checked_at", "findings", "last_sign_in_at"})

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_sign_on_per_tenant"),)

    def __str__(self) -> str:
        return self.discovery_url


class Identity(PerTenant):
    """Who a provider's subject is in this organisation; the same person elsewhere is another row there."""

    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    user = models.UUIDField()
    created_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField()

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"last_sign_in_at"})

    class Meta:
        ordering = ("-last_sign_in_at",)
        constraints = (
            UniquePerTenant(fields=("issuer", "subject"), name="one_person_per_subject"),
            UniquePerTenant(fields=("issuer", "user"), name="one_subject_per_person"),
        )

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class MailDomain(ReferenceTable, models.Model):
    """A domain of mail that an organisation with single sign-on has declared; several may, so it proves nothing.

    `is_proven` says that the organisation has proven it by DNS (tenants.domains), which several may have done too.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    domain = models.CharField(max_length=253)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    is_proven = models.BooleanField(default=False)

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (models.UniqueConstraint(fields=("domain", "tenant"), name="a_domain_once_per_tenant"),)

    def __str__(self) -> str:
        return self.domain


class ScimAccess(PerTenant):
    """A token with which the identity provider provisions people and groups."""

    prefix = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"last_used_at"})

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.prefix}…"


class ScimDigest(ReferenceTable, models.Model):
    """Whose provisioning token has this digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    access = models.UUIDField()

    audited: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class ScimUser(PerTenant):
    """A person as the identity provider describes them; `user` is the account, `document` the rest of what was sent."""

    user = models.UUIDField()
    user_name = models.CharField(max_length=254)
    external_id = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField()
    document = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            UniquePerTenant(fields=("user_name",), name="scim_user_name_per_tenant"),
            UniquePerTenant(fields=("user",), name="scim_user_per_account"),
        )

    def __str__(self) -> str:
        return self.user_name


class ScimGroup(PerTenant):
    """A group of the identity provider; the rules of roles know it by its name."""

    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (UniquePerTenant(fields=("name",), name="scim_group_name_per_tenant"),)

    def __str__(self) -> str:
        return self.name


class ScimGroupMember(PerTenant):
    """A person in a group."""

    group = TenantKey(ScimGroup, models.CASCADE)
    member = TenantKey(ScimUser, models.CASCADE)

    class Meta:
        constraints = (UniquePerTenant(fields=("group", "member"), name="scim_member_once_per_group"),)

    def __str__(self) -> str:
        return f"{self.member_id} in {self.group_id}"
