"""A session with an OPC UA server: secured as asked, with a server certificate that somebody has trusted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from twins.gateways.field.certificates import APPLICATION, Application, fingerprint, leading, spaced
from twins.gateways.field.errors import (
    FieldError,
    LostError,
    NotOfferedError,
    NotTrustedError,
    RefusedError,
    UnreachableError,
)
from twins.gateways.field.opcua_found import Endpoint
from twins.gateways.field.opcua_settings import DEFAULT_PORT, Identity, Mode, OpcUaSecrets, OpcUaSettings, Policy
from twins.gateways.field.stopping import heed_cancellation
from twins.gateways.field.troubles import Resolve

ANSWER_S = 8.0
"""How long one answer of a server may take."""
_WATCH_S = 5.0
_SESSION_MS = 120_000
_FAREWELL_S = 2.0
_URIS = {policy: getattr(security_policies, f"SecurityPolicy{policy}").URI for policy in Policy}
_MODES = {Mode.NONE: ua.MessageSecurityMode.None_, Mode.SIGN: ua.MessageSecurityMode.Sign,
          Mode.SIGN_AND_ENCRYPT: ua.MessageSecurityMode.SignAndEncrypt}  # fmt: skip
_IDENTITIES = {ua.UserTokenType.Anonymous: Identity.ANONYMOUS, ua.UserTokenType.UserName: Identity.USER,
               ua.UserTokenType.Certificate: Identity.CERTIFICATE}  # fmt: skip
_WHO = frozenset(
    (
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadIdentityTokenRejected,
        StatusCodes.BadIdentityTokenInvalid,
    )
)
_OUR_CERTIFICATE = frozenset(
    (
        StatusCodes.BadSecurityChecksFailed, StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateInvalid, StatusCodes.BadCertificateUriInvalid,
        StatusCodes.BadCertificateUseNotAllowed, StatusCodes.BadCertificateTimeInvalid,
    )
)  # fmt: skip

logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it would say is told as errors and troubles


class _Client(Client):  # type: ignore[misc] # asyncua is typed in part
    """Connects to the address that was resolved and judged, whatever the name means a moment later."""

    def __init__(self, url: str, resolve: Resolve) -> None:
        super().__init__(url, timeout=ANSWER_S, watchdog_intervall=_WATCH_S)
        self._resolve = resolve
        self.name = self.description = APPLICATION
        self.session_timeout = _SESSION_MS

    async def connect_socket(self) -> None:
        """Open the connection."""
        host, port = self.server_url.hostname or "", self.server_url.port or DEFAULT_PORT
        await self.uaclient.connect_socket(await self._resolve(host, port), port)


async def endpoints(url: str, *, resolve: Resolve) -> list[Endpoint]:
    """The ways to connect that a server offers, those that we speak; asked without any security.

    Raises:
        FieldError: It does not say.
    """
    client = _Client(url, resolve)
    with _told_as_errors(url), _closed_on_failure(client):
        found = await client.connect_and_get_server_endpoints()
    return [endpoint for each in found if (endpoint := _endpoint(each)) is not None]


def _endpoint(offered: ua.EndpointDescription) -> Endpoint | None:
    policy = next((policy for policy, uri in _URIS.items() if uri == offered.SecurityPolicyUri), None)
    mode = next((mode for mode, number in _MODES.items() if number == offered.SecurityMode), None)
    if policy is None or mode is None or not (offered.EndpointUrl or "").startswith("opc.tcp"):
        return None
    certificate = leading(offered.ServerCertificate or b"")
    subject, expires_at = "", None
    with suppress(ValueError):
        read = x509.load_der_x509_certificate(certificate)
        subject, expires_at = read.subject.rfc4514_string(), read.not_valid_after_utc
    identities = {_IDENTITIES[each.TokenType] for each in offered.UserIdentityTokens if each.TokenType in _IDENTITIES}
    return Endpoint(
        policy, mode, fingerprint(certificate) if certificate else "", subject, expires_at,
        tuple(each for each in Identity if each in identities),
    )  # fmt: skip


@asynccontextmanager
async def session(
    settings: OpcUaSettings, *, application: Application, secrets: OpcUaSecrets, resolve: Resolve
) -> AsyncIterator[Client]:
    """A session for as long as it is needed.

    Raises:
        FieldError: The server cannot be reached, is not the one we trust, or does not let us in; or it was lost.
    """
    client = _Client(settings.url, resolve)
    client.application_uri = application.uri
    with _told_as_errors(settings.url, application), _closed_on_failure(client):
        if settings.policy is not Policy.NONE:
            await _secure(client, settings, application)
        _identify(client, settings, secrets)
        await client.connect()
        heed_cancellation()
    try:
        with _told_as_errors(settings.url, application):
            yield client
    finally:
        try:
            with suppress(Exception):
                async with asyncio.timeout(_FAREWELL_S):
                    await client.disconnect()
        finally:
            client.disconnect_socket()


@contextmanager
def _closed_on_failure(client: Client) -> Iterator[None]:
    """Leaves no socket open when what is connected does not get that far."""
    try:
        yield
    except BaseException:
        client.disconnect_socket()
        raise


async def _secure(client: Client, settings: OpcUaSettings, application: Application) -> None:
    """Choose the endpoint, and be sure that its certificate is one that somebody trusts.

    Raises:
        NotOfferedError: The server has none of this policy and mode.
        NotTrustedError: Nobody has trusted its certificate.
    """
    offered = await client.connect_and_get_server_endpoints()
    wanted = (_URIS[settings.policy], _MODES[settings.mode])
    found = next((each for each in offered if (each.SecurityPolicyUri, each.SecurityMode) == wanted), None)
    if found is None:
        raise NotOfferedError(
            f"the server does not offer {settings.policy} with {settings.mode}", place="policy",
            fix=f"Choose one that it offers: {_offers(offered)}.",
        )  # fmt: skip
    certificate = leading(found.ServerCertificate or b"")
    if fingerprint(certificate) not in settings.trusted:
        raise NotTrustedError(fingerprint(certificate))
    await client.set_security(
        getattr(security_policies, f"SecurityPolicy{settings.policy}"),
        CertProperties(application.certificate, "der"),
        CertProperties(application.private_key.encode(), "pem"),
        server_certificate=CertProperties(certificate, "der"),
        mode=_MODES[settings.mode],
    )


def _offers(offered: Sequence[ua.EndpointDescription]) -> str:
    found = [endpoint for each in offered if (endpoint := _endpoint(each)) is not None]
    return ", ".join(f"{each.policy} with {each.mode}" for each in found) or "none that we speak"


def _identify(client: Client, settings: OpcUaSettings, secrets: OpcUaSecrets) -> None:
    if settings.identity is Identity.USER:
        client.set_user(settings.user)
        client.set_password(secrets.password)
    elif settings.identity is Identity.CERTIFICATE:
        try:
            client.user_certificate = x509.load_pem_x509_certificate(secrets.certificate.encode())
            client.user_private_key = load_pem_private_key(secrets.private_key.encode(), None)
        except (ValueError, TypeError):
            raise RefusedError(
                "the certificate to sign in with, or its key, cannot be read", place="certificate",
                fix="Enter both again, as PEM and without a password.",
            ) from None  # fmt: skip


class _told_as_errors:  # noqa: N801 (used like a function)
    """Turns what the library raises into our errors."""

    def __init__(self, url: str, application: Application | None = None) -> None:
        self._url, self._application = url, application

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Raise ours in its place."""
        if error is None or isinstance(error, FieldError):
            return
        if isinstance(error, UaStatusCodeError):
            raise _refused(error, self._application) from error
        if isinstance(error, ConnectionError | TimeoutError | OSError):
            raise UnreachableError(
                f"{self._url} does not answer: {_reason(error)}", place="url",
                fix="Check the address, that the server runs, and that no firewall is in between.",
            ) from error  # fmt: skip
        if isinstance(error, UaError | ValueError | TypeError):
            raise LostError(
                f"the server's answer cannot be used: {str(error) or type(error).__name__}", place="url",
                fix="Check that an OPC UA server listens there; else look into its log.",
            ) from error  # fmt: skip


def _reason(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_S:.0f} s"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]


def _refused(error: UaStatusCodeError, application: Application | None) -> FieldError:
    name = ua.StatusCode(error.code).name
    if error.code in _WHO:
        return RefusedError(
            f"the server does not let this user in ({name})", place="user",
            fix="Check the name and password, or the certificate, and that the server lets this user read.",
        )  # fmt: skip
    if error.code in _OUR_CERTIFICATE:
        own = f" ({spaced(application.fingerprint)})" if application else ""
        return RefusedError(
            f"the server does not accept our certificate ({name})", place="policy",
            fix=f"In the server's administration, move our certificate{own} from the rejected to the trusted ones.",
        )  # fmt: skip
    return RefusedError(
        f"the server answers {name}: {ua.StatusCode(error.code).doc}"[:300], place="url",
        fix="Look into the server's log; the connection is tried again.",
    )  # fmt: skip
