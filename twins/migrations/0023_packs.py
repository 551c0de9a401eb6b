"""What new things are made from, and the packs that an organisation has installed."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables

_BASES = (tenants.scope.tables.TenantTable, models.Model)


def _id() -> models.UUIDField:
    return models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)


def _tenant() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, default=tenants.scope.models._owner, editable=False,
        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant",
    )  # fmt: skip


class Migration(migrations.Migration):
    """Templates and packs."""

    dependencies: ClassVar = [("twins", "0022_composing")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Template",
            fields=[
                ("id", _id()),
                (
                    "kind",
                    models.CharField(
                        choices=[("blueprint", "Blueprint"), ("dashboard", "Dashboard"), ("contract", "Contract")],
                        max_length=16,
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=200)),
                ("document", models.JSONField()),
                ("pack", models.CharField(blank=True, max_length=64)),
                ("made_by", models.CharField(max_length=254)),
                ("made_at", models.DateTimeField()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ("kind", "name", "key"),
                "constraints": [
                    tenants.scope.models.UniquePerTenant(
                        fields=("tenant", "kind", "key"), name="template_per_kind_and_key"
                    )
                ],
            },
            bases=_BASES,
        ),
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", _id()),
                ("key", models.CharField(max_length=64)),
                ("version", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("document", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("made", models.JSONField()),
                ("installed_by", models.CharField(max_length=254)),
                ("installed_at", models.DateTimeField()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ("name", "key"),
                "constraints": [tenants.scope.models.UniquePerTenant(fields=("tenant", "key"), name="pack_per_key")],
            },
            bases=_BASES,
        ),
    ]
