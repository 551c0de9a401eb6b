"""Texts of documents in the language of whoever looks."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language


def viewers_language() -> str:
    """The language of the page."""
    return get_language() or "en"


def in_language(texts: Mapping[str, str] | None, language: str = "", default: str = "") -> str:
    """A text in a language, the viewer's when none is given; else in English, else in any."""
    if not texts:
        return default
    wanted = language or viewers_language()
    return texts.get(wanted) or texts.get(wanted.partition("-")[0]) or texts.get("en") or next(iter(texts.values()))
