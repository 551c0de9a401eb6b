"""Notices of incidents and maintenance: told on every page while they matter, and by mail to whoever wants that."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tenants.edge.mail import send_to_all
from tenants.kernel.errors import NotFoundError
from tenants.lifecycle.models import Notice, NoticeReader
from tenants.lifecycle.selectors import readers_of
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant


def mail_notice(*, notice: UUID) -> int:
    """Mail a notice in its present state, once, to the members who asked for notices; how many were mailed.

    Raises:
        NotFoundError: There is no such notice.
    """
    with transaction.atomic():
        row = Notice.objects.select_for_update(of=("self",)).filter(id=notice).first()
        if row is None:
            raise NotFoundError("There is no such notice.", place="notice", fix="Look at the list of notices.")
        if row.mailed_state == row.state:
            return 0
        row.mailed_state = row.state
        row.save(update_fields=["mailed_state"])
    until = f" to {row.end:%Y-%m-%d %H:%M}" if row.end else ""
    when = f"{row.start:%Y-%m-%d %H:%M}{until} UTC"
    text = f"{row.text}\n\n{row.get_kind_display()}, {row.get_state_display().lower()}: {when}\n{settings.BASE_URL}"
    subject = f"{row.get_state_display()}: {row.title}"
    return sum(send_to_all(brand, subject=subject, body=text, to=[address]) for address, brand in readers_of(row))


def set_reader(*, user: UUID, wants: bool, by: str, now: datetime) -> None:
    """Mail notices to a member of the organisation in scope from now on, or not any more."""
    tenant = required_tenant("notices by mail")
    with transaction.atomic():
        if wants:
            NoticeReader.objects.get_or_create(tenant_id=tenant, user_id=user)
        else:
            NoticeReader.objects.filter(tenant_id=tenant, user_id=user).delete()
        record_audit(
            action="notices.subscribed" if wants else "notices.unsubscribed", subject=f"user/{user}", by=by, now=now
        )
