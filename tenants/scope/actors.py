"""Who acts for a tenant, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Permission(StrEnum):
    """A capability that a page or an endpoint asks for."""

    READ = "read"
    EDIT = "edit"
    PUBLISH = "publish"
    OPERATE = "operate"
    APPROVE = "approve"
    BILL = "bill"
    ADMINISTER = "administer"
    REPORTS = "reports"
    """Read the reports addressed to one's own company: all that an end customer's people may do."""


class Role(StrEnum):
    """The roles every organisation has."""

    OWNER = "owner"
    ENGINEER = "engineer"
    VIEWER = "viewer"
    CUSTOMER = "customer"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ENGINEER: frozenset(
        {Permission.READ, Permission.EDIT, Permission.PUBLISH, Permission.OPERATE, Permission.REPORTS}
    ),
    Role.VIEWER: frozenset({Permission.READ, Permission.REPORTS}),
    Role.CUSTOMER: frozenset({Permission.REPORTS}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a key acting for one tenant.

    Attributes:
        tenant: The tenant acted for.
        slug: Its name in addresses.
        role: What they are there.
        name: What to call them in records: an address of mail, or the name of the key.
        user: The person, or None for a key.
        key: The key, or None for a person.
        customer: The end customer a person of the role `customer` belongs to.
    """

    tenant: UUID
    slug: str
    role: Role
    name: str
    user: UUID | None = None
    key: UUID | None = None
    customer: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role has the permission."""
        return permission in PERMISSIONS[self.role]
