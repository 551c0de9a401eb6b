"""People and where they belong; read before a tenant is known, so none of it is under row-level security."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.tables import ReferenceTable


class UserManager(BaseUserManager["User"]):
    """Makes users; allauth and the services call it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user with a normalised address; without a password they cannot sign in by one."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(ReferenceTable, AbstractBaseUser):
    """A person, known by an address of mail; a member of any number of organisations."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=utc_now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


class Membership(ReferenceTable, models.Model):
    """A person's place in an organisation; `customer` narrows it to one of its end customers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    customer = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

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
