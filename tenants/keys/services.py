"""Making, replacing and revoking API keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from pydantic import JsonValue

from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.networks import read_networks
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.keys import selectors
from tenants.keys.accounts import hold_to_giver, reach
from tenants.keys.models import ApiKey, KeyDigest, ServiceAccount
from tenants.keys.schemas import LIFETIME, LONGEST_OVERLAP, Holder, KeyTerms
from tenants.record.services import record_audit
from tenants.scope.actors import Actor, Role
from tenants.scope.context import required_tenant


class KeyTermsError(OutturnError):
    """A key cannot be like that."""

    code = "key.terms"


class NotInForceError(ConflictError):
    """The key does not hold any more, so nothing can take its place."""

    code = "key.not_in_force"


def create_key(*, name: str, role: Role, now: datetime, expires_at: datetime | None = None) -> tuple[ApiKey, Token]:
    """A service account of a role with one key of the same name, which holds for a year unless said otherwise.

    For work of our own, which is held to nobody's permissions; a request goes by `open_account` and `issue_key`.
    """
    with transaction.atomic():
        account = ServiceAccount.objects.create(name=name, role=role, created_at=now)
        return _made(account, KeyTerms(name=name, expires_at=expires_at or now + LIFETIME), now)


def issue_key(*, account: UUID, terms: KeyTerms, by: Actor, now: datetime) -> tuple[ApiKey, Token]:
    """A new key of a service account; its text is nowhere kept and cannot be shown again.

    Raises:
        AccountNotFoundError: The tenant has no such account.
        BeyondGiverError: It would open more than its giver may do.
        KeyTermsError: It would be over before it begins.
        NetworkError: A network is none.
        NotInForceError: The account is disabled.
    """
    details: dict[str, JsonValue]
    with transaction.atomic():
        row = selectors.account(account)
        if row.disabled_at is not None:
            raise NotInForceError(f"{row.name} is disabled", place="account", fix="Enable it first, or choose another.")
        if terms.expires_at is not None and terms.expires_at <= now:
            raise KeyTermsError("the key would be over already", place="expires_at", fix="Choose a later time.")
        hold_to_giver(by, reach(row, terms.scopes))
        key, token = _made(row, terms, now)
        details = {
            "name": key.name, "account": str(row.id), "scopes": key.scopes, "networks": key.networks,
            "expires_at": isoformat(key.expires_at) if key.expires_at else None,
        }  # fmt: skip
        record_audit(action="key.created", subject=f"key/{key.id}", by=by.name, now=now, details=details)
    return key, token


def rotate_key(*, key: UUID, overlap: timedelta, by: Actor, now: datetime) -> tuple[ApiKey, Token]:
    """A new secret for a key, which holds as long again; the former one goes on for a while, up to its own end.

    Args:
        key: One in force.
        overlap: How long the former secret goes on; the first moment it is refused at is `now` plus this.
        by: Who may do all that the key may.
        now: When.

    Raises:
        BeyondGiverError: The key opens more than whoever asks may do.
        KeyNotFoundError: The tenant has no such key.
        KeyTermsError: The overlap is negative or longer than 30 days.
        NotInForceError: The key is revoked or has expired, or its account is disabled.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise KeyTermsError("a former secret goes on for 0 to 30 days", place="overlap_days", fix="Choose fewer days.")
    token = new_token("key")
    with transaction.atomic():
        row = _locked(key)
        if selectors.state_of(row, now=now) not in ("in_force", "ending"):
            raise NotInForceError(f"{row.name} is not in force", place="key", fix="Make a new key.")
        hold_to_giver(by, reach(row.account, None if row.scopes is None else selectors.read_permissions(row.scopes)))
        ends = min(now + overlap, row.expires_at or now + overlap)
        _put_former_until(row.id, ends, now)
        _keep(row.id, token)
        row.prefix = token.prefix
        if row.expires_at is not None:
            row.expires_at = now + (row.expires_at - (row.rotated_at or row.created_at))
        row.rotated_at = now
        row.save(update_fields=["prefix", "expires_at", "rotated_at"])
        record_audit(
            action="key.rotated", subject=f"key/{row.id}", by=by.name, now=now,
            details={"name": row.name, "former_until": isoformat(ends)},
        )  # fmt: skip
    return row, token


def revoke_key(*, key: UUID, now: datetime, by: Actor | None = None) -> None:
    """Withdraw a key with all its secrets: it is refused from the next request on, and cannot come back.

    Raises:
        KeyNotFoundError: The tenant has no such key in force.
    """
    with transaction.atomic():
        if not ApiKey.objects.filter(id=key, revoked_at=None).update(revoked_at=now):
            raise selectors.KeyNotFoundError(
                "there is no such key in force", place="key", fix="Choose one from the list of keys."
            )
        KeyDigest.objects.filter(key=key, tenant=required_tenant("a key")).delete()
        if by is not None:
            record_audit(action="key.revoked", subject=f"key/{key}", by=by.name, now=now)


def admit_token(*, text: str, now: datetime) -> Holder | None:
    """Whose key a token is for, while its secret holds; needs no scope.

    A token kept under a former secret of the installation is kept under the newest from now on.
    """
    found = selectors.holder(text, now=now)
    if found is not None and found.digest != found.newest:
        KeyDigest.objects.filter(digest=found.digest).update(digest=found.newest)
    return found


def _made(account: ServiceAccount, terms: KeyTerms, now: datetime) -> tuple[ApiKey, Token]:
    token = new_token("key")
    key = ApiKey.objects.create(
        account=account, name=terms.name, prefix=token.prefix, networks=read_networks(terms.networks), created_at=now,
        scopes=None if terms.scopes is None else sorted(terms.scopes), expires_at=terms.expires_at,
    )  # fmt: skip
    _keep(key.id, token)
    return key, token


def _keep(key: UUID, token: Token) -> None:
    digest = token_digest(token.text, secret=settings.SEALING_KEYS[0])
    KeyDigest.objects.create(digest=digest, tenant_id=required_tenant("a key"), key=key)


def _put_former_until(key: UUID, ends: datetime, now: datetime) -> None:
    former = KeyDigest.objects.filter(key=key, tenant=required_tenant("a key"))
    former.filter(until__lte=now).delete()
    former.filter(Q(until=None) | Q(until__gt=ends)).update(until=ends)


def _locked(key: UUID) -> ApiKey:
    """The key, held until the transaction ends: of two rotations at once the second sees the first."""
    if not ApiKey.objects.select_for_update().filter(id=key).values_list("id").first():
        raise selectors.KeyNotFoundError("there is no such key", place="key", fix="Choose one from the list of keys.")
    return selectors.key(key)
