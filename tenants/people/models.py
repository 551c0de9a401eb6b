"""People, where they belong, and what they may do there.

Users and memberships are read before a tenant is known, so they are not under row-level security; the rest is.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import Custody, ReferenceTable


class UserManager(BaseUserManager["User"]):
    """Makes users; allauth and the services call it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user with a normalised address; without a password they cannot sign in by one."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(ReferenceTable, AbstractBaseUser):
    """A person, known by an address of mail; a member of any number of organisations.

    `language` is the one they chose; empty while they have chosen none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=utc_now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


class Membership(ReferenceTable, models.Model):
    """A person's place in an organisation.

    `role` is one that every organisation has, or the id of one of its own. `customer` narrows it to one of its end
    customers; `is_held` says that it holds in some places only, which its `MembershipPlace` rows name.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=36)
    customer = models.UUIDField(null=True, blank=True)
    is_held = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.PERSON
    exported: ClassVar[bool] = True
    audited: ClassVar[bool] = True

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "tenant"), name="one_membership_per_tenant"),
            models.CheckConstraint(
                condition=models.Q(role="customer", customer__isnull=False)
                | (~models.Q(role="customer") & models.Q(customer__isnull=True)),
                name="customers_people_name_their_customer",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} in {self.tenant_id}"


class CustomRole(PerTenant):
    """A role of the organisation's own making: what those who have it may do."""

    name = models.CharField(max_length=60)
    description = models.CharField(max_length=200, blank=True)
    permissions = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="role_name_per_tenant"),)

    def __str__(self) -> str:
        return self.name


class SpaceKind(models.TextChoices):
    """What the things in a space are for."""

    PRODUCTION = "production"
    TEST = "test"


class Space(PerTenant):
    """A part of the organisation kept apart from the others: what runs, or what is tried out."""

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=SpaceKind.choices)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("kind", "name")
        constraints = (UniquePerTenant(fields=("name",), name="space_name_per_tenant"),)

    def __str__(self) -> str:
        return self.name


class Site(PerTenant):
    """A place where assets stand: a plant, a depot, a vessel; it lies in one space."""

    space = TenantKey(Space, models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("space", "name"), name="site_name_per_space"),)
        indexes = (models.Index(fields=("tenant", "name", "id"), name="site_by_name"),)

    def __str__(self) -> str:
        return self.name


class MembershipPlace(PerTenant):
    """One of the places that a membership is held to: a site with all that stands there, or one twin."""

    membership = models.UUIDField()
    site = TenantKey(Site, models.PROTECT, null=True)
    twin = models.UUIDField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(site__isnull=False, twin__isnull=True)
                | models.Q(site__isnull=True, twin__isnull=False),
                name="a_place_is_a_site_or_a_twin",
            ),
            UniquePerTenant(fields=("membership", "site"), name="a_site_once_per_membership"),
            UniquePerTenant(fields=("membership", "twin"), name="a_twin_once_per_membership"),
        )

    def __str__(self) -> str:
        return f"{self.membership} in {self.site_id or self.twin}"


class Invitation(PerTenant):
    """A person asked by mail to join: as what, and to which places their membership is to be held.

    `places` are ``{"site": id}`` and ``{"twin": id}``. Of the mailed token only a digest is kept (`InvitationDigest`).
    """

    email = models.EmailField()
    role = models.CharField(max_length=36)
    customer = models.UUIDField(null=True)
    places = models.JSONField(default=list)
    invited_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.UUIDField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            UniquePerTenant(
                fields=("email",),
                name="one_open_invitation_per_address",
                condition=models.Q(accepted_at=None, revoked_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"


class InvitationDigest(ReferenceTable, models.Model):
    """Which invitation a mailed token with this digest is for."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    invitation = models.UUIDField(db_index=True)

    audited: ClassVar[bool] = False
    secret_fields: ClassVar[frozenset[str]] = frozenset({"digest"})

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"
