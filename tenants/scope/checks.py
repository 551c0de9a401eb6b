"""What a tenant's table must and must not have, checked before any migration is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import models

from tenants.scope.models import Tenant, TenantKey
from tenants.scope.tables import ReferenceTable, TenantTable

PROPAGATION = "-c citus.propagate_set_commands=local"


@register("tenancy")
def tenant_tables(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The rules of tenancy that models can break: keys, unique constraints, many-to-many tables."""
    wanted = app_configs or list(apps.get_app_configs())
    return [message for config in wanted for model in config.get_models() for message in _messages(model)]


@register("tenancy")
def connections_reach_all_machines(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every connection tells a cluster to pass the tenant of a transaction on; without it rows are not found."""
    told = {"default": settings.DATABASES["default"], "ingest": settings.INGEST_DATABASE}
    return [
        Error(f"the connection {name} does not set {PROPAGATION}: add it to its options", id="tenancy.E002")
        for name, known in told.items()
        if PROPAGATION not in known["OPTIONS"].get("options", "")
    ]


def _messages(model: type[models.Model]) -> Iterator[CheckMessage]:
    for field in model._meta.get_fields():
        if field.auto_created or not isinstance(field, models.Field):
            continue
        yield from _field_messages(model, field)
    if issubclass(model, TenantTable):
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint) and constraint.fields[:1] != ("tenant",):
                yield _error(model, constraint.name, "a unique constraint begins with the tenant: use UniquePerTenant")


def _field_messages(model: type[models.Model], field: Any) -> Iterator[CheckMessage]:
    target = field.related_model
    to_tenant_table = isinstance(target, type) and issubclass(target, TenantTable)
    if not issubclass(model, TenantTable):
        if to_tenant_table:
            yield _error(model, field.name, "a shared table cannot point at a tenant's table: keep the id")
        elif target is Tenant and not issubclass(model, ReferenceTable):
            yield _error(model, field.name, "rows of tenants stand in a PerTenant or a ReferenceTable")
        return
    if field.many_to_many:
        yield _error(model, field.name, "a many-to-many table of Django's has no tenant: write the model between")
    elif to_tenant_table and not isinstance(field, TenantKey):
        yield _error(model, field.name, "a reference between tenant tables is a TenantKey")
    elif isinstance(target, type) and not issubclass(target, TenantTable | ReferenceTable):
        yield _error(model, field.name, "a tenant's table cannot point at a local table: keep the id")
    elif field.unique and not field.primary_key:
        yield _error(model, field.name, "unique reaches across tenants: use UniquePerTenant")


def _error(model: type[models.Model], name: str, message: str) -> CheckMessage:
    return Error(f"{model._meta.label}.{name}: {message}", obj=model, id="tenancy.E001")
