"""``python -m twins.gateways.edge CONFIG.toml``: the edge agent; ``--check`` only says whether the file fits."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tenants.kernel.errors import OutturnError
from twins.gateways.edge.agent import run
from twins.gateways.edge.bootstrap import bootstrap_from
from twins.gateways.edge.logs import begin_logging


def main() -> int:
    """Run the agent; its exit status: 0, or 2 when it cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m twins.gateways.edge", description="Outturn's edge agent.")
    parser.add_argument("file", type=Path, help="the agent's file, TOML")
    parser.add_argument("--check", action="store_true", help="only say whether the file fits")
    parser.add_argument("--log", default="info", choices=("debug", "info", "warning", "error"), help="what is logged")
    told = parser.parse_args()
    try:
        bootstrap = bootstrap_from(told.file)
        if told.check:
            sys.stdout.write("the file fits\n")
            return 0
        begin_logging(told.log)
        asyncio.run(run(bootstrap))
    except OutturnError as error:
        found = error.findings or [error]
        for each in found:
            place = f"{each.place}: " if each.place else ""
            sys.stderr.write(f"{place}{each.message}. {each.fix}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
