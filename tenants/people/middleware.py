"""Each page in the language of who reads it; what programs read is in English, whoever asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tenants.people.language import asked_language, chosen_language, remember_language

Respond = Callable[[HttpRequest], HttpResponseBase]
PROGRAMS = re.compile(r"^((/t/[^/]+)?/api/|/scim/|/webhooks/|/domains/ask/)")
"""What programs read: its words are part of an interface."""


class LanguageMiddleware:
    """Speaks the language that was chosen, else the first of the browser's that there are pages in, else English.

    What a browser asks for without anybody's choice is heeded where all is translated: not on the pages of an
    organisation's own people.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the language of who asks, and tell caches what it hung on."""
        if _is_for_programs(request):
            with translation.override(settings.LANGUAGE_CODE):
                return self.respond(request)
        chosen = chosen_language(request)
        request.has_chosen_language = bool(chosen)  # type: ignore[attr-defined]
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.respond(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        if asked := asked_language(request):
            remember_language(response, asked)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    def process_view(self, request: HttpRequest, _view: Any, _arguments: Any, _named: Any) -> None:
        """Once it is known who asks: without a choice of theirs, an organisation's own people are shown English."""
        actor = getattr(request, "actor", None)
        if actor is not None and actor.customer is None and not getattr(request, "has_chosen_language", True):
            translation.activate(settings.LANGUAGE_CODE)


def _is_for_programs(request: HttpRequest) -> bool:
    """Whether a program reads the answer: the API, and lists as files, whose columns other programs know by name."""
    return bool(PROGRAMS.match(request.path_info)) or request.GET.get("format") == "csv"
