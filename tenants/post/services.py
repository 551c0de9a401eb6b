"""Letters written down in the transaction of what happened, and sent afterwards, each once.

A letter is held while its mail goes out and marked in the same transaction. Should a worker die in between, the mail
that is sent again has the same ``Message-ID`` and is known as the same one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation

from tenants.edge.mail import mail_of
from tenants.jobs.services import tell_workers
from tenants.people.language import language_of
from tenants.people.models import User
from tenants.post.models import Ended, Letter, RefusedLetters
from tenants.post.registry import kind_of, renderer_of
from tenants.post.schemas import Occasion, Text
from tenants.post.selectors import due_letters, is_refused, reader, readers
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

logger = logging.getLogger("outturn.mail")
MOST_ATTEMPTS = 12
"""How often a letter is tried: for a day, with the pauses between."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)


def write_letters(
    *, kind: str, about: UUID, now: datetime, customer: UUID | None = None, facts: Mapping[str, Any] | None = None
) -> int:
    """Have all who are to know told of a thing, after this transaction; told again of it, nobody is told twice.

    Args:
        kind: The kind of letter.
        about: The thing.
        now: The moment.
        customer: The end customer whose people are told; None for those of the organisation itself.
        facts: What else the letter will need, in no language.

    Returns:
        How many people.
    """
    meant = kind_of(kind)
    refused = set(RefusedLetters.objects.filter(kind=kind).values_list("user", flat=True))
    told = [one.user_id for one in readers(meant, customer) if one.user_id not in refused]
    if told:
        rows = (
            Letter(
                kind=kind, about=about, user=user, customer=customer, facts=dict(facts or {}), written_at=now,
                next_at=now,
            )
            for user in told
        )  # fmt: skip
        Letter.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(partial(_hint, required_tenant("a letter")))
    return len(told)


def send_due(tenant: UUID, *, now: datetime, most: int) -> tuple[int, int]:
    """Send what is due of a tenant, outside any scope.

    Args:
        tenant: Whose letters.
        now: The moment.
        most: How many at once, so that one tenant does not hold up the others.

    Returns:
        How many letters went, and how many did not; these are tried again later, or have ended.
    """
    sent = failed = 0
    while sent + failed < most:
        with scope(tenant):
            is_sent = _send_next(now)
        if is_sent is None:
            break
        sent, failed = sent + is_sent, failed + (not is_sent)
    return sent, failed


def set_refused(*, user: UUID, kind: str, refused: bool, by: str, now: datetime) -> None:
    """Write to a person about things of a kind from now on, or not any more.

    Raises:
        ValueError: Such letters cannot be refused.
    """
    if not kind_of(kind).may_refuse:
        raise ValueError(f"letters of the kind {kind} cannot be refused")
    with transaction.atomic():
        if refused:
            RefusedLetters.objects.get_or_create(user=user, kind=kind)
        else:
            RefusedLetters.objects.filter(user=user, kind=kind).delete()
        action = f"{kind}.mails_refused" if refused else f"{kind}.mails_wanted"
        record_audit(action=action, subject=f"person/{user}", by=by, now=now)


def _send_next(now: datetime) -> bool | None:
    """Deal with the letter that has waited longest, and say whether it went; None when no other is due."""
    row = due_letters(now).select_for_update(skip_locked=True, of=("self",)).first()
    if row is None:
        return None
    meant = kind_of(row.kind)
    member = reader(meant, row.user, row.customer)
    if member is None:
        return _end(row, Ended.LEFT)
    if is_refused(user=row.user, kind=row.kind):
        return _end(row, Ended.REFUSED)
    try:
        with transaction.atomic(), translation.override(language_of(member.user)):
            text = renderer_of(meant)(_occasion(row, now))
    except Exception:
        logger.exception("letter %s of the kind %s could not be rendered", row.id, row.kind)
        return _not_sent(row, now)
    if text is None:
        return _end(row, Ended.NEEDLESS)
    return _sent(row, _mail(row, text, member.user), now)


def _sent(row: Letter, mail: EmailMessage, now: datetime) -> bool:
    try:
        mail.send()
    except (OSError, SMTPException) as error:
        logger.warning("the mail “%s” could not be sent: %s", mail.subject, error)
        return _not_sent(row, now)
    row.attempts, row.sent_at, row.next_at = row.attempts + 1, now, None
    row.save(update_fields=["attempts", "sent_at", "next_at"])
    return True


def _not_sent(row: Letter, now: datetime) -> bool:
    """Note one more attempt; after the last one it has ended."""
    row.attempts += 1
    if row.attempts >= MOST_ATTEMPTS:
        row.next_at, row.ended = None, Ended.UNDELIVERABLE
    else:
        row.next_at = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << (row.attempts - 1)))
    row.save(update_fields=["attempts", "next_at", "ended"])
    return False


def _end(row: Letter, why: Ended) -> bool:
    row.next_at, row.ended = None, why
    row.save(update_fields=["next_at", "ended"])
    return False


def _occasion(row: Letter, now: datetime) -> Occasion:
    tenant = Tenant.objects.get(id=required_tenant("a letter"))
    return Occasion(tenant=tenant, about=row.about, facts=row.facts, customer=row.customer, now=now)


def _mail(row: Letter, text: Text, user: User) -> EmailMessage:
    tenant = Tenant.objects.only("brand").get(id=required_tenant("a letter"))
    mail = mail_of(tenant.brand, subject=" ".join(text.subject.split()), body=text.body, to=user.email)
    mail.extra_headers = {
        "Message-ID": f"<{row.kind}.{row.id}@{urlsplit(settings.BASE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
    }
    if text.refuse:
        mail.extra_headers["List-Unsubscribe"] = f"<{text.refuse}>"
    return mail


def _hint(tenant: UUID) -> None:
    from tenants.post.tasks import send  # noqa: PLC0415 (the task calls these services)

    tell_workers(send, tenant, waits="letters wait for the sweeper", expires=300)
