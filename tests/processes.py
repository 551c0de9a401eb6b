"""Real processes of the product on the database of the running test."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from psycopg.conninfo import make_conninfo

LONG_S = 120.0
"""After this long something hangs, also on a machine that is slow, or busy with other tests."""
ROLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INGEST_URL")


def environment(**extra: str) -> dict[str, str]:
    """The environment of a process that works on this test's database."""
    name = settings.DATABASES["default"]["NAME"]
    return os.environ | {role: make_conninfo(os.environ[role], dbname=name) for role in ROLES} | extra


def start(
    command: Sequence[str], log: Path, *, env: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a Python module with what it prints in a file; `kill` ends it with all its children."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *command], env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=pass_fds,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children at once, as a crash would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def serving(log: Path) -> Iterator[str]:
    """The web server as the product runs it, on a free port; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        command = ["-m", "deploy.embedded.web", str(listening.fileno())]
        url = f"http://localhost:{port}"
        process = start(command, log, env=environment(OUTTURN_URL=url), pass_fds=[listening.fileno()])
        try:
            _wait_until_it_answers(port, process, log)
            yield url
        finally:
            kill(process)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG_S)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            continue
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"the web server does not answer:\n{log.read_text()}")
