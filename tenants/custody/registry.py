"""Every table that holds something of a tenant, from the models themselves, so that a new one is known by existing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from tenants.scope.models import Tenant, TenantKey
from tenants.scope.tables import AppendOnly, Custody, TenantTable

PEOPLE_COLUMNS = frozenset({"by", "author", "owner", "email", "actor"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of a table that names a row of another one of the same tenant."""

    table: Any
    column: str
    target: Any


@cache
def tenant_tables() -> tuple[Any, ...]:
    """The models of tenants' data, those that refer to others before those that they refer to."""
    found = sorted(
        (model for model in apps.get_models() if issubclass(model, TenantTable)), key=lambda each: each._meta.db_table
    )
    ordered: list[Any] = []
    for model in found:
        _put(model, ordered, frozenset())
    return tuple(reversed(ordered))


@cache
def shared_tables() -> tuple[tuple[Any, str], ...]:
    """The models that are not under row-level security and hold rows of tenants, with the field that says whose."""
    return tuple(
        (model, field.name)
        for model in sorted(apps.get_models(), key=lambda each: each._meta.db_table)
        if not issubclass(model, TenantTable)
        for field in model._meta.concrete_fields
        if field.related_model is Tenant
    )


@cache
def references() -> tuple[Reference, ...]:
    """All references between tables of tenants."""
    return tuple(
        Reference(model, field.column, field.related_model) for model in tenant_tables() for field in _keys(model)
    )


def references_to(model: Any) -> list[Reference]:
    """The references that other tables hold to one."""
    return [each for each in references() if each.target is model and each.table is not model]


def key_columns(model: Any) -> list[str]:
    """The columns that tell a tenant's rows apart, without the tenant's own."""
    fields = model._meta.pk_fields
    columns = [field.column for field in fields if field.column != "tenant_id"]
    return columns or ["tenant_id"]


def custody_of(model: Any) -> Custody:
    """What becomes of a table's rows."""
    return Custody(getattr(model, "custody", Custody.OPERATIONAL))


def kept_for(kept: str) -> list[tuple[Any, str]]:
    """The tables of a class of the retention policy, with the column of their rows' time."""
    return [(model, model.kept_by[1]) for model in tenant_tables() if model.kept_by and model.kept_by[0] == kept]


def people_columns(model: Any) -> list[str]:
    """The fields in which a row names a person by their address of mail."""
    return [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField) and (field.name in PEOPLE_COLUMNS or field.name.endswith("_by"))
    ]


def is_append_only(model: Any) -> bool:
    """Whether its rows are written once."""
    return issubclass(model, AppendOnly)


def _put(model: Any, ordered: list[Any], above: frozenset[Any]) -> None:
    if model in ordered or model in above:
        return
    for field in _keys(model):
        _put(field.related_model, ordered, above | {model})
    ordered.append(model)


def _keys(model: Any) -> Iterator[Any]:
    return (field for field in model._meta.concrete_fields if isinstance(field, TenantKey))
