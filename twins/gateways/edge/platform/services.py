"""What agents say of themselves, the keys of their sites, and what they are to do."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction

from tenants.edge.parsers import is_keepable
from tenants.kernel.canonical import digest
from tenants.record.services import record_audit
from twins.gateways import services as gateways
from twins.gateways.edge.platform import selectors
from twins.gateways.edge.platform.checks import findings_in
from twins.gateways.edge.platform.errors import (
    EdgeConfigurationChangedError,
    EdgeConfigurationError,
    SiteKeyRetiredError,
    StatusError,
)
from twins.gateways.edge.platform.models import EdgeAgent, EdgeConfiguration, KeyState, SiteKey
from twins.gateways.edge.platform.schemas import Status
from twins.gateways.edge.signing import fingerprint

MOST_WAITING = 10
"""Keys of one gateway that wait; the oldest makes room for another."""


def note_status(*, gateway: UUID, status: Status, now: datetime) -> tuple[SiteKey, EdgeConfiguration | None]:
    """Keep what an agent says of itself; its key, and what it is to do.

    The first key of a gateway is approved on sight. Any other waits for a person.

    Raises:
        GatewayNotFoundError: The gateway is in the trash.
        StatusError: The key is none, or a text cannot be kept.
    """
    said: dict[str, Any] = msgspec.to_builtins(status)
    if not is_keepable(said):
        raise StatusError("a text has characters that cannot be kept", place="body", fix="Send plain text.")
    raw = _raw(status.key)
    with transaction.atomic():
        key = _seen_key(gateway, raw, now)
        EdgeAgent.objects.update_or_create(
            gateway=gateway, defaults={"version": status.version, "status": said, "at": now}
        )
    return key, selectors.newest_configuration(gateway)


def _raw(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise StatusError(
            "the key is not the 32 bytes of an Ed25519 key in base64", place="key", fix="Send the public key."
        )
    return raw


def _seen_key(gateway: UUID, raw: bytes, now: datetime) -> SiteKey:
    name = hashlib.sha256(raw).hexdigest()
    known = selectors.site_keys(gateway).filter(fingerprint=name).first()
    if known is not None:
        return known
    row = gateways.locked(gateway)
    known = selectors.site_keys(gateway).filter(fingerprint=name).first()  # another request may have been first
    if known is not None:
        return known
    is_first = not selectors.site_keys(gateway).exists()
    waiting = selectors.site_keys(gateway).filter(state=KeyState.WAITING)
    for old in waiting[MOST_WAITING - 1 :]:
        old.delete()
    key = SiteKey.objects.create(
        gateway=gateway, public_key=raw, fingerprint=fingerprint(Ed25519PublicKey.from_public_bytes(raw)),
        state=KeyState.APPROVED if is_first else KeyState.WAITING, first_seen_at=now,
        approved_by=row.name if is_first else "", approved_at=now if is_first else None,
    )  # fmt: skip
    record_audit(
        action="gateway.site_key_approved" if is_first else "gateway.site_key_seen", subject=f"gateway/{gateway}",
        by=f"gateway {row.name}", now=now, details={"fingerprint": name, "on_sight": is_first},
    )  # fmt: skip
    return key


def approve_key(*, gateway: UUID, key: UUID, by: str, now: datetime) -> SiteKey:
    """Let what a key signs count as the site's word from now on; the one before is retired. Doing it twice is harmless.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        SiteKeyNotFoundError: The gateway has no such key.
        SiteKeyRetiredError: The key was replaced by another.
    """
    with transaction.atomic():
        gateways.locked(gateway)
        row = selectors.site_key(gateway, key)
        if row.state == KeyState.RETIRED:
            raise SiteKeyRetiredError
        if row.state == KeyState.APPROVED:
            return row
        selectors.site_keys(gateway).filter(state=KeyState.APPROVED).update(state=KeyState.RETIRED, retired_at=now)
        row.state, row.approved_by, row.approved_at = KeyState.APPROVED, by, now
        row.save(update_fields=["state", "approved_by", "approved_at"])
        record_audit(
            action="gateway.site_key_approved", subject=f"gateway/{gateway}", by=by, now=now,
            details={"fingerprint": row.fingerprint, "on_sight": False},
        )  # fmt: skip
    return row


def save_configuration(
    *, gateway: UUID, document: Any, by: str, now: datetime, base: str | None = None
) -> EdgeConfiguration:
    """Say what the agent of a gateway is to do: another version, or the newest when it says the same.

    Args:
        gateway: Whose.
        document: The configuration.
        by: Who says so.
        now: When.
        base: The digest of the version that was changed, empty when there was none; None to save whatever stands there.

    Raises:
        EdgeConfigurationChangedError: Another version stands there.
        EdgeConfigurationError: No agent could follow it; the findings name the places.
        GatewayNotFoundError: The tenant has no such gateway.
    """
    findings = findings_in(document)
    if findings:
        raise EdgeConfigurationError(findings)
    with transaction.atomic():
        gateways.locked(gateway)
        newest = selectors.newest_configuration(gateway)
        if base is not None and base != (newest.digest if newest else ""):
            number = f"version {newest.number}" if newest else "no version"
            raise EdgeConfigurationChangedError(
                f"it stands at {number} now", place="If-Match", kept="The version that is there.",
                fix="Read it, and make your change to that one.",
            )  # fmt: skip
        name = digest(document)
        if newest is not None and newest.digest == name:
            return newest
        row = EdgeConfiguration.objects.create(
            gateway=gateway, number=newest.number + 1 if newest else 1, document=document, digest=name, saved_by=by,
            saved_at=now,
        )  # fmt: skip
        record_audit(
            action="gateway.edge_configured", subject=f"gateway/{gateway}", by=by, now=now,
            details={"number": row.number, "digest": name},
        )  # fmt: skip
    return row


def restore_configuration(*, gateway: UUID, number: int, by: str, now: datetime) -> EdgeConfiguration:
    """Have an older version stand again, as a new one.

    Raises:
        EdgeConfigurationError: No agent of today could follow it.
        EdgeConfigurationNotFoundError: There is none of this number.
        GatewayNotFoundError: The tenant has no such gateway.
    """
    former = selectors.configuration(gateway, number)
    return save_configuration(gateway=gateway, document=former.document, by=by, now=now)
