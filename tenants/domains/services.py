"""An organisation's own domains: claimed, looked at, used, given up. All act in the scope of their organisation."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from tenants.domains import dns, registry
from tenants.domains.domain import (
    Result,
    Seen,
    State,
    check_not_ours,
    clean_name,
    missing_since,
    next_state,
)  # fmt: skip
from tenants.domains.hosts import forget_hosts
from tenants.domains.models import Domain, ProvenHost
from tenants.domains.notices import tell_administrators
from tenants.domains.selectors import domain, domains, ours
from tenants.kernel.errors import ConflictError, NotAllowedError, OutturnError
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import allows
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant

MOST = 50
"""Domains of one organisation; each costs questions to DNS every day."""


class NoUseError(OutturnError):
    """A domain would be used for nothing."""

    code = "domain.no_use"


class DomainNotInPlanError(NotAllowedError):
    """The plan has not what the domain is for."""

    code = "domain.not_in_plan"


class DomainThereError(ConflictError):
    """The organisation has claimed the domain already, or has too many."""

    code = "domain.already_there"


def add_domain(*, name: str, is_web: bool, is_mail: bool, by: str, now: datetime) -> Domain:
    """Claim a domain; it counts for nothing until it is proven, and no other organisation's claim is in its way.

    Args:
        name: The domain, in any script.
        is_web: Whether the organisation's pages are to be shown there.
        is_mail: Whether it stands in the addresses of its people.
        by: Who claims it.
        now: The moment.

    Raises:
        DomainNameError: It cannot be an organisation's domain.
        NoUseError: It is to be used for nothing.
        DomainNotInPlanError: The plan has not what it is for.
        DomainThereError: It is claimed already, or there are too many.
    """
    name = clean_name(name)
    _check_any(is_web=is_web, is_mail=is_mail)
    _check_new_uses(name, is_web=is_web, is_mail=is_mail)
    if domains().filter(name=name).exists():
        raise DomainThereError(f"{name} is in the list already", place="name", fix="Open it there.")
    if domains().count() >= MOST:
        raise DomainThereError(f"there are {MOST} domains already", place="name", fix="Remove one first.")
    row = Domain.objects.create(
        name=name, is_web=is_web, is_mail=is_mail, token=secrets.token_hex(20), created_at=now, created_by=by
    )
    _tell("domain.added", row, by, now)
    return row


def change_uses(*, domain_id: UUID, is_web: bool, is_mail: bool, by: str, now: datetime) -> Domain:
    """Use a domain for something else; the proof there is goes on, and shows a new address at once.

    Raises:
        DomainNotFoundError: The organisation has no such domain.
        DomainNameError: It cannot be an address of pages.
        NoUseError: It would be used for nothing.
        DomainNotInPlanError: The plan has not what it is for.
        DomainThereError: It is in use as an address already.
    """
    with transaction.atomic():
        row = _locked(domain_id)
        _check_any(is_web=is_web, is_mail=is_mail)
        _check_new_uses(row.name, is_web=is_web and not row.is_web, is_mail=is_mail and not row.is_mail)
        row.is_web, row.is_mail = is_web, is_mail
        if row.state == State.PROVEN and is_web and not _take_host(row, now):
            raise DomainThereError(
                f"{row.name} is in use as an address already", place="is_web", kept="Nothing was changed.",
                fix="Whoever uses it has to remove it first.",
            )  # fmt: skip
        row.save(update_fields=("is_web", "is_mail"))
        _settle(row)
        _tell("domain.changed", row, by, now)
    return row


def check_domain(*, domain_id: UUID, by: str, now: datetime) -> Domain:
    """Ask DNS about a domain now, which takes five seconds at most, and act on the answer.

    Raises:
        DomainNotFoundError: The organisation has no such domain.
    """
    row = domain(domain_id)  # not locked while DNS is asked
    seen = dns.look(row.name, row.token, is_web=row.is_web)
    return note_look(domain_id=domain_id, seen=seen, by=by, now=now)


def note_look(*, domain_id: UUID, seen: Seen, by: str, now: datetime) -> Domain:
    """Act on what DNS has said of a domain: it is proven, misses its record, or lapses after seven days without it.

    Raises:
        DomainNotFoundError: The organisation has no such domain any more.
    """
    with transaction.atomic():
        row = _locked(domain_id)
        before, was_missing = State(row.state), row.missing_since is not None
        result = seen.result
        if result is Result.RIGHT and row.is_web and not _take_host(row, now):
            result = Result.TAKEN
        since = missing_since(row.missing_since, result, now=now) if before is State.PROVEN else None
        row.state = next_state(before, result, since, now=now)
        row.missing_since = since if row.state == State.PROVEN else None
        if row.state == State.PROVEN and before is not State.PROVEN:
            row.proven_at = now
        row.checked_at, row.result, row.found = now, result, list(seen.found)
        row.pointing, row.leads_to = seen.pointing, seen.leads_to
        row.save()
        if row.state != before:
            _settle(row)
            _tell(f"domain.{row.state}", row, by, now)
        elif row.missing_since and not was_missing:
            _tell("domain.missing", row, by, now)
        if before is State.PROVEN and (row.state == State.LAPSED or (row.missing_since and not was_missing)):
            tell_administrators(row)
    return row


def remove_domain(*, domain_id: UUID, by: str, now: datetime) -> None:
    """Give a domain up: its address shows nothing from now on, and its mail counts as declared only.

    Raises:
        DomainNotFoundError: The organisation has no such domain.
    """
    with transaction.atomic():
        row = _locked(domain_id)
        Domain.objects.filter(id=row.id).delete()
        row.state = State.LAPSED
        _settle(row)
        _tell("domain.removed", row, by, now)


def _check_any(*, is_web: bool, is_mail: bool) -> None:
    if not (is_web or is_mail):
        raise NoUseError("the domain would be used for nothing", place="is_web", fix="Choose pages, mail or both.")


def _check_new_uses(name: str, *, is_web: bool, is_mail: bool) -> None:
    """Refuse what the plan has not, and our own hosts as somebody's address."""
    if is_web:
        check_not_ours(name, ours())
    if (is_web and not allows(Feature.CUSTOM_DOMAIN)) or (is_mail and not allows(Feature.SINGLE_SIGN_ON)):
        what, place = ("addresses of your own", "is_web") if is_web else ("single sign-on", "is_mail")
        raise DomainNotInPlanError(
            f"your plan has no {what}", place=place, kept="Nothing was changed.",
            fix="Choose a larger plan under Plan and usage.",
        )  # fmt: skip


def _take_host(row: Domain, now: datetime) -> bool:
    """Make a name the organisation's address, unless it is another's; whether it is ours now."""
    tenant = required_tenant("a host")
    found, is_new = ProvenHost.objects.get_or_create(host=row.name, defaults={"tenant_id": tenant, "proven_at": now})
    if is_new:
        forget_hosts()
    return found.tenant_id == tenant


def _settle(row: Domain) -> None:
    """Let what rests on a domain follow its state and uses."""
    if not (row.state == State.PROVEN and row.is_web):
        ProvenHost.objects.filter(host=row.name, tenant_id=required_tenant("a host")).delete()
        forget_hosts()
    registry.tell_of_mail()


def _locked(domain_id: UUID) -> Domain:
    return Domain.objects.select_for_update().filter(id=domain_id).first() or domain(domain_id)


def _tell(action: str, row: Domain, by: str, now: datetime) -> None:
    uses = [word for word, is_used in (("web", row.is_web), ("mail", row.is_mail)) if is_used]
    details: Mapping[str, Any] = {"name": row.name, "uses": uses}
    record_audit(action=action, subject=f"domain/{row.id}", by=by, now=now, details=details)
