"""Mails of an organisation: who they come from, and one to each of several people."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from email.utils import formataddr, parseaddr
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

logger = logging.getLogger("outturn.mail")


def send_to_all(
    brand: Mapping[str, Any], *, subject: str, body: str, to: Iterable[str], file: tuple[str, bytes, str] | None = None
) -> int:
    """Send a mail to each of some people; how many went. One that cannot be sent is logged and holds up no other.

    Args:
        brand: How the organisation looks (`mail_of`).
        subject: The subject.
        body: The text.
        to: The addresses.
        file: What is attached: its name, its content and its media type.
    """
    sent = 0
    for address in to:
        message = mail_of(brand, subject=subject, body=body, to=address)
        if file is not None:
            message.attach(*file)
        try:
            sent += message.send()
        except (OSError, SMTPException) as error:
            logger.warning("the mail “%s” could not be sent: %s", subject, error)
    return sent


def mail_of(brand: Mapping[str, Any], *, subject: str, body: str, to: str) -> EmailMessage:
    """A mail under the name that an organisation chose; the address stays ours, answers go where it says."""
    sender = settings.DEFAULT_FROM_EMAIL
    if name := brand.get("mail_sender"):
        sender = formataddr((name, parseaddr(sender)[1]))
    answers = [brand["reply_to"]] if brand.get("reply_to") else None
    return EmailMessage(subject, body, from_email=sender, to=[to], reply_to=answers)
