"""The language that somebody is spoken to in: the one they chose, else what their browser asks for, else English."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_supported_language_variant

from tenants.kernel.errors import OutturnError
from tenants.people.models import User

GUESTS = "/shared/"
"""Where those are who have no account."""
PARAMETER = "language"


class UnknownLanguageError(OutturnError):
    """Nobody has translated anything into that language."""

    code = "language.unknown"


def language_of(user: User) -> str:
    """The language in which to write to a person: the one they chose, else English."""
    return known_language(user.language) or settings.LANGUAGE_CODE


def known_language(code: str | None) -> str:
    """A language that there are pages in, such as ``de`` for ``de-AT``; nothing for any other."""
    try:
        return get_supported_language_variant(code) if code else ""
    except LookupError:
        return ""


def chosen_language(request: HttpRequest) -> str:
    """The language that was chosen: in the address, with who is signed in, by their browser; nothing when none was."""
    if asked := asked_language(request):
        return asked
    kept = request.user.language if request.user.is_authenticated else ""
    return known_language(kept) or known_language(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))


def asked_language(request: HttpRequest) -> str:
    """The language that a guest asks for in the address: from pages that tell no referrer no form can be sent."""
    asked = request.GET.get(PARAMETER) if request.path_info.startswith(GUESTS) else None
    return known_language(asked)


def remember_language(response: HttpResponseBase, language: str) -> None:
    """Have the browser keep a language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip


def checked_language(code: str) -> str:
    """A language to be kept.

    Raises:
        UnknownLanguageError: There are no pages in it.
    """
    if code not in dict(settings.LANGUAGES):
        raise UnknownLanguageError(
            f"there are no pages in the language “{code[:20]}”", place="language", kept="The language as it was.",
            fix=f"Choose one of {', '.join(dict(settings.LANGUAGES))}.",
        )  # fmt: skip
    return code


def keep_language(*, user: UUID, language: str) -> None:
    """Keep the language that a person chose; only they themselves do that.

    Raises:
        UnknownLanguageError: There are no pages in it.
    """
    User.objects.filter(id=user).update(language=checked_language(language))
