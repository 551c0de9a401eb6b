"""Mails to the other side of a dispute: written down with what happened, sent afterwards, tried again for a day."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from billing.disputes.domain.steps import Side
from billing.disputes.models import Dispute, DisputeNotice
from billing.statements.selectors import name_of
from tenants.customers.selectors import people_of
from tenants.edge.mail import send_to_all
from tenants.people.selectors import members, permissions_of
from tenants.scope.actors import Permission
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

logger = logging.getLogger(__name__)
NEWS = {
    "opened": "A statement is disputed",
    "said": "There is an answer about a dispute",
    "upheld": "A dispute was upheld",
    "offered": "A middle way is offered for a dispute",
    "declined": "A dispute was declined",
    "agreed": "A dispute was settled",
    "refused": "The middle way was refused",
    "withdrawn": "A dispute was withdrawn",
    "reopened": "A dispute was taken up again",
}
"""What has happened, as the subject of the mail says it."""
_MOST_TRIES = 12
_AT_ONCE = 50


def tell_other_side(row: Dispute, *, side: Side, news: str, now: datetime) -> None:
    """Have the other side of a dispute told by mail what one side has done, after this transaction."""
    to: Side = "provider" if side == "customer" else "customer"
    DisputeNotice.objects.create(dispute=row, side=to, news=news, created_at=now, next_at=now)
    transaction.on_commit(partial(_hint, required_tenant("a mail")))


def due_notices(now: datetime) -> QuerySet[DisputeNotice]:
    """The mails that are to go out now."""
    return DisputeNotice.objects.filter(sent_at=None, next_at__lte=now)


def send_notices(tenant: UUID, *, now: datetime) -> int:
    """Send the mails of a tenant that are due, outside any scope; how many were dealt with."""
    done = 0
    while done < _AT_ONCE:
        with scope(tenant), transaction.atomic():
            found = due_notices(now).select_for_update(skip_locked=True, of=("self",)).first()
            if found is None:
                break
            _send(found, now)
        done += 1
    return done


def _send(notice: DisputeNotice, now: datetime) -> None:
    """Send one; where nobody could be reached it is tried again, later each time."""
    row = Dispute.objects.select_related("statement__contract", "statement__contract_version").get(id=notice.dispute_id)
    tenant = Tenant.objects.get(id=required_tenant("a mail"))
    to = _addresses(row, notice.side)
    link = urljoin(settings.BASE_URL, reverse("dispute", args=[tenant.slug, row.id]))
    body = "\n\n".join(
        [
            f"{NEWS[notice.news]}: {row.statement.contract.title}, {name_of(row.statement)}.",
            f"Read it, and answer, here:\n{link}",
            f"A decision changes the statement until {row.closes_at:%Y-%m-%d %H:%M} UTC.",
        ]
    )
    subject = f"{NEWS[notice.news]}: {row.statement.contract.title}"
    notice.attempts += 1
    if not to or send_to_all(tenant.brand, subject=subject, body=body, to=to) or notice.attempts >= _MOST_TRIES:
        notice.sent_at = now
    notice.next_at = now + timedelta(minutes=min(2**notice.attempts, 360))
    notice.save(update_fields=["attempts", "sent_at", "next_at"])


def _addresses(row: Dispute, side: str) -> list[str]:
    """The people of a side: the customer's, or those of the organisation who decide about what counts."""
    if side == "customer":
        return list(people_of(row.customer_id).filter(user__is_active=True).values_list("user__email", flat=True))
    own = members(required_tenant("a mail")).filter(customer=None, user__is_active=True)
    people = [(one.role, one.user.email) for one in own]
    deciding = {role for role in {role for role, _ in people} if Permission.CONTRACTS_APPROVE in permissions_of(role)}
    return [address for role, address in people if role in deciding]


def _hint(tenant: UUID) -> None:
    """Tell the workers at once; if the broker is away, the sweeper finds the mail later."""
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    from billing.disputes.tasks import tell  # noqa: PLC0415 (the task calls these services)

    try:
        tell.apply_async((str(tenant),), retry=False, expires=300)
    except OperationalError:
        logger.warning("the broker is away: mails about disputes wait for the sweeper")
