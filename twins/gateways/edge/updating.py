"""The configuration: the platform's once it keeps one, else that of the agent's own file.

What the platform keeps is asked for now and then, checked, and applied; the last one that could be applied is kept on
disk, so that the agent starts without the platform. One that does not fit is refused, with findings that the platform
is told of, and the one in force stays.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tenants.kernel.errors import Finding
from twins.gateways.edge.bootstrap import Bootstrap
from twins.gateways.edge.configuration import Configuration, ConfigurationError, configuration_from
from twins.gateways.edge.files import write_whole
from twins.gateways.edge.server import Answer, Server

Apply = Callable[[Configuration], Awaitable[None]]
"""Applies a configuration, or raises ConfigurationError and leaves the one in force."""
_NOT_CHANGED, _NONE_KEPT = 304, 204
_MOST, _LONGEST = 100, 400
"""Findings, and characters of a text, that the platform keeps."""

logger = logging.getLogger("outturn.edge")


class Updater:
    """Keeps the configuration.

    Args:
        bootstrap: The agent's own file.
        server: The platform.
    """

    def __init__(self, bootstrap: Bootstrap, server: Server) -> None:
        self._bootstrap, self._server = bootstrap, server
        self._path: Path = bootstrap.folder / "configuration.json"
        self._etag = ""
        self.digest: str | None = None
        """Of the platform's configuration that was looked at last."""
        self.state = "none"
        """``applied``, ``refused`` or ``none``, of the same."""
        self.findings: tuple[Finding, ...] = ()
        """Why it was refused."""

    def first(self) -> Configuration:
        """What to begin with: what the platform told last, or the agent's own file.

        Raises:
            ConfigurationError: The agent's own file does not fit.
        """
        try:
            kept = json.loads(self._path.read_bytes())
            found = configuration_from(kept["document"])
        except FileNotFoundError:
            return self._bootstrap.configuration
        except (OSError, ValueError, KeyError, TypeError, ConfigurationError) as error:
            logger.error("the configuration on disk cannot be used (%s): that of the agent's file is", error)
            return self._bootstrap.configuration
        self.digest, self.state, self._etag = str(kept["digest"]), "applied", str(kept["etag"])
        return found

    async def ask(self, apply: Apply) -> bool:
        """Ask the platform once; whether anything has changed."""
        answer = await self._server.configuration(self._etag)
        if answer.status == _NONE_KEPT:
            return await self._let_go(apply)
        if answer.status == _NOT_CHANGED or answer.status != 200:
            return False
        document, digest = answer.body.get("document"), str(answer.body.get("digest", ""))
        if digest == self.digest:
            return False
        try:
            await apply(configuration_from(document))
        except ConfigurationError as error:
            self.digest, self.state, self.findings, self._etag = digest, "refused", error.findings, answer.etag
            logger.error(
                "the platform's configuration %s is refused, and the one before stays: %s", answer.body.get("number"),
                error.told, extra={"told": {"findings": [each.as_dict() for each in error.findings]}},
            )  # fmt: skip
            return True
        self.digest, self.state, self.findings, self._etag = digest, "applied", (), answer.etag
        logger.info("the platform's configuration %s is applied", answer.body.get("number"))
        self._keep(answer)
        return True

    def told(self) -> dict[str, Any]:
        """How it stands, for the platform."""
        findings = [{name: text[:_LONGEST] for name, text in each.as_dict().items()} for each in self.findings[:_MOST]]
        return {"digest": self.digest, "state": self.state, "findings": findings}

    async def _let_go(self, apply: Apply) -> bool:
        """The platform keeps none: the agent's own file counts."""
        if self.digest is None:
            return False
        await apply(self._bootstrap.configuration)
        self.digest, self.state, self.findings, self._etag = None, "none", (), ""
        self._path.unlink(missing_ok=True)
        logger.info("the platform keeps no configuration any more: that of the agent's file is applied")
        return True

    def _keep(self, answer: Answer) -> None:
        kept = {**answer.body, "etag": answer.etag}
        try:
            write_whole(self._path, json.dumps(kept).encode())
        except OSError as error:
            self._etag = ""  # asked for as a whole, and kept, at the next start at the latest
            logger.error("the configuration could not be kept on disk: %s", error)
