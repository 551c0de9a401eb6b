"""What a connection to an OPC UA server is told: where, how secured, as whom, and which nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from tenants.kernel.errors import Finding
from twins.gateways.field.documents import KEY_PATTERN, refuse, repeated, settings_from, too_many

DEFAULT_PORT = 4840
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Policy(StrEnum):
    """The security policies that are spoken; the older ones are broken and are not."""

    NONE = "None"
    BASIC256_SHA256 = "Basic256Sha256"
    AES128_SHA256_RSA_OAEP = "Aes128Sha256RsaOaep"
    AES256_SHA256_RSA_PSS = "Aes256Sha256RsaPss"


class Mode(StrEnum):
    """What is done to each message."""

    NONE = "None"
    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


class Identity(StrEnum):
    """As whom we sign in."""

    ANONYMOUS = "anonymous"
    USER = "user"
    CERTIFICATE = "certificate"


class Timestamps(StrEnum):
    """Whose instant a value gets."""

    SOURCE = "source"
    SERVER = "server"


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variable to subscribe to.

    Attributes:
        node: Its id, such as ``ns=2;s=Pump.Pressure``.
        key: The gateway's name for it.
        deadband: The smallest change that is told, in the node's unit; 0 for every change.
        sampling_ms: How often the server looks at it; None for the connection's.
        unit: What the server called its unit, for people.
    """

    node: Annotated[str, msgspec.Meta(min_length=3, max_length=400)]
    key: Annotated[str, msgspec.Meta(pattern=KEY_PATTERN)]
    deadband: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    sampling_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] | None = None
    unit: Annotated[str, msgspec.Meta(max_length=40)] = ""


class OpcUaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an OPC UA server is read.

    Attributes:
        url: ``opc.tcp://HOST:PORT/PATH``.
        trusted: SHA-256 fingerprints of the server's certificates that somebody has compared and trusts.
        user: The user name, for the identity ``user``.
        publishing_ms: How often the server sends what has changed.
        sampling_ms: How often it looks at each node.
        queue: How many values of a node it keeps between two sendings.
        namespaces: The server's namespaces when the nodes were picked, by their index: a server may number them anew.
    """

    url: Annotated[str, msgspec.Meta(max_length=400)]
    policy: Policy = Policy.NONE
    mode: Mode = Mode.NONE
    trusted: tuple[str, ...] = ()
    identity: Identity = Identity.ANONYMOUS
    user: Annotated[str, msgspec.Meta(max_length=200)] = ""
    publishing_ms: Annotated[int, msgspec.Meta(ge=20, le=3_600_000)] = 1000
    sampling_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 1000
    queue: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    timestamps: Timestamps = Timestamps.SOURCE
    namespaces: tuple[str, ...] = ()
    points: tuple[Node, ...] = ()

    @property
    def host(self) -> str:
        """The server's host."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The server's port."""
        return urlsplit(self.url).port or DEFAULT_PORT


class OpcUaSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must not be seen: the password, or the person's certificate with its key, both as PEM."""

    password: Annotated[str, msgspec.Meta(max_length=400)] = ""
    certificate: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    private_key: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


def opcua_settings(document: Any) -> OpcUaSettings:
    """Checked settings from a plain document.

    Raises:
        FieldSettingsError: Something in it does not fit.
    """
    settings = settings_from(document, OpcUaSettings)
    refuse(_wrong(settings))
    return settings


def _wrong(settings: OpcUaSettings) -> Iterator[Finding]:
    if not _is_address(settings.url):
        yield Finding(
            "opcua.address", "url", f"“{settings.url[:100]}” is no address of an OPC UA server",
            "Write it as opc.tcp://HOST:4840.",
        )  # fmt: skip
    if (settings.policy is Policy.NONE) != (settings.mode is Mode.NONE):
        yield Finding(
            "opcua.mode", "mode", f"the policy {settings.policy} does not go with the mode {settings.mode}",
            "Choose Sign or SignAndEncrypt with a policy, and None without.",
        )  # fmt: skip
    if settings.identity is Identity.USER and not settings.user:
        yield Finding("opcua.user", "user", "the user name is missing", "Enter it, or sign in anonymously.")
    for number, fingerprint in enumerate(settings.trusted):
        if not _FINGERPRINT.fullmatch(fingerprint):
            yield Finding(
                "opcua.fingerprint", f"trusted/{number}", "this is no SHA-256 fingerprint", "Write its 64 digits."
            )
    for number, point in enumerate(settings.points):
        if not is_node_id(point.node):
            yield Finding(
                "opcua.node", f"points/{number}/node", f"“{point.node}” is no node id",
                "Write it as ns=2;s=Name or ns=2;i=1001.",
            )  # fmt: skip
    yield from repeated([point.key for point in settings.points], "key")
    yield from repeated([point.node for point in settings.points], "node")
    yield from too_many(settings.points)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and parts.username is None
    return plain and parts.scheme == "opc.tcp" and bool(parts.hostname) and port != 0


def is_node_id(text: str) -> bool:
    """Whether a text is a node id."""
    from asyncua import ua  # noqa: PLC0415 (half a second, and most processes never look at a node)
    from asyncua.ua.uaerrors import UaError  # noqa: PLC0415

    try:
        ua.NodeId.from_string(text)
    except (UaError, ValueError, TypeError, AttributeError):
        return False
    return True
