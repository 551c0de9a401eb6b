"""The mails about accounts: each says who we are, what happened, and what to do when it was not you."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings

from tenants.people.models import User

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "uncommon-gearbox-42", "uncommon-gearbox-43"
ADA = "ada@pumps.example"


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


@pytest.fixture
def ada() -> User:
    """Somebody with an account."""
    user = User.objects.create_user(ADA, PASSWORD)
    EmailAddress.objects.create(user=user, email=ADA, verified=True, primary=True)
    return user


def mailed() -> tuple[str, str]:
    """Subject and text of the only mail, which speaks as we do."""
    (sent,) = mail.outbox
    assert sent.to == [ADA]
    text = str(sent.body)
    assert text.endswith("\n\nOutturn")
    assert "Hello from" not in text
    assert "Thank you for using" not in text
    return str(sent.subject), text


def sign_up(client: Client) -> None:
    form = {"email": ADA, "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/account/signup/", form).status_code == 302


def test_a_new_address_is_confirmed_by_its_link(client: Client) -> None:
    sign_up(client)
    subject, text = mailed()
    assert subject == "Confirm your address for Outturn"
    assert f"Somebody gave {ADA} as their address" in text
    (link,) = re.findall(r"http://localhost:8000(/account/confirm-email/\S+)", text)
    assert client.post(link).status_code == 302
    assert EmailAddress.objects.get(email=ADA).verified


def test_who_signs_up_twice_is_told_of_their_account(client: Client, ada: User) -> None:
    sign_up(client)
    subject, text = mailed()
    assert subject == "You have an account already"
    assert "/account/password/reset/" in text


def test_a_new_password_is_chosen_by_the_link(client: Client, ada: User) -> None:
    client.post("/account/password/reset/", {"email": ADA})
    subject, text = mailed()
    assert subject == "A new password for Outturn"
    (link,) = re.findall(r"http://localhost:8000(/account/password/reset/key/\S+)", text)
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": OTHER, "password2": OTHER})
    ada.refresh_from_db()
    assert ada.check_password(OTHER)


@override_settings(ALLOWED_HOSTS=["*"])
def test_a_link_with_a_secret_never_leads_to_the_host_that_a_request_named(client: Client, ada: User) -> None:
    client.post("/account/password/reset/", {"email": ADA}, headers={"Host": "evil.example"})
    sign_up_at = {"email": "new@home.example", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/account/signup/", sign_up_at, headers={"Host": "evil.example"})
    for sent, path in zip(mail.outbox, ("password/reset/key", "confirm-email"), strict=True):
        assert f"http://localhost:8000/account/{path}/" in str(sent.body)
        assert f"evil.example/account/{path}/" not in str(sent.body)


def test_an_unknown_address_is_told_that_it_has_no_account(client: Client) -> None:
    client.post("/account/password/reset/", {"email": ADA})
    subject, text = mailed()
    assert subject == "There is no account with this address"
    assert "/account/signup/" in text


def test_a_change_is_told_with_what_to_do_when_it_was_somebody_else(client: Client, ada: User) -> None:
    client.post("/account/login/", {"login": ADA, "password": PASSWORD})
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
    subject, text = mailed()
    assert subject == "Your password was changed"
    assert "The password of your account was changed." in text
    assert "From: 127.0.0.1" in text
    assert "If it was not you, change your password at once" in text
