"""Settings of single sign-on and the provisioning token. All act in the scope of their organisation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings as installation
from django.db.models import Q

from tenants.domains.selectors import proven_mail_domains
from tenants.edge.outgoing import checked_address
from tenants.edge.problems import InvalidRequestError
from tenants.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from tenants.kernel.sealing import reseal, seal, unseal
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import allows
from tenants.people.rights import rights_changed
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant
from tenants.signon.domain import PUBLIC_MAIL, clean_domain, discovery_url
from tenants.signon.models import Identity, MailDomain, ScimAccess, ScimDigest, SignOn
from tenants.signon.oidc import check_provider
from tenants.signon.schemas import Settings
from tenants.signon.selectors import Holder, given_roles, may_provision, token_holder
from tenants.signon.sessions import is_confined, must_sign_on, session_reaches

__all__ = [
    "admit_token", "change_sign_on", "check_sign_on", "cut_identity", "enforce_sign_on", "is_confined",
    "make_provisioning_token", "must_sign_on", "reseal_secret", "session_reaches", "unsealed_secret",
    "use_provisioning_token", "withdraw_provisioning_token",
]  # fmt: skip

PURPOSE = "oidc"
OVERLAP = timedelta(hours=24)
"""How long a provisioning token stays in force when a new one is made."""
USED_ANEW = timedelta(minutes=1)


class SignOnSettingsError(InvalidRequestError):
    """Settings that cannot be kept."""

    code = "sign_on.settings"


class NotProvenError(ConflictError):
    """Single sign-on would be demanded, or switched off, while that locks people out."""

    code = "sign_on.locks_out"


def change_sign_on(*, wanted: Settings, by: str, now: datetime) -> SignOn:
    """Keep what an administrator says about their provider.

    Raises:
        SignOnSettingsError: Something does not fit; `place` names the field.
        NotProvenError: It would be switched off while everybody must use it.
    """
    row = SignOn.objects.select_for_update().first() or SignOn(created_at=now)
    before = {} if row._state.adding else described(row)
    url = discovery_url(wanted.discovery_url)
    checked_address(url)
    domains = _checked_domains(wanted)
    _check_roles(wanted)
    _check_switch(row, is_on=wanted.is_enabled)
    if not wanted.client_secret and (row._state.adding or row.discovery_url != url):
        raise SignOnSettingsError(
            "the client's secret is missing", place="client_secret", fix="Copy it from the provider."
        )
    if wanted.client_secret:
        row.sealed_secret = seal(wanted.client_secret, keys=installation.SEALING_KEYS, purpose=PURPOSE)
    if (row.discovery_url, row.client_id) != (url, wanted.client_id):
        row.findings, row.checked_at, row.last_sign_in_at = [], None, None
    row.discovery_url, row.client_id, row.domains = url, wanted.client_id, domains
    row.rules = [{"claim": rule.claim, "value": rule.value, "role": rule.role} for rule in wanted.rules]
    row.default_role, row.creates_members = wanted.default_role, wanted.creates_members
    row.is_enabled, row.changed_at = wanted.is_enabled, now
    row.save()
    _declare(domains if row.is_enabled else [])
    from tenants.signon.scim_services import settle  # noqa: PLC0415 (its library is a heavy one)

    settle(None, now=now)
    details: dict[str, Any] = {"before": before, "after": described(row), "new_secret": bool(wanted.client_secret)}
    record_audit(action="sign_on.changed", subject="sign-on", by=by, now=now, details=details)
    return row


def _check_switch(row: SignOn, *, is_on: bool) -> None:
    if not is_on and _tenant().policy.get("sso_only"):
        raise NotProvenError(
            "everybody must use single sign-on", place="is_enabled", fix="Stop demanding it first, then switch it off."
        )
    if is_on and not row.is_enabled and not allows(Feature.SINGLE_SIGN_ON):
        raise SignOnSettingsError(
            "the organisation's plan has no single sign-on", place="is_enabled", fix="Change the plan first."
        )


def described(row: SignOn) -> dict[str, Any]:
    """The settings for the audit: all but the secret."""
    names = ("discovery_url", "client_id", "domains", "rules", "default_role", "creates_members", "is_enabled")
    return {name: getattr(row, name) for name in names}


def check_sign_on(*, now: datetime) -> SignOn:
    """Ask the provider for its discovery document and keys now, and keep what was found.

    Raises:
        NotFoundError: There are no settings yet.
    """
    row = SignOn.objects.first()  # not locked: people sign in while the provider is being asked
    if row is None:
        raise _not_set_up()
    found = [finding.as_dict() for finding in check_provider(row.discovery_url)]
    row.findings = [{**each, "message": each["message"][:1].upper() + each["message"][1:]} for each in found]
    row.checked_at = now
    row.save(update_fields=("findings", "checked_at"))
    return row


def enforce_sign_on(*, is_enforced: bool, by: str, now: datetime) -> None:
    """Demand that people come by single sign-on, or stop demanding it; owners and customers' people are free of it.

    Raises:
        NotProvenError: Nobody has come by it since the provider was last changed.
    """
    row = SignOn.objects.first()
    if is_enforced and (row is None or not row.is_enabled or row.last_sign_in_at is None):
        raise NotProvenError(
            "nobody has come by single sign-on yet", kept="People sign in as before.",
            fix="Switch it on and sign in by it once yourself; then demand it of all.",
        )  # fmt: skip
    tenant = _tenant()
    if bool(tenant.policy.get("sso_only")) == is_enforced:
        return
    tenant.policy = {**tenant.policy, "sso_only": is_enforced}
    tenant.save(update_fields=("policy",))
    rights_changed(tenant.id)
    action = "sign_on.enforced" if is_enforced else "sign_on.unenforced"
    record_audit(action=action, subject="sign-on", by=by, now=now)


def cut_identity(*, identity: UUID, by: str, now: datetime) -> None:
    """Forget who a provider's subject is here; at the next sign-in the address decides anew.

    Raises:
        NotFoundError: There is no such link.
    """
    row = Identity.objects.filter(id=identity).first()
    if row is None:
        raise NotFoundError("there is no such link", place="identity", fix="Choose one from the list.")
    row.delete()
    details = {"issuer": row.issuer, "subject": row.subject}
    record_audit(action="sign_on.cut", subject=f"user/{row.user}", by=by, now=now, details=details)


def unsealed_secret(sealed: bytes) -> str:
    """The client's secret, for the one request that needs it."""
    return unseal(sealed, keys=installation.SEALING_KEYS, purpose=PURPOSE)


