"""Reads of single sign-on: two narrow ones before a tenant is known, the rest in its scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from tenants.domains.selectors import proven_mail_domains
from tenants.kernel.secrets import token_digests
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import plan_of
from tenants.people.models import User
from tenants.people.selectors import role_names
from tenants.scope.actors import Role
from tenants.scope.models import Tenant, TenantState
from tenants.signon.domain import RoleRule, mail_domain
from tenants.signon.models import Identity, MailDomain, ScimAccess, ScimDigest, SignOn
from tenants.signon.schemas import Door, Provider


@dataclass(frozen=True, slots=True)
class LinkedPerson:
    """A person whom the provider has vouched for, and under which name."""

    identity: Identity
    email: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose provisioning token a text is; `digest` is what it is kept under, `newest` what it should be."""

    tenant: Tenant
    access: UUID
    digest: str
    newest: str


def organisation(slug: str) -> Tenant | None:
    """The organisation of that name in addresses, unless it is closed; needs no scope."""
    return Tenant.objects.filter(slug=slug).exclude(state=TenantState.CLOSED).first()


def doors(text: str) -> Sequence[Door]:
    """The organisations that a person means by a name, or whose people have such an address of mail; needs no scope.

    Where an organisation has proven a domain of mail, those that have only declared it are not shown to its people:
    nobody can put up a door beside it. Whoever asks learns that an organisation uses single sign-on, which its sign-in
    page tells as well, and nothing of its people.
    """
    text = text.strip()
    declared = MailDomain.objects.all()
    named = Q()
    if domain := mail_domain(text):
        proven = declared.filter(domain=domain, is_proven=True)
        declared = (
            proven if proven.exclude(tenant__state=TenantState.CLOSED).exists() else declared.filter(domain=domain)
        )
    else:
        named = Q(slug=text.lower()) | Q(name__iexact=text)
    found = Tenant.objects.filter(named, id__in=declared.values("tenant"))
    open_ = found.exclude(state=TenantState.CLOSED).order_by("name")[:20]
    return [Door(slug=tenant.slug, name=tenant.name) for tenant in open_]


def sign_on() -> SignOn | None:
    """The settings of the organisation in scope."""
    return SignOn.objects.first()


def provider(tenant: Tenant) -> Provider | None:
    """The provider that the people of the organisation in scope sign in with, if that is switched on."""
    row = SignOn.objects.filter(is_enabled=True).first()
    if row is None:
        return None
    return Provider(
        tenant=tenant.id, slug=tenant.slug, organisation=tenant.name, discovery_url=row.discovery_url,
        client_id=row.client_id, sealed_secret=bytes(row.sealed_secret),
    )  # fmt: skip


def rules(row: SignOn) -> list[RoleRule]:
    """Its rules of roles, in their order."""
    return [RoleRule(claim=each["claim"], value=each["value"], role=each["role"]) for each in row.rules]


def given_roles() -> dict[str, str]:
    """What a provider may make of people, by role: not owners, whom only owners make, nor end customers' people."""
    return {role: name for role, name in role_names().items() if role not in (Role.OWNER, Role.CUSTOMER)}


def domains_told(row: SignOn) -> list[tuple[str, bool]]:
    """The declared domains of mail, and whether the organisation has proven each by DNS."""
    proven = proven_mail_domains()
    return [(domain, domain in proven) for domain in row.domains]


def linked_people() -> Sequence[LinkedPerson]:
    """The people who have come by single sign-on, the latest first; 200 at most."""
    identities = list(Identity.objects.all()[:200])
    emails = dict(User.objects.filter(id__in=[each.user for each in identities]).values_list("id", "email"))
    return [LinkedPerson(each, emails.get(each.user, "–")) for each in identities]


def may_provision(tenant: Tenant) -> bool:
    """Whether the organisation's plan has provisioning by SCIM."""
    return Feature.PROVISIONING in plan_of(tenant.plan).features


def provisioning_tokens() -> Sequence[ScimAccess]:
    """The provisioning tokens of the organisation in scope, the newest first."""
    return list(ScimAccess.objects.all())


def token_holder(text: str) -> Holder | None:
    """The organisation and the provisioning token that a text is for, in force or not; needs no scope."""
    digests = token_digests(text, keys=settings.SEALING_KEYS)
    found = ScimDigest.objects.filter(digest__in=digests).select_related("tenant").first()
    return None if found is None else Holder(found.tenant, found.access, found.digest, digests[0])


def token_in_force(access: UUID, *, now: datetime) -> ScimAccess | None:
    """The provisioning token, unless its time is over; in the scope of its organisation."""
    return ScimAccess.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), id=access).first()


def base_url() -> str:
    """The address of SCIM that a provider is told."""
    return f"{settings.BASE_URL}/scim/v2"


def rules_with_role(role: UUID) -> list[str]:
    """What of single sign-on gives a role of the organisation's own, as people call it."""
    found = SignOn.objects.first()
    given = [] if found is None else [found.default_role, *(rule.role for rule in rules(found))]
    return ["the rules of single sign-on"] if str(role) in given else []
