"""Qualities are called and shown alike by templates and by scripts."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from twins.telemetry.quality_words import LOOKS, look_of
from twins.telemetry.schemas import Quality

SCRIPT = Path(settings.BASE_DIR) / "static" / "src" / "tiles" / "quality.ts"


def test_scripts_and_templates_say_the_same() -> None:
    body = SCRIPT.read_text(encoding="utf-8").partition("const looks")[2].partition("];")[0]
    told = re.findall(r'\[gettext\("([^"]+)"\), "([^"]+)", "([^"]+)"\]', body)
    assert told == [(str(look.word), look.icon, look.tone) for look in LOOKS.values()]


def test_every_quality_has_a_look_and_an_unknown_one_is_doubtful() -> None:
    assert list(LOOKS) == list(Quality)
    assert look_of(4).word == "Stuck"
    assert look_of(99) == LOOKS[Quality.UNCERTAIN]
