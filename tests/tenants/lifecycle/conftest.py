"""An operator of the installation, with and without a second factor."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

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
def operator(newcomer: User) -> User:
    """An operator."""
    TOTP.activate(newcomer, generate_totp_secret())
    return newcomer
