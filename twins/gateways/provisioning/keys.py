"""Provisioning keys: making and revoking them, and what there is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from tenants.customers.selectors import customer_name
from tenants.kernel.clock import isoformat
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.people.selectors import sites
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from twins.gateways.errors import CustomerNotFoundError, SiteNotFoundError
from twins.gateways.models import ProvisioningDigest, ProvisioningKey
from twins.gateways.provisioning.errors import KeyNotFoundError, TermsError
from twins.gateways.schemas import KeyTerms

MOST_ALLOWED = 10_000


def provisioning_keys() -> QuerySet[ProvisioningKey]:
    """The provisioning keys of the tenant in scope, newest first."""
    return ProvisioningKey.objects.select_related("customer", "site")


def provisioning_key(key: UUID) -> ProvisioningKey:
    """One of them.

    Raises:
        KeyNotFoundError: The tenant has no such key.
    """
    found = provisioning_keys().filter(id=key).first()
    if found is None:
        raise KeyNotFoundError
    return found


def state_of(key: ProvisioningKey, *, now: datetime) -> str:
    """``revoked``, ``expired``, ``used_up`` or ``in_force``."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "used_up" if key.made >= key.allowed else "in_force"


def in_state(rows: QuerySet[ProvisioningKey], state: str, *, now: datetime) -> QuerySet[ProvisioningKey]:
    """Those of some keys that are in a state."""
    over = Q(expires_at__lte=now)
    if state == "revoked":
        return rows.exclude(revoked_at=None)
    if state == "expired":
        return rows.filter(over, revoked_at=None)
    alive = rows.filter(revoked_at=None).exclude(over)
    return alive.filter(made__gte=F("allowed")) if state == "used_up" else alive.filter(made__lt=F("allowed"))


def make_provisioning_key(*, terms: KeyTerms, by: str, now: datetime) -> tuple[ProvisioningKey, Token]:
    """A new provisioning key; its text is nowhere kept and cannot be shown again.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        SiteNotFoundError: The tenant has no such site.
        TermsError: It would be over already, or allow none or too many.
    """
    if not 1 <= terms.allowed <= MOST_ALLOWED:
        raise TermsError(f"a key makes 1 to {MOST_ALLOWED:,} gateways", place="allowed", fix="Choose another number.")
    if terms.expires_at is not None and terms.expires_at <= now:
        raise TermsError("the key would be over already", place="expires_at", fix="Choose a later time.")
    if terms.customer is not None and customer_name(terms.customer) is None:
        raise CustomerNotFoundError
    if terms.site is not None and not sites().filter(id=terms.site).exists():
        raise SiteNotFoundError
    token = new_token("provision")
    with transaction.atomic():
        key = ProvisioningKey.objects.create(
            name=terms.name, prefix=token.prefix, allowed=terms.allowed, customer_id=terms.customer,
            site_id=terms.site, name_prefix=terms.name_prefix, needs_claim=terms.needs_claim, created_by=by,
            created_at=now, expires_at=terms.expires_at,
        )  # fmt: skip
        ProvisioningDigest.objects.create(
            digest=token_digest(token.text, secret=settings.SEALING_KEYS[0]), key=key.id,
            tenant_id=required_tenant("a provisioning key"),
        )  # fmt: skip
        record_audit(
            action="gateway.key_made", subject=f"provisioning-key/{key.id}", by=by, now=now,
            details={
                "name": key.name, "allowed": key.allowed, "needs_claim": key.needs_claim,
                "expires_at": isoformat(key.expires_at) if key.expires_at else None,
            },
        )  # fmt: skip
    return key, token


def revoke_provisioning_key(*, key: UUID, by: str, now: datetime) -> ProvisioningKey:
    """Let nothing more register with a key; the gateways it made stay. Doing it again changes nothing.

    Raises:
        KeyNotFoundError: The tenant has no such key.
    """
    with transaction.atomic():
        row = ProvisioningKey.objects.select_for_update().filter(id=key).first()
        if row is None:
            raise KeyNotFoundError
        if row.revoked_at is None:
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            record_audit(
                action="gateway.key_revoked", subject=f"provisioning-key/{key}", by=by, now=now,
                details={"name": row.name, "made": row.made},
            )  # fmt: skip
    return row
