"""The language in which a person is written to."""

from __future__ import annotations

from django.conf import settings

from tenants.people.models import User


def language_of(user: User) -> str:
    """The language of a person, such as ``en``: people cannot choose one, so it is the installation's."""
    return settings.LANGUAGE_CODE
