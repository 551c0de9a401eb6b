"""A new key for the log: the one in force signs it over, and whoever knows either can follow."""

from __future__ import annotations

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from tenants.record.domain.handovers import sign_handover
from tenants.record.domain.keys import unwrap_key
from tenants.record.domain.notes import Verifier, verifier_of
from tenants.record.models import KeyHandover, Log
from tenants.record.schemas import NewEntry
from tenants.record.services import HANDOVER, append_leaves, handover_document, record_audit, seal_head, wrapped_for


def rotate_key(*, by: str, now: datetime) -> Verifier:
    """Have the log in scope sign with a new key from now on; the key.

    The former key seals a last head and signs the handover, which is logged; the new one signs it too, and seals the
    next head, so that the two heads and the proof between them tie what was before to what comes. The former key is
    not kept.

    Args:
        by: Who wants it.
        now: When.

    Raises:
        KeyUnreadableError: The log was made under a secret that is no more among those of the installation.
        NoSecretError: The tenant has no log yet, and OUTTURN_SECRET is not set.
    """
    with transaction.atomic():
        head = seal_head(now=now)
        log = Log.objects.get()
        former = unwrap_key(bytes(log.wrapped_key), secrets=settings.SEALING_KEYS, origin=log.origin)
        following = Ed25519PrivateKey.generate()
        before, after = (verifier_of(log.origin, key) for key in (former, following))
        row = KeyHandover.objects.create(
            size=head.size, former_key=before.public_key, next_key=after.public_key, by=by, handed_at=now,
            note=sign_handover(head.size, log.origin, former, following),
        )  # fmt: skip
        append_leaves(entries=[NewEntry.of(HANDOVER, handover_document(row.note))], now=now)
        Log.objects.filter(id=log.id).update(
            public_key=after.public_key, wrapped_key=wrapped_for(following, log.origin)
        )  # fmt: skip
        record_audit(
            action="log.key_rotated", subject=f"log/{log.id}", by=by, now=now,
            details={"entries": head.size, "former": before.fingerprint, "next": after.fingerprint},
        )  # fmt: skip
        seal_head(now=now)
    return after
