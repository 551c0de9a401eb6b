"""Where Django finds our compilers."""

from __future__ import annotations

from django.db.backends.postgresql import operations


class DatabaseOperations(operations.DatabaseOperations):
    """PostgreSQL's operations with compilers that write the tenant into each query."""

    compiler_module = "tenants.scope.backend.compiler"
