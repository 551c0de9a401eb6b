"""Drafts of asset types, and what became of published ones."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables


def _id() -> models.UUIDField:
    return models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)


def _tenant() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, default=tenants.scope.models._owner, editable=False,
        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant",
    )  # fmt: skip


class Migration(migrations.Migration):
    """Drafts of asset types, and what became of published ones."""

    dependencies: ClassVar = [("twins", "0020_alarm_history")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="assettypeversion",
            name="note",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.CreateModel(
            name="AssetTypeState",
            fields=[
                ("id", _id()),
                ("key", models.CharField(max_length=64)),
                ("version", models.PositiveIntegerField()),
                ("deprecated_at", models.DateTimeField(null=True)),
                ("deprecated_by", models.CharField(blank=True, max_length=254)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("successor", models.CharField(blank=True, max_length=74)),
                ("removed_at", models.DateTimeField(null=True)),
                ("removed_by", models.CharField(blank=True, max_length=254)),
                ("tenant", _tenant()),
            ],
            options={
                "constraints": [
                    tenants.scope.models.UniquePerTenant(
                        fields=("tenant", "key", "version"), name="type_state_per_version"
                    )
                ],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name="AssetTypeDraft",
            fields=[
                ("id", _id()),
                ("key", models.CharField(max_length=64)),
                ("document", models.JSONField()),
                ("revision", models.PositiveIntegerField(default=1)),
                ("published_revision", models.PositiveIntegerField(default=0)),
                ("published_version", models.PositiveIntegerField(default=0)),
                ("author", models.CharField(max_length=254)),
                ("changed_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ("key",),
                "constraints": [
                    tenants.scope.models.UniquePerTenant(fields=("tenant", "key"), name="type_draft_per_key")
                ],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
