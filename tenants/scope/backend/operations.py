"""Where Django finds our compilers, and how JSON is written into columns."""

from __future__ import annotations

import json
from typing import Any

from django.db.backends.postgresql import operations
from psycopg.types.json import Jsonb

from tenants.kernel.canonical import json_text


class DatabaseOperations(operations.DatabaseOperations):
    """PostgreSQL's operations with compilers that write the tenant into each query."""

    compiler_module = "tenants.scope.backend.compiler"

    def adapt_json_value(self, value: Any, encoder: type[json.JSONEncoder] | None) -> Any:
        """A JSON value for a column; by the quick encoder, unless the field has one of its own."""
        return Jsonb(value, dumps=json_text) if encoder is None else super().adapt_json_value(value, encoder)
