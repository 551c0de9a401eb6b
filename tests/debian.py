"""Packages of Debian that tests need beside Python, installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

SECONDS = 600


def install(package: str) -> None:
    """Install a package when this is Debian and we may; otherwise nothing happens."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", package]):
        subprocess.run(command, env=environment, check=False, timeout=SECONDS, stdout=sys.stderr)
