"""Erasing a person from a tenant: out of what can be changed, and told where the law keeps their name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from tenants.custody.certificates import issue_certificate
from tenants.custody.exporting import naming
from tenants.custody.models import Certificate
from tenants.custody.registry import custody_of, is_append_only, people_columns, shared_tables, tenant_tables
from tenants.kernel.errors import ConflictError, NotFoundError
from tenants.people.members import BeyondOwnRightsError, end_with, hold_off_others
from tenants.people.models import Membership, User
from tenants.people.rights import rights_changed
from tenants.people.selectors import members, permissions_of
from tenants.record.services import record_audit
from tenants.scope.actors import Permission, Role
from tenants.scope.context import required_tenant
from tenants.scope.tables import Custody

SEALED = (
    "Written once, as part of a history that others rely on and, for money and the log, the law wants kept: the name "
    "says who answers for it (GDPR Art. 17(3)(b) and (e))."
)


class LastOwnerError(ConflictError):
    """An organisation has an owner."""

    code = "person.last_owner"


def erase_person(*, email: str, by: str, now: datetime, may: frozenset[Permission]) -> Certificate:
    """Remove a person from the tenant in scope, and their name from all that can be changed.

    Their account is their own and stays; it belongs to them, and maybe to other organisations.

    Args:
        email: Their address.
        by: Who does it.
        now: The moment.
        may: What whoever does it may do: nobody ends the membership of somebody who may do more.

    Raises:
        NotFoundError: Nobody of this address belongs to the tenant.
        BeyondOwnRightsError: Their role has rights that are not among `may`.
        LastOwnerError: They are its last owner.
    """
    tenant = required_tenant("a person")
    with transaction.atomic():
        hold_off_others()
        membership = _removable(tenant, email, may)
        end_with(membership, now=now)
        user, alias = membership.user, f"former member {membership.id.hex[-8:]}"
        erased, kept = _replace_everywhere(user, alias)
        for table, rows in _erase_shared(tenant, user.id).items():
            erased[table] = erased.get(table, 0) + rows
        rights_changed(tenant)
        record_audit(action="person.erased", subject=f"membership/{membership.id}", by=by, now=now)
        return issue_certificate(
            subject=f"person/{user.id}", name=alias, asked_by=by, asked_at=now, erased=erased, kept=kept, now=now
        )


def _removable(tenant: UUID, email: str, may: frozenset[Permission]) -> Membership:
    membership = members(tenant).filter(user__email=email).first()
    if membership is None:
        raise NotFoundError("Nobody of this address is a member.", place="email", fix="Choose one of the people.")
    if not permissions_of(membership.role) <= may:
        raise BeyondOwnRightsError(
            "They may do things that you may not.", place="email", kept="The person and their name.",
            fix="Ask an owner to do it.",
        )  # fmt: skip
    owners = Membership.objects.filter(tenant_id=tenant, role=Role.OWNER, user__is_active=True)
    if membership.role == Role.OWNER and not owners.exclude(id=membership.id).exists():
        raise LastOwnerError(
            "They are the last owner.", place="email", kept="The person and their name.",
            fix="Make somebody else an owner first.",
        )  # fmt: skip
    return membership


def _replace_everywhere(user: User, alias: str) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
    """Put the alias in the place of the person; how many rows of each table were changed, and which keep the name."""
    erased: dict[str, int] = {}
    kept: dict[str, dict[str, Any]] = {}
    for model in tenant_tables():
        where = naming(model, email=user.email, user=user.id)
        if where is None:
            continue
        table, rows = model._meta.db_table, model._base_manager.filter(where)
        if is_append_only(model):
            if count := rows.count():
                kept[table] = {"rows": count, "class": custody_of(model).value, "reason": SEALED}
            continue
        if custody_of(model) == Custody.PERSON or any(each.name == "user" for each in model._meta.concrete_fields):
            gone, _ = rows.delete()
        else:
            gone = rows.count()
            for name in people_columns(model):
                model._base_manager.filter(Q(**{name: user.email})).update(**{name: alias})
        if gone:
            erased[table] = gone
    return erased, kept


def _erase_shared(tenant: UUID, user: UUID) -> dict[str, int]:
    erased = {}
    for model, owner in shared_tables():
        if any(field.name == "user" for field in model._meta.concrete_fields):
            gone, _ = model._base_manager.filter(**{f"{owner}_id": tenant, "user": user}).delete()
            if gone:
                erased[model._meta.db_table] = gone
    return erased
