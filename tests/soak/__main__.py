"""Runs that last for minutes, with figures: ``python -m tests.soak [--minutes N] [--seed N]``, or ``make soak``.

The product runs as `manage.py up` runs it, in a home of its own. First processes are killed at random while three
organisations send over HTTP and MQTT; then one of them asks for more than ten times its quota, and then it opens ten
thousand connections, while the time of another's acknowledgements is taken. Figures come as one line of JSON at the
end; what does not hold ends it with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys

import django

from tests.servers import short_folder
from tests.soak.figures import say
from tests.soak.product import running


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long processes are killed; 0 for not at all")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="the same kills in the same order")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # with all that runs for us
    say(f"seed {asked.seed}")
    with short_folder() as folder, running(folder) as product:
        say(f"the product runs at {product.url}")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
        django.setup()
        from tests.soak.phases import soak  # which needs Django, and Django the addresses

        figures = soak(product, seconds=asked.minutes * 60, seed=asked.seed)
    say(json.dumps({"seed": asked.seed, **figures}))


if __name__ == "__main__":
    main()
