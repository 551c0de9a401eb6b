#!/usr/bin/env python
"""The command line of Outturn. A command that needs servers finds them running or has them for its own life."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from django.core.management import execute_from_command_line

from deploy.embedded import servers
from deploy.embedded.commands import servers_for
from deploy.embedded.places import told
from tenants.kernel.errors import OutturnError

_INTERRUPTED = 130


def main() -> None:
    """Run the command that ``sys.argv`` names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    try:
        with ExitStack() as stack:
            if needed := servers_for(sys.argv[1:]):
                stack.enter_context(servers(want=needed))
            execute_from_command_line(sys.argv)
    except OutturnError as error:
        sys.exit(told(error))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
