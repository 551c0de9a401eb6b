"""What a process loads before it does anything: nothing heavy that it may never need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.processes import environment

HEAVY = {
    *("pint", "ucumvert", "lark"),  # half a second, at the first unit that is checked
    *("xgboost", "sklearn", "scipy", "ortools", "pandas", "plotly"),  # what the worker computes with
    *("asyncua", "pymodbus", "pyarrow"),  # for who connects a plant, and brings or takes files
    *("typst", "stripe", "amqtt", "rich"),
}
WEB = "import deploy.asgi; from django.urls import get_resolver; list(get_resolver().reverse_dict)"
WORKER = "from deploy.celery import app; app.loader.import_default_modules()"
COMMAND = "import django; django.setup()"


@pytest.mark.parametrize("code", [WEB, WORKER, COMMAND], ids=["web", "worker", "command"])
def test_nothing_heavy_is_loaded_at_the_start(code: str) -> None:
    listing = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {listing}"], env=environment(), capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    loaded = set(json.loads(done.stdout))
    assert {"django", "twins", "analytics"} <= loaded
    assert loaded & HEAVY == set()
