"""The product's processes for as long as the story is told."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.embedded import ServerError
from deploy.embedded.locks import is_held
from deploy.embedded.places import PROJECT, Home
from deploy.embedded.private import read_json

_ADDRESS = re.compile(r"http://localhost:\d+")


@dataclass(frozen=True, slots=True)
class Serving:
    """A running product: its address, and the process if it is ours."""

    url: str
    process: subprocess.Popen[str] | None

    def wait(self) -> None:
        """Wait until it ends; Ctrl-C on the terminal reaches it by itself."""
        if self.process is not None:
            self.process.wait()


@contextmanager
def serving(home: Home) -> Iterator[Serving]:
    """The product of a home: the one that runs, or one that is started and stopped again.

    Raises:
        ServerError: It ended before it served.
    """
    home.prepare()
    if is_held(home.run / "application"):
        yield Serving(str(read_json(home.run / "application.json")["url"]), None)
        return
    command = [sys.executable, str(PROJECT / "manage.py"), "up"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield Serving(_address(process, home), process)
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[str], home: Home) -> str:
    told = ""
    for line in process.stdout or ():
        told += line
        if found := _ADDRESS.search(line):
            return found[0]
    raise ServerError(f"the product did not start: {told.strip()}", fix=f"Look into {home.path / 'log'}.")
