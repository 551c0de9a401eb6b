"""OpenID Connect with one provider: discovery, the way there, the code, the ID token. No database is read here."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from django.core.cache import cache
from joserfc import jws, jwt
from joserfc.errors import ClaimError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tenants.edge.outgoing import OutgoingError, checked_address, fetch, fetch_document
from tenants.kernel.errors import Finding
from tenants.signon.domain import (
    ALGORITHMS,
    Discovery,
    SignOnError,
    discovery_findings,
    read_discovery,
)  # fmt: skip
from tenants.signon.schemas import Attempt

SCOPE = "openid email profile"
KEPT_S = 300
"""How long a discovery document and a set of keys are kept; an unknown key fetches the set anew at once."""
LEEWAY_S = 60
"""How far a provider's clock may be from ours."""


class _Signatures(JWSRegistry):
    """The signatures we accept; the library warns of EdDSA, which RFC 9864 renames and providers go on writing."""

    max_header_length = 8192

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


_SIGNATURES = _Signatures(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Client:
    """We, as the provider knows us; the secret lives as long as one sign-in."""

    client_id: str
    client_secret: str
    redirect_uri: str


def check_provider(url: str) -> list[Finding]:
    """Ask for the discovery document and the keys now; what is wrong with them, or nothing."""
    try:
        document = fetch_document(url)
    except OutgoingError as error:
        return [Finding(error.code, "discovery_url", error.message, error.fix)]
    found = discovery_findings(document, url=url)
    if found:
        return found
    discovery = read_discovery(document)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        try:
            checked_address(getattr(discovery, name))
        except OutgoingError as error:
            found.append(Finding(error.code, name, error.message, error.fix))
    return found or _key_findings(discovery)


def _key_findings(discovery: Discovery) -> list[Finding]:
    try:
        if any(True for _ in _usable(_fetched_keys(discovery.jwks_uri))):
            return []
    except OutgoingError as error:
        return [Finding(error.code, "jwks_uri", error.message, error.fix)]
    return [Finding("sign_on.keys", "jwks_uri", "the provider publishes no key that we could check a signature with",
                    "Let it sign the ID token with RS256 or ES256.")]  # fmt: skip


def discovery(url: str) -> Discovery:
    """What we need of the provider's discovery document, at most five minutes old.

    Raises:
        SignOnError: It cannot be had, or cannot be used.
    """
    document = cache.get(_kept("discovery", url))
    if document is None:
        try:
            document = fetch_document(url)
        except OutgoingError as error:
            raise SignOnError(
                "provider", f"your identity provider does not answer: {error.message}", fix="Try again in a moment."
            ) from error
        findings = discovery_findings(document, url=url)
        if findings:
            raise SignOnError(
                "discovery", f"your identity provider cannot be used: {findings[0].message}",
                fix="Tell your administrator; the page “Single sign-on” shows what is wrong.",
            )  # fmt: skip
        cache.set(_kept("discovery", url), document, KEPT_S)
    return read_discovery(document)


def authorization_url(provider: Discovery, client: Client, attempt: Attempt, *, state: str, hint: str) -> str:
    """Where the browser is sent to sign in: the code flow with state, nonce and PKCE (RFC 7636, S256)."""
    extra = {"login_hint": hint} if hint else {}
    return str(
        prepare_grant_uri(
            provider.authorization_endpoint, client.client_id, "code", redirect_uri=client.redirect_uri, scope=SCOPE,
            state=state, nonce=attempt.nonce, code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256", **extra,
        )
    )  # fmt: skip


def claims_of(provider: Discovery, client: Client, attempt: Attempt, *, code: str) -> dict[str, Any]:
    """Turn the code into the claims of a checked ID token, with what the userinfo endpoint adds.

    Raises:
        SignOnError: The provider refuses the code, or what it says does not hold.
    """
    tokens = _exchanged(provider, client, attempt, code=code)
    token = tokens.get("id_token")
    if not isinstance(token, str):
        raise _untrue("token", "it sent no ID token")
    claims = verified_claims(token, provider, client_id=client.client_id, nonce=attempt.nonce)
    access = tokens.get("access_token")
    if "email" not in claims and provider.userinfo_endpoint and isinstance(access, str):
        claims = {**_userinfo(provider, access, subject=claims["sub"]), **claims}
    return claims


def _exchanged(provider: Discovery, client: Client, attempt: Attempt, *, code: str) -> dict[str, Any]:
    body = urlencode({
        "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri,
        "code_verifier": attempt.verifier,
    })  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    auth = ClientAuth(client.client_id, client.client_secret, provider.auth_method)
    url, headers, body = auth.prepare("POST", provider.token_endpoint, headers, body)
    try:
        answer = fetch(url, method="POST", headers=headers, body=body.encode())
        tokens = answer.document()
    except OutgoingError as error:
        raise SignOnError(
            "provider", f"your identity provider does not answer: {error.message}", fix="Try again in a moment."
        ) from error
    if answer.status != 200:
        said = str(tokens.get("error", answer.status))[:80]
        raise SignOnError(
            "code", f"your identity provider did not accept the sign-in ({said})",
            fix="Sign in again; if it stays, the client's id or secret is wrong on the page “Single sign-on”.",
        )  # fmt: skip
    return tokens


def verified_claims(token: str, provider: Discovery, *, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token whose signature, issuer, audience, times and nonce hold (OpenID Connect Core, 3.1.3.7).

    Raises:
        SignOnError: One of them does not.
    """
    decoded = _decoded(token, provider.jwks_uri)
    checks = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    try:
        CodeIDToken(decoded.claims, decoded.header, checks, {"nonce": nonce, "client_id": client_id}).validate(
            now=int(time.time()), leeway=LEEWAY_S
        )
    except (ClaimError, JoseError) as error:
        raise _untrue("token", f"its ID token does not hold ({error})") from None
    return dict(decoded.claims)


def _decoded(token: str, jwks_uri: str) -> jwt.Token:
    try:
        header = jws.extract_compact(token.encode(), registry=_SIGNATURES).headers()
    except (JoseError, ValueError) as error:
        raise _untrue("token", "its ID token cannot be read") from error
    if header.get("alg") not in ALGORITHMS:
        raise _untrue("algorithm", f"its ID token is signed with {str(header.get('alg'))[:20]}, which we do not accept")
    kid = header.get("kid")
    keys = _keys(jwks_uri, fresh=False)
    if not _fitting(keys, kid):
        keys = _keys(jwks_uri, fresh=True)  # it may have changed its keys since
    for key in _fitting(keys, kid):
        try:
            return jwt.decode(token, key, registry=_SIGNATURES)
        except (JoseError, ValueError, TypeError):
            continue  # another key, or none, has signed it
    raise _untrue("signature", "the signature of its ID token does not hold")


def _keys(jwks_uri: str, *, fresh: bool) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] | None = None if fresh else cache.get(_kept("keys", jwks_uri))
    if keys is None:
        try:
            keys = _fetched_keys(jwks_uri)
        except OutgoingError as error:
            raise SignOnError(
                "provider", f"the keys of your identity provider cannot be had: {error.message}",
                fix="Try again in a moment.",
            ) from error  # fmt: skip
        cache.set(_kept("keys", jwks_uri), keys, KEPT_S)
    return keys


def _fetched_keys(jwks_uri: str) -> list[dict[str, Any]]:
    keys = fetch_document(jwks_uri).get("keys")
    return [key for key in keys if isinstance(key, dict)][:100] if isinstance(keys, list) else []


def _fitting(keys: Sequence[Mapping[str, Any]], kid: Any) -> list[RSAKey | ECKey | OKPKey]:
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    return list(_usable(named))


def _usable(keys: Sequence[Mapping[str, Any]]) -> Iterator[RSAKey | ECKey | OKPKey]:
    """The public keys for signatures; a shared secret among them is no key of ours."""
    for each in keys:
        if each.get("kty") not in ("RSA", "EC", "OKP") or each.get("use", "sig") != "sig":
            continue
        try:
            key = JWKRegistry.import_key(dict(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            yield key


def _userinfo(provider: Discovery, access: str, *, subject: str) -> dict[str, Any]:
    try:
        said = fetch_document(provider.userinfo_endpoint, headers={"Authorization": f"Bearer {access}"})
    except (OutgoingError, UnicodeEncodeError) as error:
        raise SignOnError(
            "provider", "your identity provider does not tell your address", fix="Try again in a moment."
        ) from error
    if said.get("sub") != subject:
        raise _untrue("userinfo", "it tells of somebody else than its ID token")
    return said


def _untrue(reason: str, what: str) -> SignOnError:
    return SignOnError(
        reason,
        f"your identity provider cannot be believed: {what}",
        fix="Sign in again; if it stays, tell your administrator.",
    )


def _kept(what: str, url: str) -> str:
    return f"sign-on:{what}:{hashlib.sha256(url.encode()).hexdigest()}"
