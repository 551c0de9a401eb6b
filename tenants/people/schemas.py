"""What a person can choose from."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from tenants.scope.actors import Role


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation a person can work in."""

    tenant: UUID
    slug: str
    name: str
    role: Role
    customer: UUID | None
