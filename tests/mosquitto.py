"""A real MQTT broker for the tests of the edge agent: ``python -m tests.mosquitto`` finds or installs one."""

from __future__ import annotations

import os
import shutil
import sys

from tests.debian import install

_ADMINISTRATORS = "/usr/local/sbin:/usr/sbin:/sbin"


def find_mosquitto() -> str | None:
    """The path of the broker, which Debian keeps where only administrators look."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", os.defpath), _ADMINISTRATORS]))


def main() -> None:
    """Print the path; end with status 1 when there is none and none can be installed."""
    if find_mosquitto() is None:
        install("mosquitto")
    found = find_mosquitto()
    if found is None:
        sys.exit("There is no mosquitto and none could be installed: install the package of that name.")
    print(found)


if __name__ == "__main__":
    main()
