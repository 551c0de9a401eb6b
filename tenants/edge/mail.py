"""Who a mail of an organisation comes from."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage


def mail_of(brand: Mapping[str, Any], *, subject: str, body: str, to: str) -> EmailMessage:
    """A mail under the name that an organisation chose; the address stays ours, answers go where it says."""
    sender = settings.DEFAULT_FROM_EMAIL
    if name := brand.get("mail_sender"):
        sender = formataddr((name, parseaddr(sender)[1]))
    answers = [brand["reply_to"]] if brand.get("reply_to") else None
    return EmailMessage(subject, body, from_email=sender, to=[to], reply_to=answers)
