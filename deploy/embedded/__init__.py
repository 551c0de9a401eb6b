"""PostgreSQL, Redis and an MQTT broker as child processes, so that a machine with Python alone can run the product."""

from deploy.embedded.join import Endpoints, servers
from deploy.embedded.places import ServerError

__all__ = ["Endpoints", "ServerError", "servers"]
