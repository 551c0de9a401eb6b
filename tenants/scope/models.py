"""What a model of a tenant's data is made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant
from tenants.scope.tables import ReferenceTable, TenantTable


class TenantState(models.TextChoices):
    """Where an organisation is in its life with us."""

    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Tenant(ReferenceTable, models.Model):
    """An organisation that works on Outturn: the owner of twins, contracts and everything else.

    What each request asks for stands here, read together with the membership: `policy` are the rules of entry,
    `brand` how its pages look, `plan` the key of what it pays for, `state_until` when its state ends by itself.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    state = models.CharField(max_length=10, choices=TenantState.choices, default=TenantState.ACTIVE)
    plan = models.CharField(max_length=40, default="trial")
    policy = models.JSONField(default=dict)
    brand = models.JSONField(default=dict)
    region = models.CharField(max_length=40, blank=True)
    state_until = models.DateTimeField(null=True)
    state_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = True

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


def _owner() -> UUID:
    return required_tenant("a new row")


class PerTenant(TenantTable, models.Model):
    """A row that belongs to one tenant: UUIDv7 ``id``, ``tenant``, primary key ``(tenant_id, id)`` in the database.

    The backend (``tenants.scope.backend``) isolates the table and writes the literal tenant into each query.

    Attributes:
        twin_path: The column that names the twin a row stands in, empty for what stands in none: people who are held to
            some twins meet the rows of those only.
        audited: Whether a change of its rows by somebody's request is told in the audit.
        secret_fields: The fields of which the audit tells only that they changed.
        unaudited_fields: The fields of which it tells nothing, because another record does.
    """

    twin_path: ClassVar[str] = ""
    audited: ClassVar[bool] = True
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    unaudited_fields: ClassVar[frozenset[str]] = frozenset()

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


_Row = TypeVar("_Row", bound=models.Model)


class Present(models.Manager[_Row]):
    """Leaves out what is in the trash."""

    def get_queryset(self) -> models.QuerySet[_Row]:
        """The rows that were not put into the trash."""
        return super().get_queryset().filter(trashed_at=None)


class Trashable(models.Model):
    """A row that people may put into the trash, where it stays for a while before it is erased.

    `objects` leaves out what is there, `everything` does not; a reference from another row still finds it. Names are
    free again at once: a unique constraint of such a model has ``condition=NOT_TRASHED``.
    """

    trashed_at = models.DateTimeField(null=True, editable=False)

    objects = Present()
    everything = models.Manager()  # noqa: DJ012 (it is taken for a field)

    class Meta:
        abstract = True


NOT_TRASHED = models.Q(trashed_at=None)
"""The condition of a unique constraint that things in the trash do not take part in."""
