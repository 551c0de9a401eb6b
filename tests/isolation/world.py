"""Something of everything in Meridian's house, for strangers to try their hands on."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from analytics.health.models import Prediction
from tenants.custody.certificates import issue_certificate
from tenants.custody.exporting import ask_export
from tenants.custody.grace import look_at_plan
from tenants.custody.services import put_in_trash
from tenants.domains.services import add_domain
from tenants.jobs.services import start_job
from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.kernel.sealing import seal
from tenants.keys.services import create_key
from tenants.lifecycle.agreeing import accept_agreement
from tenants.lifecycle.models import Level, Notice, NoticeKind, SupportAccess
from tenants.lifecycle.selectors import terms
from tenants.people.models import CustomRole, Invitation, Membership, Site, Space, SpaceKind
from tenants.record.services import record_audit
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.signon.models import Identity, ScimAccess, ScimGroup, ScimUser, SignOn
from tenants.signon.services import PURPOSE
from tests.analytics.fleets import a_plan_and_an_order, predict_by_hand
from tests.billing.isolation import settled
from tests.conftest import Cast
from twins.catalog.services import publish_type
from twins.composer.models import Twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet, publish_twin
from twins.evidence.services import record_event
from twins.gateways.services import create_gateway
from twins.sharing.models import SharedView

PUMP = {"key": "meridian-pump", "version": 1, "name": {"en": "Pump"}, "signals": {"flow": {"unit": "m3/h"}}}
Samples = dict[str, dict[str, str | int | UUID]]


def _published_twin(now: datetime) -> Twin:
    parameters = FleetParameters(name="Northwind fleet", count=1)
    draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="owner@meridian.example", now=now)
    publish_twin(twin=draft.twin, revision=draft.revision, note="", by="owner@meridian.example", now=now)
    return Twin.objects.get()


def _custody(now: datetime) -> Samples:
    """An archive that is asked for, a certificate, and a gateway in the trash; the arguments of their addresses."""
    look_at_plan(now=now)  # as the first day's work does
    by = "owner@meridian.example"
    thrown = create_gateway(name="Northwind shed", now=now)[0].id
    item = put_in_trash(kind="gateway", thing=thrown, by=by, now=now).id
    export = ask_export(by=by, now=now).id
    certificate = issue_certificate(
        subject="person/1", name="former member 1", asked_by=by, asked_at=now, erased={}, kept={}, now=now
    ).id
    return {
        **{name: {"export": export} for name in ("export-archive", "export-remove")},
        **{f"api:export-{name}": {"pk": export} for name in ("detail", "archive")},
        "certificate": {"certificate": certificate},
        "trash-put": {"kind": "gateway", "thing": thrown},
        "trash-restore": {"item": item},
        **{f"api:trash-{name}": {"pk": item} for name in ("detail", "restore")},
    }


def _administration(now: datetime) -> Samples:
    """A role, a site and an entry of the audit; the arguments of their addresses."""
    role = CustomRole.objects.create(name="Night shift", permissions=["twins.read"], created_at=now).id
    domain = add_domain(
        name="portal.meridian.example", is_web=True, is_mail=False, by="owner@meridian.example", now=now
    ).id  # fmt: skip
    space = Space.objects.create(name="Works", kind=SpaceKind.TEST, created_at=now).id
    site = Site.objects.create(space_id=space, name="Hamburg", created_at=now).id
    entry = record_audit(action="plan.looked_at", subject="plan/1", by="owner@meridian.example", now=now).id
    return {
        **{name: {"role_id": role} for name in ("role", "role-remove")},
        **{name: {"site_id": site} for name in ("site", "site-twins", "site-remove")},
        "space-remove": {"space_id": space},
        **{name: {"domain_id": domain} for name in ("domain", "domain-check", "domain-edit", "domain-remove")},
        **{f"api:domain-{name}": {"pk": domain} for name in ("detail", "check")},
        "audit-entry": {"entry_id": entry},
        "api:role-detail": {"pk": role},
        "api:site-detail": {"pk": site},
        "api:space-detail": {"pk": space},
        "api:audit-detail": {"pk": entry},
    }


def _sign_on(cast: Cast, now: datetime) -> Samples:
    """Somebody who signs on elsewhere, and one who was provisioned; the arguments of their addresses."""
    identity = Identity.objects.create(
        issuer="https://login.meridian.example", subject="17", user=cast.owner.id, created_at=now, last_sign_in_at=now
    ).id
    SignOn.objects.create(
        discovery_url="https://login.meridian.example", client_id="outturn", created_at=now, changed_at=now,
        sealed_secret=seal("between-us-42", keys=settings.SEALING_KEYS, purpose=PURPOSE), default_role=Role.VIEWER,
    )  # fmt: skip
    token = ScimAccess.objects.create(prefix="ot_scim_meridian", created_at=now).id
    person = ScimUser.objects.create(
        user=cast.owner.id, user_name="owner@meridian.example", is_active=True, created_at=now, changed_at=now
    ).id
    group = ScimGroup.objects.create(name="Hangar", created_at=now, changed_at=now).id
    return {
        "single-sign-on-cut": {"identity": identity},
        "single-sign-on-token-withdraw": {"token": token},
        "scim-user": {"user": person},
        "scim-group": {"group": group},
        "scim-type": {"name": "User"},
        "scim-schema": {"name": "urn:ietf:params:scim:schemas:core:2.0:User"},
    }


def _support(cast: Cast, now: datetime) -> Samples:
    """Somebody of ours who asks to be let in, a notice, an agreement; the arguments of their addresses."""
    access = SupportAccess.objects.create(
        tenant_id=cast.meridian.id, level=Level.READ, hours=2, reason="Readings stopped",
        asked_by="operator@ours.example", asked_at=now,
    ).id  # fmt: skip
    Notice.objects.create(
        tenant_id=cast.meridian.id, kind=NoticeKind.INCIDENT, title="Readings are late", text="We look into it.",
        start=now, made_by="operator@ours.example", made_at=now,
    )  # fmt: skip
    agreement = accept_agreement(read=digest(terms().document()), by="owner@meridian.example", now=now).id
    return {
        "agreement-accepted": {"agreement": agreement},
        **{f"support-{name}": {"access": access} for name in ("approve", "revoke")},
    }


def furnish(cast: Cast) -> Samples:
    """Make one of each thing that has an address of its own; the arguments of those addresses by their names."""
    now = utc_now()
    with scope(cast.meridian.id):
        job = start_job(kind="health.train", params={}, by="owner@meridian.example", now=now).id
        made = create_key(name="historian", role=Role.VIEWER, now=now)[0]
        key, account = made.id, made.account_id
        ref = publish_type(document=PUMP, by="owner@meridian.example", now=now).ref
        twin = _published_twin(now)
        engine = UUID(next(iter(twin.draft["assets"])))
        predict_by_hand(twin.id, {engine: 12.0}, as_of=now)
        prediction = Prediction.objects.get()
        plan, order = a_plan_and_an_order(twin.id, now)
        asset = UUID(next(iter(twin.draft["assets"])))
        event = record_event(asset=asset, kind="failed", at=now, source="shop", reference="F-1", now=now).id
        gateway = create_gateway(name="Northwind hangar", now=now)[0].id
        worth = settled(cast.northwind)
        view = SharedView.objects.create(
            customer_id=cast.northwind, twin=twin, name="Northwind engine", signals={str(asset): ["t24"]}, start=now,
            made_by="owner@meridian.example", made_at=now,
        ).id  # fmt: skip
        held = _custody(now) | _administration(now) | _sign_on(cast, now) | _support(cast, now)
        member = (
            Membership.objects.filter(tenant_id=cast.meridian.id, user=cast.owner).values_list("id", flat=True).get()
        )
        invitation = Invitation.objects.create(
            email="invited@meridian.example", role=Role.VIEWER, invited_by="owner@meridian.example", created_at=now,
            sent_at=now, expires_at=now + timedelta(days=7),
        ).id  # fmt: skip
    return {
        **{name: {"membership": member} for name in ("member", "member-role", "member-places", "member-remove")},
        **{f"invitation-{name}": {"invitation": invitation} for name in ("again", "revoke")},
        "api:member-detail": {"pk": member},
        "api:invitation-detail": {"pk": invitation},
        "job": {"job_id": job},
        "job-cancel": {"job_id": job},
        "api:job-detail": {"pk": job},
        "api:job-cancel": {"pk": job},
        **{f"api-key-{name}": {"key": key} for name in ("rotate", "revoke")},
        **{name: {"account": account} for name in ("service-account", "new-api-key")},
        **{f"service-account-{name}": {"account": account} for name in ("edit", "disable", "enable")},
        **{f"api:key-{name}": {"pk": key} for name in ("detail", "rotate")},
        **{f"api:service-account-{name}": {"pk": account} for name in ("detail", "disable", "enable")},
        **{name: {"customer": cast.northwind} for name in ("customer", "share")},
        **{f"customer-{name}": {"customer": cast.northwind} for name in ("edit", "invite", "remove")},
        "api:customer-detail": {"pk": cast.northwind},
        **{name: {"view": view} for name in ("shared-view", "shared-values", "shared-view-revoke")},
        "shared-signal": {"view": view, "asset": asset, "key": "t24"},
        **{f"api:shared-view-{name}": {"pk": view} for name in ("detail", "latest", "readings")},
        "asset-type": {"ref": ref},
        "api:asset-type-detail": {"ref": ref},
        "gateway": {"gateway": gateway},
        **{f"gateway-{name}": {"gateway": gateway} for name in ("arriving", "disable", "rotate")},
        **{f"api:gateway-{name}": {"pk": gateway} for name in ("detail", "disable", "recent", "rotate", "set-aside")},
        "model": {"model_id": prediction.model_id},
        "asset-health": {"asset_id": engine},
        **{name: {"plan_id": plan} for name in ("plan", "plan-approve", "plan-reject")},
        "order-cancel": {"order_id": order},
        "api:model-detail": {"pk": prediction.model_id},
        "api:prediction-detail": {"pk": prediction.id},
        **{f"api:plan-{name}": {"pk": plan} for name in ("detail", "approve", "reject")},
        **{f"api:work-order-{name}": {"pk": order} for name in ("detail", "cancel")},
        **worth,
        **held,
        "canvas": {"twin": twin.slug},
        "fleet": {"twin": twin.slug},
        "evidence": {"twin": twin.slug},
        "api:event-detail": {"pk": event},
        "api:twin-evidence": {"pk": twin.id},
        **{
            f"api:twin-{name}": {"pk": twin.id}
            for name in ("detail", "draft", "operations", "publish", "versions", "latest")
        },
        "api:twin-version": {"pk": twin.id, "version": 1},
    }
