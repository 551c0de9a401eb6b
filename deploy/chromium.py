"""The Chromium at hand, for what is measured and tested in a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Asks nothing of the network by itself."""


def installed_chromium() -> Path | None:
    """The Chromium that ``OUTTURN_CHROMIUM`` names, else one on the path; None when there is none that starts."""
    return next((path for path in _candidates() if starts(path)), None)


def starts(program: Path) -> bool:
    """Whether it starts: a stub that wants a snap, or one whose libraries are missing, does not."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("OUTTURN_CHROMIUM"):
        yield Path(named)
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
