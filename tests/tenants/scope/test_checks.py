"""The rules of tenancy are found in the models themselves."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from tenants.customers.models import Customer
from tenants.scope.checks import _messages
from tenants.scope.models import PerTenant, Tenant, TenantKey, UniquePerTenant


def found(model: type[models.Model]) -> list[str]:
    return [str(message.msg).partition(": ")[2] for message in _messages(model)]


def test_our_own_models_keep_the_rules() -> None:
    assert run_checks(tags=["tenancy"]) == []


@isolate_apps("tenants")
def test_each_broken_rule_is_named() -> None:
    class Broken(PerTenant):
        pump = models.ForeignKey(Customer, models.CASCADE, related_name="+")
        pumps = models.ManyToManyField(Customer, related_name="+")
        code = models.CharField(max_length=3, unique=True)

        class Meta:
            app_label = "tenants"
            constraints = (models.UniqueConstraint(fields=("code",), name="code_everywhere"),)

    assert found(Broken) == [
        "a reference between tenant tables is a TenantKey",
        "unique reaches across tenants: use UniquePerTenant",
        "a many-to-many table of Django's has no tenant: write the model between",
        "a unique constraint begins with the tenant: use UniquePerTenant",
    ]


@isolate_apps("tenants")
def test_a_shared_table_cannot_point_into_a_tenants() -> None:
    class Shared(models.Model):  # noqa: DJ008 (never made)
        pump = models.ForeignKey(Customer, models.CASCADE, related_name="+")

        class Meta:
            app_label = "tenants"

    assert found(Shared) == ["a shared table cannot point at a tenant's table: keep the id"]


@isolate_apps("tenants")
def test_tenants_rows_stand_in_no_local_table_and_point_at_none() -> None:
    class Local(models.Model):  # noqa: DJ008 (never made)
        tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+")

        class Meta:
            app_label = "tenants"

    class Pointing(PerTenant):
        session = models.ForeignKey(Session, models.CASCADE, related_name="+")

        class Meta:
            app_label = "tenants"

    field: Any = Local._meta.get_field("tenant")
    field.remote_field.model = Tenant
    assert found(Local) == ["rows of tenants stand in a PerTenant or a ReferenceTable"]
    assert "a tenant's table cannot point at a local table: keep the id" in found(Pointing)


@pytest.mark.parametrize("name", ["default", "ingest"])
def test_a_connection_that_keeps_the_tenant_to_itself_is_named(name: str) -> None:
    known = settings.DATABASES["default"] if name == "default" else settings.INGEST_DATABASE
    with mock.patch.dict(known["OPTIONS"], options=""):
        (message,) = run_checks(tags=["tenancy"])
    assert message.id == "tenancy.E002"
    assert name in message.msg


@isolate_apps("tenants")
def test_a_model_that_keeps_them_passes() -> None:
    class Sound(PerTenant):
        customer = TenantKey(Customer, models.CASCADE)
        code = models.CharField(max_length=3)

        class Meta:
            app_label = "tenants"
            constraints = (UniquePerTenant(fields=("code",), name="code_per_tenant"),)

    assert found(Sound) == []


def test_a_composite_key_cannot_be_emptied() -> None:
    with pytest.raises(ValueError, match="CASCADE, PROTECT or DO_NOTHING"):
        TenantKey(Customer, models.SET_NULL, null=True)
