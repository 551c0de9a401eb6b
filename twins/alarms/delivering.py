"""Mails and webhooks of alarms: rows until they have gone, tried again with growing pauses when they have not.

A webhook is a POST of JSON with ``Outturn-Delivery`` (the same on each try, so that a receiver can drop what it has),
``Outturn-Timestamp`` (seconds since 1970) and ``Outturn-Signature``: ``v1=`` and the hexadecimal HMAC-SHA256, under the
channel's secret, of the timestamp, a full stop and the body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from tenants.edge.addresses import address_for
from tenants.edge.mail import send_to_all
from tenants.edge.outgoing import fetch
from tenants.jobs.services import tell_workers
from tenants.kernel.errors import OutturnError
from tenants.kernel.sealing import unseal
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant
from twins.alarms.models import AlarmChannel, AlarmDelivery

PURPOSE = "alarm webhook"
MOST_ATTEMPTS = 8
LEASE = timedelta(minutes=2)
"""How long nobody else tries what one process has taken."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_AT_ONCE = 20


def put_in_post(
    *, channel: AlarmChannel | None, address: str, subject: str, body: Mapping[str, Any], now: datetime
) -> AlarmDelivery:
    """Have something told; it goes out after this transaction has been committed."""
    kind = "webhook" if channel is not None and channel.kind == "webhook" else "mail"
    row = AlarmDelivery.objects.create(
        kind=kind, channel=channel, address=address[:500], subject=subject[:300], body=dict(body), next_at=now,
        created_at=now,
    )  # fmt: skip
    hint()
    return row


def hint() -> None:
    """Have what waits sent as soon as this transaction is committed; the follower asks again for what is left."""
    transaction.on_commit(partial(_hint, required_tenant("a delivery")))


def _hint(tenant: UUID) -> None:
    from twins.alarms.tasks import deliver  # noqa: PLC0415 (the task calls this module)

    tell_workers(deliver, tenant, waits=f"alarms of {tenant} are told later")


def next_try() -> datetime | None:
    """When something that waits is to be tried."""
    return AlarmDelivery.objects.filter(state="waiting").order_by("next_at").values_list("next_at", flat=True).first()


def deliver_waiting(tenant: UUID, *, now: datetime) -> int:
    """Send what is due of a tenant, outside any scope; how many went."""
    with scope(tenant):
        taken = _take(now)
        brand = Tenant.objects.get(id=tenant).brand
        address = address_for(tenant)
    done = 0
    for row in taken:
        result = _sent(row, brand, address, now)
        with scope(tenant):
            _note(row, result, now)
        done += result.is_sent
    return done


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a try."""

    is_sent: bool
    answer: str


def _take(now: datetime) -> Sequence[AlarmDelivery]:
    rows = AlarmDelivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        state="waiting", next_at__lte=now
    )
    taken = list(rows.select_related("channel").order_by("next_at", "id")[:_AT_ONCE])
    for row in taken:
        row.attempts += 1
        row.next_at = now + LEASE
        row.save(update_fields=["attempts", "next_at"])
    return taken


def _sent(row: AlarmDelivery, brand: Mapping[str, Any], address: str, now: datetime) -> Result:
    if row.kind == "webhook" and row.channel is not None:
        return _posted(row, row.channel, now)
    text = mail_text(row.subject, row.body, address)
    sent = send_to_all(brand, subject=row.subject, body=text, to=[row.address])
    return Result(bool(sent), "sent" if sent else "the mail server did not take it")


def _posted(row: AlarmDelivery, channel: AlarmChannel, now: datetime) -> Result:
    body = msgspec.json.encode({"id": str(row.id), "subject": row.subject, **row.body})
    stamp = str(int(now.timestamp()))
    try:
        secret = unseal(bytes(channel.sealed_secret), keys=settings.SEALING_KEYS, purpose=PURPOSE)
        headers = {
            "Content-Type": "application/json", "Outturn-Delivery": str(row.id), "Outturn-Timestamp": stamp,
            "Outturn-Signature": signature(secret, stamp, body),
        }  # fmt: skip
        answer = fetch(row.address, method="POST", headers=headers, body=body)
    except OutturnError as error:  # the address, the connection, or the seal of the secret
        return Result(is_sent=False, answer=error.told)
    taken = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
    return Result(taken, f"status {answer.status}")


def signature(secret: str, stamp: str, body: bytes) -> str:
    """The signature of a webhook's body."""
    return "v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _note(row: AlarmDelivery, result: Result, now: datetime) -> None:
    row.answer = result.answer[:500]
    if result.is_sent:
        row.state, row.next_at, row.done_at = "sent", None, now
    elif row.attempts >= MOST_ATTEMPTS:
        row.state, row.next_at, row.done_at = "failed", None, now
    else:
        row.next_at = now + pause(row.attempts)
    row.save(update_fields=["answer", "state", "next_at", "done_at"])


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << (attempts - 1)))


def mail_text(subject: str, body: Mapping[str, Any], address: str) -> str:
    """The text of a mail."""
    lines = [f"{subject}.", ""]
    for alarm in body.get("alarms", ()):
        measured = "" if alarm["value"] is None else f", {alarm['value']:g} {alarm['unit']}".rstrip()
        lines.append(
            f"{alarm['priority']}: {alarm['twin']}, {alarm['asset']}, {alarm['alarm']}{measured}, {alarm['at']}"
        )
    left = body.get("count", 0) - len(body.get("alarms", ()))
    if left > 0:
        lines.append(f"and {left} more")
    return "\n".join([*lines, "", f"{address}/", ""])
