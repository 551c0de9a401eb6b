"""Whose edge nodes send over Sparkplug, and what their last births said."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.kernel.ids import new_id
from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import ReferenceTable


class SparkplugNode(ReferenceTable, models.Model):
    """An edge node that a gateway may send as, the only one on this installation to have that group and name.

    `online` is whether it is born and not dead; `since` is when that began, by the clock of the node.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    gateway = models.UUIDField(db_index=True)
    group = models.CharField(max_length=64, db_column="node_group")
    node = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    online = models.BooleanField(default=False)
    since = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("group", "node"), name="one_gateway_of_a_node"),)

    def __str__(self) -> str:
        return f"{self.group}/{self.node}"


class SparkplugBirth(PerTenant):
    """The metrics that the last birth of an edge node, or of one of its devices, declared.

    `device` is empty for the node itself. `metrics` has of each its name, alias (or null) and data type. By it a data
    message that comes before the node has been born anew can be understood, when the new birth says the same.
    """

    gateway = models.UUIDField()
    group = models.CharField(max_length=64, db_column="node_group")
    node = models.CharField(max_length=64)
    device = models.CharField(max_length=64, blank=True)
    metrics = models.JSONField()
    born_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("gateway", "group", "node", "device"), name="one_birth_of_a_device"),)

    def __str__(self) -> str:
        return f"{self.group}/{self.node}/{self.device}".rstrip("/")
