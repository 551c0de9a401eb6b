"""The servers of a test run: started once by the process that leads it, handed to its workers by the environment."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from deploy.embedded import Endpoints, servers

_running = ExitStack()


def start_shared() -> Endpoints:
    """Start PostgreSQL, Redis and the broker in a folder of the run's own, or use those that the environment names.

    Call it before Django reads its settings. A worker of pytest-xdist inherits the addresses and starts nothing; it has
    a database of Redis to itself, for a job is taken by whoever listens.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        home = _running.enter_context(short_folder())
        _running.enter_context(_variable("OUTTURN_HOME", str(home)))
    endpoints = _running.enter_context(servers())
    if worker:
        own = _numbered(os.environ["REDIS_URL"], int(worker.removeprefix("gw")) + 1)
        _running.enter_context(_variable("REDIS_URL", own))
    return endpoints


def stop_shared() -> None:
    """Stop what `start_shared` started and remove its folder."""
    _running.close()


@contextmanager
def short_folder() -> Iterator[Path]:
    """A new folder with a path short enough for sockets, which the account of PostgreSQL may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="outturn-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder)


def _numbered(url: str, number: int) -> str:
    """The address of another database of a Redis."""
    if url.startswith("unix://"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
