"""The server's entry: readings and files apart, Django for pages and the REST API, channels for websockets."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

from django.core.asgi import get_asgi_application
from starlette.types import Receive, Scope, Send

pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 (needs the apps to be loaded)
from channels.sessions import CookieMiddleware  # noqa: E402

from deploy.assets import Assets  # noqa: E402
from deploy.bodies import HeldBodies, LimitedBodies  # noqa: E402
from deploy.ingest import PREFIX, make_ingest  # noqa: E402
from tenants.domains.sockets import HostOriginValidator  # noqa: E402
from twins.alarms.socket_urls import urlpatterns as alarm_sockets  # noqa: E402
from twins.composer.socket_urls import urlpatterns as draft_sockets  # noqa: E402
from twins.live.socket_urls import urlpatterns  # noqa: E402

ingest = HeldBodies(make_ingest())
sockets = HostOriginValidator(CookieMiddleware(URLRouter([*urlpatterns, *alarm_sockets, *draft_sockets])))
others = ProtocolTypeRouter({"http": Assets(LimitedBodies(pages)), "websocket": sockets})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to whom it is for; the start and the end of the process concern the writer of readings."""
    if scope["type"] == "lifespan" or scope["path"].startswith(PREFIX):
        await ingest(scope, receive, send)
    else:
        await others(scope, receive, send)
