"""What a model of a tenant's data is made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant
from tenants.scope.tables import ReferenceTable, TenantTable


class Tenant(ReferenceTable, models.Model):
    """An organisation that works on Outturn: the owner of twins, contracts and everything else."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


def _owner() -> UUID:
    return required_tenant("a new row")


class PerTenant(TenantTable, models.Model):
    """A row that belongs to one tenant: UUIDv7 ``id``, ``tenant``, primary key ``(tenant_id, id)`` in the database.

    The backend (``tenants.scope.backend``) isolates the table and writes the literal tenant into each query.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, default=_owner, editable=False, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class TenantKey(models.ForeignKey[Any, Any]):
    """A reference from one tenant table to another: the key in the database is ``(tenant_id, x_id)``.

    Joins carry the tenant too, so that a database split by tenant answers them in one place.
    """

    def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
        if on_delete in (models.SET_NULL, models.SET_DEFAULT):
            raise ValueError("a composite key cannot be emptied in part: use CASCADE, PROTECT or DO_NOTHING")
        options.setdefault("related_name", "+")
        super().__init__(to, on_delete, **options)

    def get_joining_fields(self, reverse_join: bool = False) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        """The pairs of fields a join compares: Django's own and the tenants'."""
        pairs = super().get_joining_fields(reverse_join=reverse_join)
        related: Any = self.related_model
        mine, theirs = self.model._meta.get_field("tenant"), related._meta.get_field("tenant")
        return (*pairs, (theirs, mine) if reverse_join else (mine, theirs))


class UniquePerTenant(models.UniqueConstraint):
    """A unique constraint within the tenant, checked by forms too although they do not show the tenant."""

    def __init__(self, *, fields: Collection[str], name: str, condition: models.Q | None = None) -> None:
        own = tuple(field for field in fields if field != "tenant")
        super().__init__(fields=("tenant", *own), name=name, condition=condition)

    def validate(
        self, model: Any, instance: Any, exclude: Collection[str] | None = None, using: str = "default"
    ) -> None:
        """Refuse a duplicate.

        Raises:
            ValidationError: Another row of the tenant has these values.
        """
        hidden = {name for name in exclude or () if name != "tenant"}
        try:
            super().validate(model, instance, exclude=hidden, using=using)  # type: ignore[misc] # the stubs lack it
        except ValidationError as error:
            names = [str(model._meta.get_field(name).verbose_name) for name in self.fields if name != "tenant"]
            raise ValidationError(f"Another {model._meta.verbose_name} has this {' and '.join(names)}.") from error
