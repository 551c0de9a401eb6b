"""Images on the canvas; versions with names, and their review."""

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


def _twin(on_delete: object = django.db.models.deletion.CASCADE) -> tenants.scope.models.TenantKey:
    return tenants.scope.models.TenantKey(on_delete=on_delete, related_name="+", to="twins.twin")


class Migration(migrations.Migration):
    """Images on the canvas; versions with names, and their review."""

    dependencies: ClassVar = [("tenants", "0016_lists"), ("twins", "0021_type_drafts")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="twinversion",
            name="revision",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="VersionName",
            fields=[
                ("id", _id()),
                ("version", models.PositiveIntegerField()),
                ("name", models.CharField(blank=True, max_length=120)),
                ("given_by", models.CharField(max_length=254)),
                ("given_at", models.DateTimeField()),
                ("tenant", _tenant()),
                ("twin", _twin(django.db.models.deletion.PROTECT)),
            ],
            options={
                "ordering": ("id",),
                "indexes": [models.Index(fields=["tenant", "twin", "version"], name="name_of_version")],
            },
            bases=(tenants.scope.tables.AppendOnly, *_BASES),
        ),
        migrations.CreateModel(
            name="DraftAside",
            fields=[
                ("id", _id()),
                ("kind", models.CharField(max_length=10)),
                ("version", models.PositiveIntegerField()),
                ("operations", models.JSONField()),
                ("count", models.PositiveIntegerField()),
                ("revision", models.PositiveIntegerField()),
                ("put_by", models.CharField(max_length=254)),
                ("put_at", models.DateTimeField()),
                ("returned_by", models.CharField(blank=True, max_length=254)),
                ("returned_at", models.DateTimeField(null=True)),
                ("tenant", _tenant()),
                ("twin", _twin()),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["tenant", "twin"], name="aside_by_twin")],
            },
            bases=_BASES,
        ),
        migrations.CreateModel(
            name="TwinReview",
            fields=[
                ("id", _id()),
                ("revision", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("approved", "Approved"),
                            ("changes", "Changes"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("asked_by", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("comment", models.CharField(blank=True, max_length=1000)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("tenant", _tenant()),
                ("twin", _twin()),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["tenant", "state"], name="review_by_state")],
                "constraints": [
                    tenants.scope.models.UniquePerTenant(
                        fields=("tenant", "twin"), name="one_open_review", condition=models.Q(("state", "open"))
                    )
                ],
            },
            bases=_BASES,
        ),
        migrations.CreateModel(
            name="PublishingRule",
            fields=[
                ("id", _id()),
                ("needs_review", models.BooleanField(default=False)),
                ("changed_by", models.CharField(max_length=254)),
                ("changed_at", models.DateTimeField()),
                ("tenant", _tenant()),
            ],
            options={
                "constraints": [
                    tenants.scope.models.UniquePerTenant(fields=("tenant",), name="one_publishing_rule_per_tenant")
                ],
            },
            bases=_BASES,
        ),
        migrations.CreateModel(
            name="TwinLineage",
            fields=[
                ("id", _id()),
                ("version", models.PositiveIntegerField()),
                ("gateways", models.JSONField(default=dict)),
                ("promoted_by", models.CharField(max_length=254)),
                ("promoted_at", models.DateTimeField()),
                ("source", _twin()),
                ("target", _twin()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    tenants.scope.models.UniquePerTenant(
                        fields=("tenant", "source", "target"), name="one_lineage_per_pair"
                    )
                ],
            },
            bases=_BASES,
        ),
        migrations.CreateModel(
            name="CanvasImage",
            fields=[
                ("id", _id()),
                ("digest", models.CharField(max_length=64)),
                ("media_type", models.CharField(max_length=20)),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("added_by", models.CharField(max_length=254)),
                ("added_at", models.DateTimeField()),
                ("tenant", _tenant()),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    tenants.scope.models.UniquePerTenant(fields=("tenant", "digest"), name="image_per_digest")
                ],
            },
            bases=_BASES,
        ),
    ]
