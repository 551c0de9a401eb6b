"""One line of JSON for each thing worth knowing, with the request and the tenant it belongs to and no secret."""

from __future__ import annotations

import json
import logging
import logging.config
from typing import Any

from tenants.edge.context import request_id
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.secrets import masked
from tenants.scope.context import current_tenant

_CHATTY = ("amqtt", "transitions", "httpx", "httpcore", "asyncio", "daphne", "stripe")


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, request, tenant and, when there is one, the trace."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end."""
        line: dict[str, Any] = {
            "at": isoformat(utc_now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if request := request_id():
            line["request"] = request
        if tenant := current_tenant():
            line["tenant"] = str(tenant)
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(options: dict[str, Any]) -> None:
    """Set up logging; Django calls it with ``settings.LOGGING``."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # The broker's library tells every packet; httpx and Stripe's every request.
                name: {"level": "WARNING"}
                for name in (*_CHATTY, "uvicorn.access")
            },
        }
    )
