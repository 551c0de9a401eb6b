"""A real Chromium for the browser tests: ``python -m tests.chromium`` finds or installs one and prints its path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from deploy.chromium import installed_chromium, starts
from tests.debian import SECONDS, install


def find_chromium() -> Path | None:
    """The Chromium that ``OUTTURN_CHROMIUM`` names, else an installed one, else the one that Playwright downloaded."""
    return installed_chromium() or _downloaded()


def install_chromium() -> None:
    """Install Debian's package, which brings its libraries along, where that is possible; else Playwright's own."""
    install("chromium")
    if find_chromium() is None:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(command, check=False, timeout=SECONDS, stdout=sys.stderr)


def _downloaded() -> Path | None:
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if starts(path) else None


def main() -> None:
    """Print the path; end with status 1 when there is no Chromium and none can be installed."""
    found = find_chromium()
    if found is None:
        install_chromium()
        found = find_chromium()
    if found is None:
        sys.exit("There is no Chromium and none could be installed: install one, or set OUTTURN_CHROMIUM to its path.")
    print(found)


if __name__ == "__main__":
    main()