def reseal_secret() -> bool:
    """Seal the client's secret under the newest secret of the installation; whether it was under a former one.

    Raises:
        SealBrokenError: None of the installation's secrets opens it.
    """
    row = SignOn.objects.select_for_update().first()
    if row is None:
        return False
    moved = reseal(bytes(row.sealed_secret), keys=installation.SEALING_KEYS, purpose=PURPOSE)
    if moved == bytes(row.sealed_secret):
        return False
    SignOn.objects.filter(id=row.id).update(sealed_secret=moved)
    return True


def make_provisioning_token(*, by: str, now: datetime) -> tuple[ScimAccess, Token]:
    """A new provisioning token, shown this once; those before it stay in force for a day, so that nothing stands still.

    Raises:
        NotAllowedError: The organisation's plan has no provisioning.
        NotFoundError: Single sign-on is not set up, which says whose addresses may be provisioned.
    """
    tenant = Tenant.objects.get(id=required_tenant("a token"))
    if not may_provision(tenant):
        raise NotAllowedError("the organisation's plan has no provisioning by SCIM", fix="Change the plan first.")
    _settings()
    token = new_token("scim")
    ScimAccess.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now + OVERLAP)).update(expires_at=now + OVERLAP)
    access = ScimAccess.objects.create(prefix=token.prefix, created_at=now)
    digest = token_digest(token.text, secret=installation.SEALING_KEYS[0])
    ScimDigest.objects.create(digest=digest, tenant_id=tenant.id, access=access.id)
    record_audit(action="scim.token_made", subject=f"scim/{access.id}", by=by, now=now)
    return access, token


