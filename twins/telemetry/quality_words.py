"""How qualities are shown and what they are called; scripts have the same in ``static/src/tiles/quality.ts``."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from twins.telemetry.schemas import Quality


class QualityLook(NamedTuple):
    """How a quality is shown: never by colour alone."""

    icon: str
    tone: str
    word: Any
    meaning: Any


LOOKS = {
    Quality.GOOD: QualityLook("circle-check", "good", _("Good"), _("nothing speaks against it")),
    Quality.UNCERTAIN: QualityLook("question-mark", "warning", _("Uncertain"), _("the gateway says so")),
    Quality.BAD: QualityLook("circle-x", "bad", _("Bad"), _("the gateway says so")),
    Quality.OUT_OF_RANGE: QualityLook("alert-triangle", "warning", _("Out of range"), _("outside what is credible")),
    Quality.STUCK: QualityLook("minus", "warning", _("Stuck"), _("it has not moved for longer than its rule allows")),
    Quality.SPIKE: QualityLook("activity", "warning", _("Spike"), _("far away from the values before it")),
    Quality.STALE: QualityLook("clock", "warning", _("Stale"), _("an old value that was sent as new")),
    Quality.SUBSTITUTED: QualityLook("pencil", "planned", _("Substituted"), _("put there in place of what was sent")),
}


def look_of(quality: int) -> QualityLook:
    """How a stored quality is shown; one that we do not know as uncertain."""
    try:
        return LOOKS[Quality(quality)]
    except ValueError:
        return LOOKS[Quality.UNCERTAIN]
