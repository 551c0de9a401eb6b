"""An operator of the installation, with and without a second factor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.utils import is_mfa_enabled
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.lifecycle.operators import add_operator
from tenants.people.models import User


@pytest.fixture
def newcomer(db: None) -> User:
    """An operator who has no second factor yet."""
    user = User.objects.create_user("ann@outturn.example")
    add_operator(address=user.email, now=utc_now())
    return user


@pytest.fixture
def sign_in(sign_in: Callable[[User], Client]) -> Callable[[User], Client]:
    """A browser's session for a person; who has a second factor has used it."""

    def signed_in(user: User) -> Client:
        client = sign_in(user)
        if is_mfa_enabled(user):
            session = client.session
            session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": utc_now().timestamp()}]
            session.save()
        return client

    return signed_in


@pytest.fixture
def operator(newcomer: User) -> User:
    """An operator."""
    TOTP.activate(newcomer, generate_totp_secret())
    return newcomer
