"""The web server as a child process: ``python -m deploy.embedded.web NUMBER``, NUMBER being an open, listening socket.

The socket belongs to the parent, so that the port stays ours and connections wait while this process is started anew.
"""

from __future__ import annotations

import gc
import os
import socket
import sys

import uvicorn

from deploy.embedded.connections import Guard, GuardedProtocol, GuardedServer, GuardedSocket, most_connections

_STOP_SECONDS = 3
_CONNECTIONS = 16
"""To the database, kept for the next request: a new one is a new process of PostgreSQL's, and 5 ms of its time."""


def main(number: int) -> None:
    """Serve the product on the socket until SIGTERM."""
    os.environ.setdefault("OUTTURN_DATABASE_POOL", str(_CONNECTIONS))
    config = uvicorn.Config(
        "deploy.asgi:application",
        log_config=None,  # the settings set logging up
        access_log=False,
        proxy_headers=False,  # whom a request comes from is for tenants.edge.http to tell: see OUTTURN_PROXIES
        http=GuardedProtocol,
        ws=GuardedSocket,
        timeout_graceful_shutdown=_STOP_SECONDS,  # an open live view would keep it for ever
        # Each message would be packed for each browser anew, with memory for it in each connection; they are short.
        ws_per_message_deflate=False,
        ws_max_queue=2,  # messages of a gateway that wait in memory; browsers' sockets send nothing
    )
    config.load()
    from django.conf import settings  # noqa: PLC0415 (the environment is read from here on)

    from twins.gateways.stream import LARGEST_MESSAGE  # noqa: PLC0415 (its models are there)

    config.ws_max_size = LARGEST_MESSAGE
    GuardedProtocol.guard = Guard(most=most_connections(), by_address=not settings.OUTTURN_PROXIES)
    _settle()
    with socket.socket(fileno=number) as listening:
        GuardedServer(config).run(sockets=[listening])


def _settle() -> None:
    """Load what the first request would wait for, and take it all out of the collection of garbage.

    Two hundred thousand objects stay for as long as the process; to look through them takes more than a tenth of a
    second in which nothing is answered, once in some twenty pages.
    """
    from django.template.loader import get_template  # noqa: PLC0415 (the settings must see the variable above)
    from django.urls import get_resolver  # noqa: PLC0415

    get_resolver().reverse_dict  # noqa: B018 (imports every page)
    get_template("shell.html")
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main(int(sys.argv[1]))
