"""Claim codes: what a device shows and a person types, so that it becomes a gateway of the organisation."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from tenants.kernel.secrets import is_same_digest, token_digest, token_digests
from tenants.record.services import record_audit
from twins.gateways.models import Gateway
from twins.gateways.provisioning.errors import NotPendingError, TooManyTriesError, WrongClaimCodeError
from twins.gateways.services import locked, put_hold

MOST_TRIES = 5
"""Wrong codes for one gateway in an hour."""
_HOUR = 3600
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else
_LENGTH = 8


def new_code() -> str:
    """A code of eight letters and digits in two groups: forty bits, of which five may be tried in an hour."""
    text = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return f"{text[:4]}-{text[4:]}"


def code_digest(gateway: UUID, code: str) -> str:
    """The keyed digest under which a gateway's code is kept."""
    return token_digest(_text(gateway, code), secret=settings.SEALING_KEYS[0])


def claim_gateway(*, gateway: UUID, code: str, by: str, now: datetime) -> Gateway:
    """Let a gateway that registered itself in, by the code that its device shows.

    Wrong codes are counted in the cache, so that the count stays when the transaction of the request is undone.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        NotPendingError: It waits for nobody.
        TooManyTriesError: Too many wrong codes came within an hour.
        WrongClaimCodeError: It is another code.
    """
    with transaction.atomic():
        row = locked(gateway)
        if not row.is_pending:
            raise NotPendingError(f"{row.name} waits for nobody", place="gateway", fix="Nothing needs to be done.")
        _count_try(row)
        digests = token_digests(_text(gateway, code), keys=settings.SEALING_KEYS)
        if not any(is_same_digest(one, row.claim_digest) for one in digests):
            raise WrongClaimCodeError(
                "this is not the code of this gateway", place="code", kept="It waits as before.",
                fix="Type the code that the device shows; if it has none any more, let it register again.",
            )  # fmt: skip
        row.claim_digest = ""
        row.save(update_fields=["claim_digest"])
        put_hold(gateway=row)
        record_audit(
            action="gateway.claimed", subject=f"gateway/{row.id}", by=by, now=now,
            details={"name": row.name, "serial": row.serial},
        )  # fmt: skip
    cache.delete(_key(row.id))
    return row


def _count_try(row: Gateway) -> None:
    cache.add(_key(row.id), 0, _HOUR)
    if cache.incr(_key(row.id)) > MOST_TRIES:
        raise TooManyTriesError(
            f"more than {MOST_TRIES} codes were entered for {row.name}", place="code", kept="It waits as before.",
            fix="Wait an hour, then type the code that the device shows.",
        )  # fmt: skip


def _key(gateway: UUID) -> str:
    return f"gateway:claim:{gateway}"


def _text(gateway: UUID, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in _LETTERS)
    return f"claim:{gateway}:{plain}"
