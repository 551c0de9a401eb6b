"""The web server as a child process: ``python -m deploy.embedded.web NUMBER``, NUMBER being an open, listening socket.

The socket belongs to the parent, so that the port stays ours and connections wait while this process is started anew.
"""

from __future__ import annotations

import socket
import sys

import uvicorn

_STOP_SECONDS = 3


def main(number: int) -> None:
    """Serve the product on the socket until SIGTERM."""
    config = uvicorn.Config(
        "deploy.asgi:application",
        log_config=None,  # the settings set logging up
        access_log=False,
        timeout_graceful_shutdown=_STOP_SECONDS,  # an open live view would keep it for ever
    )
    with socket.socket(fileno=number) as listening:
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(int(sys.argv[1]))
