"""Reads over the life of organisations: who runs the installation, what support may do, and which notices matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from tenants.edge.printing import ACCENT, Letterhead
from tenants.kernel.networks import is_within
from tenants.lifecycle.models import (
    Agreement,
    Level,
    Logo,
    Notice,
    NoticeReader,
    NoticeState,
    Operator,
    SupportAccess,
)  # fmt: skip
from tenants.lifecycle.schemas import Terms
from tenants.lifecycle.terms import fill
from tenants.people.admission import used_second_factor
from tenants.people.schemas import Organisation
from tenants.people.selectors import members
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant
from tenants.signon.sessions import Session, is_confined

SUPPORT = "support"
"""The role of operators in an organisation that let them in."""
SOON = timedelta(days=3)
"""So long before it starts a planned notice is shown on every page, and so long after its end a resolved one."""
_FULL = frozenset(
    each
    for each in PERMISSIONS[Role.ADMINISTRATOR]
    if each.area != "organisation" and each.deed not in ("approve", "bill") and each is not Permission.AUDIT_READ
) | {Permission.ORGANISATION_READ, Permission.ORGANISATION_OPERATE}
ALLOWED = {Level.READ.value: PERMISSIONS[Role.VIEWER], Level.FULL.value: _FULL}
"""What support may do by level: never approve, bill, change who may enter, or read the audit."""


def is_operator(user: Any, *, session: Session, address: str) -> bool:
    """Whether a signed-in person is an operator who comes from where operators may, with their second factor.

    A session that rests on an organisation's identity provider is no operator's: the organisation decides what it says.
    """
    if not user.is_authenticated or not user.is_active or is_confined(session):
        return False
    networks = settings.OUTTURN_OPERATOR_NETWORKS
    if networks and not is_within(address, networks):
        return False
    is_one = Operator.objects.filter(user_id=user.pk).exists() and is_mfa_enabled(user)
    return is_one and used_second_factor(session, user.pk)


def support_accesses() -> QuerySet[SupportAccess]:
    """The accesses of support to the organisation in scope, newest first."""
    return SupportAccess.objects.filter(tenant_id=required_tenant("support")).select_related("operator")


def access_in_force(*, user: UUID, slug: str, now: datetime) -> SupportAccess | None:
    """The access by which an operator may be in an organisation now: their own, or one that anyone may take."""
    rows = SupportAccess.objects.filter(tenant__slug=slug, ended_at=None, granted_at__lte=now, expires_at__gt=now)
    mine = rows.filter(Q(operator_id=user) | Q(operator=None)).select_related("tenant")
    return mine.order_by("-level", "-expires_at").first()


def organisation_of(access: SupportAccess) -> Organisation:
    """The organisation as support enters it."""
    tenant = access.tenant
    return Organisation(
        tenant=tenant.id, slug=tenant.slug, name=tenant.name, membership=access.id, role=SUPPORT, customer=None,
        is_held=False, state=tenant.state, plan=tenant.plan, policy=tenant.policy, brand=tenant.brand,
        state_until=tenant.state_until,
    )  # fmt: skip


def actor_of_support(access: SupportAccess, *, user: UUID, name: str, address: str) -> Actor:
    """An operator acting in an organisation that let them in."""
    return Actor(
        tenant=access.tenant_id, slug=access.tenant.slug, role=SUPPORT, permissions=ALLOWED[access.level],
        name=support_name(name), user=user, address=address,
    )  # fmt: skip


def support_name(address: str) -> str:
    """How an operator stands in the records of an organisation."""
    return f"{address} (Outturn support)"


def notices_now(*, now: datetime) -> list[Notice]:
    """The notices that every page of the organisation in scope shows, the gravest first; one query."""
    planned = Q(state=NoticeState.PLANNED, start__lte=now + SOON)
    resolved = Q(state=NoticeState.RESOLVED, end__gt=now - SOON / 3, end__lte=now)
    found = notices().filter(planned | resolved | Q(state=NoticeState.ONGOING))
    grave = {"high": 0, "medium": 1, "low": 2}
    return sorted(found[:20], key=lambda each: (each.state != NoticeState.ONGOING, grave[each.severity]))


def notices() -> QuerySet[Notice]:
    """The notices that concern the organisation in scope, newest first."""
    tenant = required_tenant("notices")
    region = Tenant.objects.filter(id=tenant).values(lies=_region("region"))
    return Notice.objects.filter(Q(region="") | Q(region__in=region), Q(tenant=None) | Q(tenant_id=tenant))


def is_reader(user: UUID) -> bool:
    """Whether a member of the organisation in scope gets notices by mail."""
    return NoticeReader.objects.filter(tenant_id=required_tenant("notices"), user_id=user).exists()


def readers_of(notice: Notice) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Whom a notice is mailed to, each once: members who still belong to an organisation it is for.

    Beside the address stands the brand of their organisation; none for somebody who reads it for several.
    """
    readers = NoticeReader.objects.filter(user__is_active=True).annotate(lies=_region("tenant__region"))
    if notice.tenant_id:
        readers = readers.filter(tenant_id=notice.tenant_id)
    if notice.region:
        readers = readers.filter(lies=notice.region)
    found: dict[str, Mapping[str, Any]] = {}
    for tenant, user, email, brand in readers.values_list("tenant_id", "user_id", "user__email", "tenant__brand"):
        if members(tenant).filter(user_id=user).exists():
            found[email] = {} if email in found else brand
    return sorted(found.items(), key=itemgetter(0))


def _region(column: str) -> Coalesce:
    """Where an organisation lies: the installation's region unless its own row names one."""
    return Coalesce(NullIf(column, Value("")), Value(settings.OUTTURN_REGION))


def terms() -> Terms:
    """The data-processing agreement as it is now for the organisation in scope."""
    tenant = Tenant.objects.get(id=required_tenant("an agreement"))
    return fill(
        organisation=tenant.name, provider=settings.OUTTURN_PROVIDER, region=tenant.region or settings.OUTTURN_REGION,
        sub_processors=tuple(settings.OUTTURN_SUB_PROCESSORS),
    )  # fmt: skip


def agreements() -> QuerySet[Agreement]:
    """What the organisation in scope accepted, newest first."""
    return Agreement.objects.all()


def logo() -> Logo | None:
    """The logo of the organisation in scope."""
    return Logo.objects.first()


def letterhead() -> Letterhead:
    """How a document looks that the organisation in scope sends: its product name, its accent and its logo."""
    tenant = Tenant.objects.get(id=required_tenant("a letterhead"))
    found = logo() if tenant.brand.get("logo") else None
    return Letterhead(
        name=tenant.brand.get("product_name") or tenant.name,
        accent=tenant.brand.get("accent_light") or ACCENT,
        logo=b"" if found is None else bytes(found.content),
    )
