"""The rules of single sign-on: what a provider must say, whom an address belongs to, which role a claim gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.kernel.errors import Finding, OutturnError

WELL_KNOWN = "/.well-known/openid-configuration"
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "Ed25519")
"""The signatures that an ID token may carry: by public keys only, so neither ``none`` nor a shared secret (HS256)."""
AUTH_METHODS = ("client_secret_post", "client_secret_basic")
"""How we can show the client's secret, the better first: in the body it needs no encoding that providers differ in."""
PUBLIC_MAIL = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "icloud.com",
    "me.com", "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "proton.me", "protonmail.com", "mail.com",
    "mail.ru", "qq.com", "163.com",
})  # fmt: skip
"""Domains that are nobody's own: no organisation may declare them."""
_DOMAIN = re.compile(r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")


class SignOnError(OutturnError):
    """A sign-in by single sign-on that came to nothing; the code ends in the reason.

    Args:
        reason: Stable, in snake case: ``foreign_domain``.
        message: What happened, for the person.
        fix: What they, or their administrator, can do.
    """

    status = 403

    def __init__(self, reason: str, message: str, *, fix: str) -> None:
        super().__init__(message, kept="You are not signed in.", fix=fix)
        self.code = f"sign_on.{reason}"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What we need of a provider's discovery document (OpenID Connect Discovery 1.0, section 3).

    Attributes:
        issuer: Who signs the ID tokens, exactly as they write it.
        authorization_endpoint: Where people are sent to sign in.
        token_endpoint: Where a code becomes tokens.
        jwks_uri: Where the keys of the signatures are.
        userinfo_endpoint: Where claims are that the ID token lacks; empty if nowhere.
        auth_method: How we show the client's secret.
        names_issuer: Whether each answer must name its issuer (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    auth_method: str
    names_issuer: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who the provider says a person is.

    Attributes:
        issuer: The provider.
        subject: The person's name with the provider, never given to another.
        email: Their address in lower case, or empty.
        is_verified: Whether the provider vouches for the address.
        name: What they are called, or empty.
        claims: All that was said, for the mapping of roles.
    """

    issuer: str
    subject: str
    email: str
    is_verified: bool
    name: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Whoever has the value among those of the claim gets the role; of several rules that fit, the first counts."""

    claim: str
    value: str
    role: str


def discovery_url(text: str) -> str:
    """The address of a provider's discovery document, out of that or of the issuer."""
    text = text.strip()
    return text if text.endswith(WELL_KNOWN) else text.removesuffix("/") + WELL_KNOWN


def discovery_findings(document: Mapping[str, Any], *, url: str) -> list[Finding]:
    """What keeps a discovery document from being used; nothing when it will do."""
    found = []
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or issuer.removesuffix("/") + WELL_KNOWN != url:
        found.append(_finding(
            "issuer", f"the document names the issuer {_shown(issuer)}, which does not own the address {url}",
            "Enter the address that the provider shows for this very issuer, letter by letter.",
        ))  # fmt: skip
    found += [
        _finding(name, f"“{name}” is missing or no web address", "Ask the provider's administrator to mend it.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if not _is_address(document.get(name))
    ]
    for name, wanted, what, fix in _CHOICES:
        offered = document.get(name)
        if offered is not None and not set(wanted) & set(_texts(offered)):
            message = f"the provider offers {', '.join(_texts(offered)) or 'no'} {what}, we need {' or '.join(wanted)}"
            found.append(_finding(name, message, fix))
    return found


_CHOICES: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("response_types_supported", ("code",), "as response type", "Switch the authorisation code flow on there."),
    ("code_challenge_methods_supported", ("S256",), "as PKCE method", "Switch PKCE with S256 on there."),
    ("id_token_signing_alg_values_supported", ALGORITHMS, "for signatures", "Choose RS256 for the ID token there."),
    ("token_endpoint_auth_methods_supported", AUTH_METHODS, "for clients", "Let the client use a secret there."),
    ("scopes_supported", ("openid",), "as scope", "Let the client use the scopes openid, email and profile there."),
)


def read_discovery(document: Mapping[str, Any]) -> Discovery:
    """What we need of a document that has no findings."""
    offered = _texts(document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]))
    userinfo = document.get("userinfo_endpoint")
    return Discovery(
        issuer=document["issuer"],
        authorization_endpoint=document["authorization_endpoint"],
        token_endpoint=document["token_endpoint"],
        jwks_uri=document["jwks_uri"],
        userinfo_endpoint=str(userinfo) if _is_address(userinfo) else "",
        auth_method=next(each for each in AUTH_METHODS if each in offered),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def claimed(claims: Mapping[str, Any]) -> Claimed:
    """The person that checked claims tell of.

    Raises:
        SignOnError: They name no subject that could be kept.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise SignOnError("subject", "your provider did not say who you are", fix="Tell your administrator.")
    email = claims.get("email")
    email = email.strip().lower() if isinstance(email, str) and len(email) <= 254 else ""
    name = claims.get("name")
    return Claimed(
        issuer=str(claims["iss"]), subject=subject, email=email, is_verified=_is_verified(claims),
        name=name.strip()[:120] if isinstance(name, str) and name.isprintable() else "", claims=claims,
    )  # fmt: skip


def _is_verified(claims: Mapping[str, Any]) -> bool:
    """`email_verified`, as a text too (Cognito); Entra ID says the same with `xms_edov`."""
    said = (claims.get("email_verified"), claims.get("xms_edov"))
    return any(each is True or each in ("true", "True", "1") or (each == 1 and each is not False) for each in said)


def mail_domain(address: str) -> str:
    """The domain of an address of mail in lower case and its ASCII form; empty for what is no address."""
    local, at, domain = address.strip().rpartition("@")
    return clean_domain(domain) if local and at else ""


def clean_domain(text: str) -> str:
    """A domain in lower case and its ASCII form (IDNA); empty for what is none."""
    try:
        domain = text.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        return ""
    return domain if _DOMAIN.match(domain) else ""


def mapped_role(rules: Iterable[RoleRule], claims: Mapping[str, Any], *, default: str) -> str:
    """The role that a person's claims give, or the default (empty: they are refused)."""
    for rule in rules:
        if rule.value in claim_values(claims, rule.claim):
            return rule.role
    return default


def group_role(rules: Iterable[RoleRule], groups: Iterable[str], *, default: str) -> str:
    """The role that names of groups give: a provisioned group stands for the value of any claim."""
    names = set(groups)
    return next((rule.role for rule in rules if rule.value in names), default)


def claim_values(claims: Mapping[str, Any], name: str) -> Sequence[str]:
    """The values of a claim as texts; ``realm_access.roles`` looks into nested claims."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    each = found if isinstance(found, list) else [found]
    return [("true" if one else "false") if isinstance(one, bool) else str(one) for one in each if _is_plain(one)]


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= 2000


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _shown(value: Any) -> str:
    return f"“{value[:200]}”" if isinstance(value, str) else "not at all"


def _finding(place: str, message: str, fix: str) -> Finding:
    return Finding(f"sign_on.{place}", place, message, fix)
