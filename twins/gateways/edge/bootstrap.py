"""The agent's own file: which server, with which token, where its folder is; and what to do without the platform.

    server = "https://outturn.example"
    token_file = "gateway.token"
    folder = "/var/lib/outturn-edge"

It may hold the sections of a configuration too (`Configuration`). They count until the platform keeps one for the
gateway.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator

from tenants.kernel.errors import Finding
from twins.gateways.edge.configuration import (
    Configuration,
    ConfigurationError,
    Strict,
    configuration_from,
    custom,
    findings_of,
)

SECTIONS = frozenset(Configuration.model_fields)


class Bootstrap(Strict):
    """The agent's own file.

    Attributes:
        server: The platform, such as ``https://outturn.example``.
        token_file: Holds the gateway's token; it is read again when the token is refused.
        folder: Where the agent keeps its key, its store and what it was told last.
        ca_file: Certificates to trust besides those of the system.
        ask_seconds: How often the platform is asked for a configuration and told how things go.
        document: The sections of a configuration in it.
    """

    server: str
    token_file: Path
    folder: Path
    ca_file: Path | None = None
    ask_seconds: Annotated[float, Field(ge=0.2, le=3_600)] = 30.0
    document: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        parts = urlsplit(self.server)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise custom("edge.server", "the server is no address", "Write it as https://HOST, without a user.")
        return self

    @property
    def secrets(self) -> Path:
        """Where the files of secrets are."""
        return self.folder / "secrets"

    @property
    def configuration(self) -> Configuration:
        """What to do without the platform.

        Raises:
            ConfigurationError: It does not fit.
        """
        return configuration_from(self.document)


def bootstrap_from(path: Path) -> Bootstrap:
    """The agent's own file, checked; its paths are understood from where it lies.

    Raises:
        ConfigurationError: It cannot be read, or does not fit.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, f"it cannot be read: {error.strerror}", "Name the agent's file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, f"it is no TOML: {error}", "Correct it there.") from None
    document = {name: told.pop(name) for name in SECTIONS & told.keys()}
    try:
        read = Bootstrap.model_validate({**told, "document": document})
    except ValidationError as error:
        raise ConfigurationError(findings_of(error)) from None
    here = path.resolve().parent
    at = {name: here / getattr(read, name) for name in ("token_file", "folder")}
    found = read.model_copy(update=at | {"ca_file": here / read.ca_file if read.ca_file else None})
    found.configuration  # noqa: B018 (what does not fit is said before anything begins)
    return found


def _unreadable(path: Path, message: str, fix: str) -> ConfigurationError:
    return ConfigurationError((Finding("edge.file", str(path), message, fix),))
