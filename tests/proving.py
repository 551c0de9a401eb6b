"""Sessions whose people have proved who they are."""

from __future__ import annotations

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client


def prove(client: Client, minutes: float = 0) -> Client:
    """Have the session say that its person gave their password so long ago."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - 60 * minutes}]
    session.save()
    return client
