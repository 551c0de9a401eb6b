"""A real Celery worker for tests: the product's own application and two kinds of jobs to try it with."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import django

from tenants.jobs.registry import Reporter, register_job

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
django.setup()

from deploy.celery import app  # noqa: E402 (Django first)

__all__ = ["app"]


def count(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Count to a number, reporting each step."""
    for step in range(params["to"]):
        reporter.progress(step / params["to"], f"{step} of {params['to']}")
    return {"counted": params["to"]}


def wait_for_second_attempt(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hang on the first attempt, so that the worker can be killed in it; finish on the next."""
    marker = Path(params["marker"])
    if marker.exists():
        return {"attempt": 2}
    marker.write_text(str(os.getpid()))
    while True:
        reporter.progress(0.5, "waiting to be killed")
        time.sleep(0.02)


def fail(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Break in a way nobody foresaw."""
    raise ZeroDivisionError(f"cannot {params} after {reporter}")


register_job("test.count", count, label="Count")
register_job("test.hang", wait_for_second_attempt, label="Wait")
register_job("test.fail", fail, label="Fail")
