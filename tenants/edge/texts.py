"""The strings of what runs in the browser, in the language of the page."""

from __future__ import annotations

import gettext
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

DOMAIN = "djangojs"


def texts() -> dict[str, Any] | None:
    """The catalogue that a page hands to its programs (``catalog``: text to text, or to both its forms).

    None for English, in which the programs are written.
    """
    language = get_language()
    return None if language in (None, settings.LANGUAGE_CODE) else {"catalog": _catalogue(str(language))}


@lru_cache(maxsize=8)
def _catalogue(language: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place in settings.LOCALE_PATHS:
        read = gettext.translation(DOMAIN, place, [language], fallback=True)
        known: dict[Any, str] = getattr(read, "_catalog", {})
        for key, told in known.items():
            if isinstance(key, tuple):
                found.setdefault(key[0], ["", ""])[key[1]] = told
            elif key:
                found[key] = told
    return found
