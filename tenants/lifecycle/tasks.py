"""What Celery runs: states whose time is over, every hour; notices to those who want them by mail."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.kernel.clock import utc_now
from tenants.lifecycle.notices import mail_notice
from tenants.lifecycle.services import end_due_states


@shared_task(name="lifecycle.end_states", ignore_result=True, expires=3600.0)
def end_states() -> None:
    """Let each state end whose time is over; harmless when it is delivered twice."""
    close_old_connections()
    end_due_states(now=utc_now())


@shared_task(name="lifecycle.mail_notice", ignore_result=True)
def tell_of_notice(notice: str) -> None:
    """Mail a notice to those who asked for that; each state of it once."""
    close_old_connections()
    mail_notice(notice=UUID(notice))