def withdraw_provisioning_token(*, access: UUID, by: str, now: datetime) -> None:
    """Withdraw a provisioning token: it is refused from the next request on.

    Raises:
        NotFoundError: There is no such token.
    """
    row = ScimAccess.objects.filter(id=access).first()
    if row is None:
        raise NotFoundError("there is no such token", place="token", fix="Choose one from the list.")
    ScimDigest.objects.filter(tenant_id=required_tenant("a token"), access=access).delete()
    row.delete()
    record_audit(action="scim.token_withdrawn", subject=f"scim/{access}", by=by, now=now)


def admit_token(text: str) -> Holder | None:
    """Whose provisioning token a text is, in force or not; needs no scope.

    A token kept under a former secret of the installation is kept under the newest from now on.
    """
    found = token_holder(text)
    if found is not None and found.digest != found.newest:
        ScimDigest.objects.filter(digest=found.digest).update(digest=found.newest)
    return found


def use_provisioning_token(*, access: ScimAccess, now: datetime) -> None:
    """Note that a provisioning token is used, once a minute at most."""
    if access.last_used_at is None or now - access.last_used_at > USED_ANEW:
        ScimAccess.objects.filter(id=access.id).update(last_used_at=now)


def _checked_domains(wanted: Settings) -> list[str]:
    domains = []
    for text in wanted.domains:
        domain = clean_domain(text)
        if not domain:
            raise SignOnSettingsError(
                f"“{text}” is no domain of mail", place="domains", fix="Write it as in addresses: example.com."
            )
        if domain in PUBLIC_MAIL:
            raise SignOnSettingsError(
                f"{domain} belongs to the public", place="domains", fix="Name domains of your own organisation only."
            )
        domains.append(domain)
    if not domains:
        raise SignOnSettingsError(
            "no domain of mail is named", place="domains", fix="Name the domains of your people's addresses."
        )
    return sorted(set(domains))


def _check_roles(wanted: Settings) -> None:
    given = given_roles()
    for place, role in (("default_role", wanted.default_role), *(("rules", rule.role) for rule in wanted.rules)):
        if role and role not in given:
            raise SignOnSettingsError(
                f"“{role}” is no role that a provider can give", place=place, fix=f"Choose {', '.join(given.values())}."
            )
    if not wanted.rules and not wanted.default_role and wanted.creates_members:
        raise SignOnSettingsError(
            "new members would have no role", place="default_role", fix="Choose a role, or map groups to roles."
        )


def _declare(domains: list[str]) -> None:
    tenant = required_tenant("a domain")
    MailDomain.objects.filter(tenant_id=tenant).exclude(domain__in=domains).delete()
    rows = [MailDomain(domain=domain, tenant_id=tenant) for domain in domains]
    MailDomain.objects.bulk_create(rows, ignore_conflicts=True)
    mark_proven_domains()


def mark_proven_domains() -> None:
    """Mark which of the declared domains of mail the organisation in scope has proven by DNS, and which no more."""
    declared = MailDomain.objects.filter(tenant_id=required_tenant("a domain"))
    proven = proven_mail_domains()
    declared.filter(domain__in=proven, is_proven=False).update(is_proven=True)
    declared.exclude(domain__in=proven).filter(is_proven=True).update(is_proven=False)


def _settings() -> SignOn:
    row = SignOn.objects.select_for_update().first()
    if row is None:
        raise _not_set_up()
    return row


def _not_set_up() -> NotFoundError:
    return NotFoundError("single sign-on is not set up yet", fix="Fill in the form and save it first.")


def _tenant() -> Tenant:
    return Tenant.objects.select_for_update().get(id=required_tenant("single sign-on"))
