"""What the database can do for models of tenants."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import features

from tenants.scope.tables import TenantTable


class DatabaseFeatures(features.DatabaseFeatures):
    """PostgreSQL's features, less what a composite primary key takes away."""

    def allows_group_by_selected_pks_on_model(self, model: Any) -> bool:
        """Grouping by ``id`` alone does not cover a table whose primary key is ``(tenant_id, id)``."""
        return not issubclass(model, TenantTable) and super().allows_group_by_selected_pks_on_model(model)
