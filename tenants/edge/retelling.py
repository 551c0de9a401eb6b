"""Sentences that programs read too, told to people in the language of the page.

What services refuse, and what the verifier says, is written in English where it happens: it stands in answers of the
API and in files that customers keep. A page tells it by the catalogue ``sentences``: there ``{0}``, ``{1}`` … stand for
what a sentence was filled with. A sentence that the catalogue does not know is told as it is.
"""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

from tenants.kernel.errors import OutturnError

DOMAIN = "sentences"
_PLACE = re.compile(r"\{(\d)\}")


def retell(sentence: str) -> str:
    """A sentence in the language of the page."""
    language = get_language()
    if language in (None, settings.LANGUAGE_CODE) or not sentence:
        return sentence
    whole, forms = _known(language)
    bare = sentence.removesuffix(".")
    told = whole.get(bare)
    if told is None:
        for form, text in forms:
            found = form.fullmatch(bare)
            if found is not None:
                values = [retell(value) for value in found.groups()]
                told = _PLACE.sub(lambda place, values=values: str(values[int(place[1])]), text)  # type: ignore[misc]
                break
    return sentence if told is None else told + sentence[len(bare) :]


def retold(error: OutturnError) -> str:
    """What a service refused and what to do next, as a page shows it."""
    if get_language() in (None, settings.LANGUAGE_CODE):
        return error.told
    return f"{retell(error.message).removesuffix('.')}. {retell(error.fix)}".strip()


@lru_cache(maxsize=8)
def _known(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """The sentences of a language without their full stops: those told as a whole, and the forms of the others."""
    whole: dict[str, str] = {}
    forms: list[tuple[str, re.Pattern[str], str]] = []
    for place in settings.LOCALE_PATHS:
        read: Any = gettext.translation(DOMAIN, place, [language], fallback=True)
        for key, text in getattr(read, "_catalog", {}).items():
            bare, told = key.removesuffix("."), text.removesuffix(".")
            if _PLACE.search(bare):
                forms.append((bare, _form(bare), told))
            elif key:
                whole[bare] = told
    forms.sort(key=lambda each: -len(_PLACE.sub("", each[0])))  # the one that says most by itself comes first
    return whole, [(form, told) for _key, form, told in forms]


def _form(sentence: str) -> re.Pattern[str]:
    parts = _PLACE.split(sentence)
    return re.compile("".join("(.*?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.DOTALL)
