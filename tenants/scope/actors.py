"""Who acts for a tenant, and what they may do there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Permission(StrEnum):
    """What a page or an endpoint asks for: an area of the product and what is done there, as ``area.deed``."""

    TWINS_READ = "twins.read"
    TWINS_EDIT = "twins.edit"
    TWINS_PUBLISH = "twins.publish"
    TWINS_OPERATE = "twins.operate"
    GATEWAYS_READ = "gateways.read"
    GATEWAYS_EDIT = "gateways.edit"
    ALARMS_READ = "alarms.read"
    ALARMS_EDIT = "alarms.edit"
    ALARMS_OPERATE = "alarms.operate"
    DASHBOARDS_READ = "dashboards.read"
    DASHBOARDS_EDIT = "dashboards.edit"
    HEALTH_READ = "health.read"
    HEALTH_OPERATE = "health.operate"
    PLANS_READ = "plans.read"
    PLANS_OPERATE = "plans.operate"
    PLANS_APPROVE = "plans.approve"
    CONTRACTS_READ = "contracts.read"
    CONTRACTS_EDIT = "contracts.edit"
    CONTRACTS_PUBLISH = "contracts.publish"
    CONTRACTS_OPERATE = "contracts.operate"
    CONTRACTS_APPROVE = "contracts.approve"
    MONEY_READ = "money.read"
    MONEY_BILL = "money.bill"
    REPORTS_READ = "reports.read"
    """Read the reports addressed to one's own company, and dispute them: what an end customer's people may do."""
    AUDIT_READ = "audit.read"
    LOG_OPERATE = "log.operate"
    """Follow the tamper-evident log and co-sign its heads: all that a witness needs."""
    ORGANISATION_READ = "organisation.read"
    ORGANISATION_OPERATE = "organisation.operate"
    ORGANISATION_BILL = "organisation.bill"
    ORGANISATION_ADMINISTER = "organisation.administer"
    ORGANISATION_OWN = "organisation.own"

    @property
    def area(self) -> str:
        """The part of the product: ``twins``."""
        return self.value.partition(".")[0]

    @property
    def deed(self) -> str:
        """What is done there: ``read``, ``edit``, ``publish``, ``operate``, ``approve``, ``bill``, ``administer``."""
        return self.value.partition(".")[2]


def permissions_named(names: Iterable[str]) -> frozenset[Permission]:
    """The permissions of these names; a name that is none (any more) gives none."""
    known = set(names)
    return frozenset(each for each in Permission if each.value in known)


IN_PLACES = frozenset({"twins", "alarms", "dashboards", "health", "plans"})
"""The areas whose things stand in a place; all that a member who is held to some places keeps, beside the overview."""


class Role(StrEnum):
    """The roles that every organisation has."""

    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    ENGINEER = "engineer"
    PLANNER = "planner"
    FINANCE = "finance"
    VIEWER = "viewer"
    CUSTOMER = "customer"


def _all_of(*areas: str) -> frozenset[Permission]:
    return frozenset(each for each in Permission if each.area in areas)


_INSIDE = frozenset(each for each in Permission if each.deed == "read" and each != Permission.AUDIT_READ)
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMINISTRATOR: frozenset(Permission) - {Permission.ORGANISATION_OWN},
    Role.ENGINEER: _INSIDE
    | _all_of("twins", "gateways", "alarms", "dashboards", "health")
    | {
        Permission.PLANS_OPERATE, Permission.CONTRACTS_EDIT, Permission.CONTRACTS_PUBLISH, Permission.CONTRACTS_OPERATE,
        Permission.ORGANISATION_OPERATE,
    },
    Role.PLANNER: _INSIDE
    | _all_of("dashboards", "health", "plans")
    | {
        Permission.TWINS_OPERATE, Permission.ALARMS_OPERATE, Permission.CONTRACTS_OPERATE,
        Permission.ORGANISATION_OPERATE,
    },
    Role.FINANCE: _INSIDE | _all_of("contracts", "money") | {Permission.ORGANISATION_BILL},
    Role.VIEWER: _INSIDE,
    Role.CUSTOMER: frozenset({Permission.REPORTS_READ, Permission.LOG_OPERATE}),
}  # fmt: skip


def held_to_places(permissions: Iterable[Permission]) -> frozenset[Permission]:
    """What is left of permissions to a member who is held to some places."""
    return frozenset(
        each for each in permissions if each.area in IN_PLACES or each == Permission.ORGANISATION_READ
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a key acting for one tenant.

    Attributes:
        tenant: The tenant acted for.
        slug: Its name in addresses.
        role: What they are there: a role that every organisation has, or the id of one of its own.
        permissions: What they may do, all told.
        name: What to call them in records: an address of mail, or the name of the key.
        user: The person, or None for a key.
        key: The key, or None for a person.
        customer: The end customer a person of the role `customer` belongs to.
        twins: The twins they are held to, or None for all.
        address: The network address they come from; empty for work of our own.
    """

    tenant: UUID
    slug: str
    role: str
    permissions: frozenset[Permission]
    name: str
    user: UUID | None = None
    key: UUID | None = None
    customer: UUID | None = None
    twins: frozenset[UUID] | None = None
    address: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether they have the permission."""
        return permission in self.permissions
