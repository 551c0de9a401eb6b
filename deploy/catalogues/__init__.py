"""The catalogues of the languages: strings found in the sources, kept as ``.po``, compiled to ``.mo``."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
LOCALE = PROJECT / "locale"
DOMAINS = ("django", "djangojs", "sentences")
"""The strings of pages and of the programs behind them, those of the programs in the browser, and what services say."""


def catalogue(language: str, domain: str) -> Path:
    """Where a catalogue is kept."""
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def languages() -> list[str]:
    """The languages that have catalogues."""
    return sorted(path.name for path in LOCALE.iterdir() if path.is_dir())


def clean() -> None:
    """Remove what was compiled."""
    for path in LOCALE.rglob("*.mo"):
        path.unlink()
