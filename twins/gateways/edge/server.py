"""The platform as the agent sees it: readings go there, a configuration comes from there, and how things go is told."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Self

import httpx

from twins.gateways.edge.batches import Batch
from twins.gateways.edge.bootstrap import Bootstrap
from twins.gateways.edge.files import FolderError, read_secret
from twins.gateways.edge.signing import HEADER, Seal

READINGS, CONFIGURATION, STATUS = "/ingest/v1/readings", "/ingest/v1/edge/configuration", "/ingest/v1/edge/status"
_ANSWER_S = 30.0
_AWAY = 500
_LONGEST_WAIT_S = 3_600.0


def agent_version() -> str:
    """What the agent calls itself."""
    try:
        return f"outturn-edge/{version('outturn')}"
    except PackageNotFoundError:  # run from its source
        return "outturn-edge"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said.

    Attributes:
        status: Of HTTP; 0 when there was no answer.
        body: Its JSON; empty for anything else.
        etag: Of a configuration.
        wait: Seconds after which to come again, if it says so.
    """

    status: int
    body: dict[str, Any]
    etag: str = ""
    wait: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether it was granted."""
        return 200 <= self.status < 300

    @property
    def why(self) -> str:
        """What was wrong, as a sentence."""
        if not self.status:
            return str(self.body.get("detail", "no answer"))
        told = [str(self.body[name]) for name in ("code", "detail", "fix") if self.body.get(name)]
        return f"{self.status} {' — '.join(told)}".strip()[:500]


class Server:
    """Speaks to the platform, in the name of the gateway.

    Args:
        bootstrap: Where it is, and where the token is.
    """

    def __init__(self, bootstrap: Bootstrap) -> None:
        self._bootstrap = bootstrap
        context = ssl.create_default_context()
        if bootstrap.ca_file is not None:
            context.load_verify_locations(bootstrap.ca_file)
        self._client = httpx.AsyncClient(
            base_url=bootstrap.server, timeout=_ANSWER_S, verify=context, headers={"User-Agent": agent_version()}
        )
        self.heard = asyncio.Event()
        """Set by each answer of a platform that works."""

    async def __aenter__(self) -> Self:
        """Connections are made when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._client.aclose()

    async def send(self, batch: Batch, seal: Seal, *, backlog: int, is_replayed: bool) -> Answer:
        """Send a batch once."""
        headers = {
            "Content-Type": "application/json", "Content-Encoding": "zstd", "X-Gateway-Version": agent_version(),
            "X-Backlog": str(backlog), "X-Sent-At": datetime.now(UTC).isoformat(), HEADER: seal.header,
        }  # fmt: skip
        if is_replayed:
            headers["X-Replayed"] = "1"
        return await self._ask("POST", READINGS, headers, content=batch.body)

    async def configuration(self, etag: str) -> Answer:
        """The configuration that the platform keeps, unless it is the one of this tag."""
        return await self._ask("GET", CONFIGURATION, {"If-None-Match": etag} if etag else {})

    async def status(self, document: dict[str, Any]) -> Answer:
        """Tell how things go."""
        return await self._ask("POST", STATUS, {}, json=document)

    async def _ask(self, method: str, path: str, headers: dict[str, str], **what: Any) -> Answer:
        try:
            # Read at each request: a token that was changed is in force at once.
            token = read_secret(self._bootstrap.token_file).strip()
            response = await self._client.request(
                method, path, headers={**headers, "Authorization": f"Bearer {token}"}, **what
            )
        except FolderError as error:
            return Answer(0, {"detail": error.told})
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(0, {"detail": f"{type(error).__name__}: {error}".strip(": ")})
        if response.status_code < _AWAY:
            self.heard.set()
        try:
            body = response.json() if response.content else {}
        except ValueError:
            body = {}
        told = response.headers
        return Answer(
            response.status_code, body if isinstance(body, dict) else {}, told.get("etag", ""),
            _wait(told.get("retry-after", "")),
        )  # fmt: skip


def _wait(told: str) -> float | None:
    """The seconds of a ``Retry-After``, which may be an instant."""
    if told.isascii() and told.isdecimal():
        return min(float(told), _LONGEST_WAIT_S)
    try:
        wait = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), _LONGEST_WAIT_S)
