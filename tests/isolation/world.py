"""Something of everything in Meridian's house, for strangers to try their hands on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
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
from tenants.record.domain.cosignatures import WitnessKey
from tenants.record.models import HeadStamp
from tenants.record.services import record_audit, seal_head
from tenants.record.witnesses import register_witness
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.signon.models import Identity, ScimAccess, ScimGroup, ScimUser, SignOn
from tenants.signon.services import PURPOSE
from tests.analytics.fleets import a_plan_and_an_order, predict_by_hand
from tests.billing.isolation import settled
from tests.conftest import Cast
from tests.tenants.lifecycle.test_images import png
from tests.twins.composer.isolation import versions_of
from tests.twins.gateways.edge_platform.isolation import agent_at
from twins.alarms.following import finish as finish_alarms
from twins.alarms.models import Alarm
from twins.alarms.planning import current_plan
from twins.alarms.rules import Scope as AlarmScope
from twins.alarms.rules import create_rule
from twins.alarms.telling import Level as AlarmLevel
from twins.alarms.telling import ScheduleTerms, save_chain, save_channel, save_schedule
from twins.alarms.transitions import Change, apply_changes
from twins.catalog.drafts import start_draft
from twins.catalog.services import publish_type
from twins.composer.blueprinting import save_blueprint
from twins.composer.images import keep_image
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.dashboards.models import Dashboard, DashboardShare
from twins.evidence.services import record_event
from twins.gateways.connections.services import client_application, create_connection, start_connection
from twins.gateways.imports.services import create_import
from twins.gateways.models import Authority
from twins.gateways.provisioning.keys import make_provisioning_key
from twins.gateways.schemas import KeyTerms as ProvisioningTerms
from twins.gateways.services import create_gateway
from twins.gateways.sparkplug.services import give_edge_node
from twins.history.models import Annotation
from twins.packs.services import install_pack, read_pack
from twins.sharing.models import SharedView
from twins.telemetry.models import Signal, Substitution

PUMP = {"key": "meridian-pump", "version": 1, "name": {"en": "Pump"}, "signals": {"flow": {"unit": "m3/h"}}}
Samples = dict[str, dict[str, str | int | UUID]]
_OF_A_TWIN = ("detail", "draft", "changes", "operations", "publish", "versions", "latest", "quality")


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
    key = WitnessKey("witness.northwind.example", bytes(32))
    witness = register_witness(verifier=str(key), by="owner@meridian.example", now=now).id
    entry = record_audit(action="plan.looked_at", subject="plan/1", by="owner@meridian.example", now=now).id
    details = {"role": role, "site": site, "space": space, "audit": entry}
    head, service = seal_head(now=now).size, "https://stamps.example"
    stamp = HeadStamp.objects.create(size=head, service=service, token=b"stamp", stamped_at=now, received_at=now).id
    return {
        **{name: {"role_id": role} for name in ("role", "role-remove")},
        **{name: {"site_id": site} for name in ("site", "site-twins", "site-remove")},
        "space-remove": {"space_id": space},
        **{name: {"domain_id": domain} for name in ("domain", "domain-check", "domain-edit", "domain-remove")},
        **{f"api:domain-{name}": {"pk": domain} for name in ("detail", "check")},
        "audit-entry": {"entry_id": entry},
        "witness-end": {"witness": witness},
        **{name: {"stamp": stamp} for name in ("stamp-head", "stamp-token")},
        **{f"api:{name}-detail": {"pk": key} for name, key in details.items()},
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


def _connection(gateway: UUID, now: datetime) -> UUID:
    """A connection to a server that nobody runs."""
    settings = {"url": "opc.tcp://plant.example:4840", "points": [{"node": "ns=2;s=Flow", "key": "flow"}]}
    made = create_connection(gateway=gateway, name="Pump house", kind="opcua", settings=settings, now=now)
    client_application(now=now)
    return start_connection(connection=made.id, now=now).id


def _quality(twin: UUID, asset: UUID, now: datetime) -> Samples:
    """A signal and readings of it that were replaced; the arguments of their addresses."""
    slug = Twin.objects.get(id=twin).slug
    signal = Signal.objects.create(twin=twin, asset=asset, key="t24", unit="[degR]")
    row = Substitution.objects.create(
        twin=twin, asset=asset, key="t24", signal=signal.id, at=[now], value=[1.0], quality=[7], former_value=[2.0],
        former_quality=[0], reason="Northwind sensor", by="owner@meridian.example", made_at=now,
    ).id  # fmt: skip
    return {
        **{name: {"twin": slug, "asset": asset, "key": "t24"} for name in ("quality-signal", "quality-replace")},
        "quality-undo": {"substitution": row},
        "api:twin-quality-signal": {"pk": twin, "asset": asset, "key": "t24"},
        **{f"api:substitution-{name}": {"pk": row} for name in ("detail", "undo")},
    }


def _seen(cast: Cast, twin: Twin, view: UUID, now: datetime) -> Samples:
    """A dashboard, what is shown of it to a customer, and a note; the arguments of their addresses."""
    by: dict[str, Any] = {"author": cast.owner.id, "made_by": "owner@meridian.example", "made_at": now}
    row = Dashboard.objects.create(
        twin=twin, name="Northwind wall", document={}, changed_by="owner@meridian.example", changed_at=now, **by
    )
    share = DashboardShare.objects.create(
        twin=twin, dashboard=row, view_id=view, made_by="owner@meridian.example", made_at=now
    )
    note = Annotation.objects.create(twin=twin, start=now, text="Northwind's engine was washed", **by).id
    return {
        **{name: {"dashboard_id": row.id} for name in ("dashboard", "dashboard-share", "dashboard-copy")},
        "dashboard-remove": {"dashboard_id": row.id},
        **{f"api:dashboard-{name}": {"pk": row.id} for name in ("detail", "copy", "share", "revisions")},
        "shared-dashboard": {"share_id": share.id},
        "api:annotation-detail": {"pk": note},
        "history": {"twin": twin.slug},
        **{f"api:shared-view-history{name}": {"pk": view} for name in ("", "-file")},
    }


def _alarms(twin: UUID, now: datetime) -> Samples:
    """An alarm that is active, its rule, and who is told; the arguments of their addresses."""
    by = "owner@meridian.example"
    document = {"signal": "t24", "above": "650", "name": {"en": "Northwind outlet hot"}}
    scope_ = AlarmScope(asset_type="turbofan-engine")
    rule = create_rule(key="northwind_hot", scope=scope_, document=document, by=by, now=now).id
    finish_alarms(apply_changes(current_plan(), [Change(0, 1_700_000_000_000_000, active=True, value=651.0)], now=now))
    alarm = Alarm.objects.get(twin=twin).id
    channel = save_channel(channel=None, name="Northwind room", addresses=["ops@meridian.example"], by=by, now=now)[
        0
    ].id
    terms = ScheduleTerms("Northwind nights", "UTC", now.date(), now.time(), 7, ["ops@meridian.example"])
    schedule = save_schedule(schedule=None, terms=terms, by=by, now=now).id
    chain = save_chain(
        chain=None, name="Northwind chain", priorities=["high"], twin=twin, levels=[AlarmLevel(0, [channel])], by=by,
        now=now,
    ).id  # fmt: skip
    return {
        **{name: {"alarm": alarm} for name in ("alarm", "alarm-comment")},
        **{name: {"rule": rule} for name in ("alarm-rule", "alarm-rule-switch", "alarm-rule-delete")},
        **{name: {"channel": channel} for name in ("alarm-channel", "alarm-channel-try")},
        "alarm-schedule": {"schedule": schedule},
        "alarm-chain": {"chain": chain},
        "alarm-telling-remove": {"kind": "chain", "thing": chain},
        **{f"api:alarm-{name}": {"pk": alarm} for name in ("detail", "history", "comment")},
        **{f"api:alarm-rule-{name}": {"pk": rule} for name in ("detail", "switch")},
        **{f"api:alarm-channel-{name}": {"pk": channel} for name in ("detail", "try-out")},
        "api:on-call-schedule-detail": {"pk": schedule},
        "api:escalation-chain-detail": {"pk": chain},
    }


def furnish(cast: Cast) -> Samples:
    """Make one of each thing that has an address of its own; the arguments of those addresses by their names."""
    now = utc_now()
    with scope(cast.meridian.id):
        job = start_job(kind="health.train", params={}, by="owner@meridian.example", now=now).id
        asked = {
            "signals": [],
            "start": "2026-01-01T00:00:00Z",
            "end": "2026-01-02T00:00:00Z",
            "file": "csv",
            "rows": 1,
        }
        asked["folder"] = str(job)
        file = start_job(kind="history.file", params=asked, by="owner@meridian.example", now=now).id
        made = create_key(name="historian", role=Role.VIEWER, now=now)[0]
        key, account = made.id, made.account_id
        ref = publish_type(document=PUMP, by="owner@meridian.example", now=now).ref
        type_draft = start_draft(
            key="northwind-pump", name="Northwind pump", extends=None, origin=ref, by="owner@meridian.example", now=now
        ).id  # fmt: skip
        twin = _published_twin(now)
        engine = UUID(next(iter(twin.draft["assets"])))
        predict_by_hand(twin.id, {engine: 12.0}, as_of=now)
        prediction = Prediction.objects.get()
        plan, order = a_plan_and_an_order(twin.id, now)
        asset = UUID(next(iter(twin.draft["assets"])))
        event = record_event(asset=asset, kind="failed", at=now, source="shop", reference="F-1", now=now).id
        gateway = create_gateway(name="Northwind hangar", now=now)[0].id
        brought = create_import(gateway=gateway, name="northwind.csv", size=9, by="owner@meridian.example", now=now).id
        edge_node = give_edge_node(gateway=gateway, group=cast.meridian.slug, node="hangar", now=now).id
        provisioning = make_provisioning_key(
            terms=ProvisioningTerms(name="Northwind delivery", allowed=3), by="owner@meridian.example", now=now
        )[0].id  # fmt: skip
        authority = Authority.objects.create(
            name="Northwind devices", fingerprint="0" * 64, subject="CN=Northwind devices", pem="", created_at=now,
            not_after=now + timedelta(days=9), created_by="owner@meridian.example",
        ).id  # fmt: skip
        connection = _connection(gateway, now)
        site = agent_at(gateway, twin.id, now)
        worth = settled(cast.northwind)
        view = SharedView.objects.create(
            customer_id=cast.northwind, twin=twin, name="Northwind engine", signals={str(asset): ["t24"]}, start=now,
            made_by="owner@meridian.example", made_at=now,
        ).id  # fmt: skip
        quality = _quality(twin.id, asset, now)
        seen = _seen(cast, twin, view, now)
        alarms = _alarms(twin.id, now)
        versions = versions_of(twin, now)
        image = keep_image(content=png(), by="owner@meridian.example", now=now).digest
        northwind = {"key": "northwind", "version": 1, "name": {"en": "Northwind pack"}}
        pack = install_pack(document=read_pack(northwind), by="owner@meridian.example", now=now).key
        blueprint = save_blueprint(
            twin=twin.id, version=1, key="northwind-fleet", name="Northwind fleet", description="",
            by="owner@meridian.example", now=now,
        ).key  # fmt: skip
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
        **{f"api:history-file-job-{name}": {"pk": file} for name in ("detail", "content")},
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
        **{
            name: {"ref": ref}
            for name in ("asset-type", "type-revise", "type-deprecate", "type-restore", "type-remove")
        },
        **{name: {"draft": type_draft} for name in ("type-draft", "type-draft-discard")},
        **{
            f"api:asset-type-{name}": {"ref": ref}
            for name in ("detail", "resolved", "use", "upgrade", "deprecate", "restore")
        },
        **{f"api:asset-type-draft-{name}": {"pk": type_draft} for name in ("detail", "effects", "publish")},
        "pack-example": {"key": "water-pumping"},
        **{name: {"key": pack} for name in ("pack", "pack-uninstall", "api:pack-detail")},
        **{name: {"key": blueprint} for name in ("blueprint-remove", "api:blueprint-detail")},
        "api:canvas-image-detail": {"digest": image},
        "gateway": {"gateway": gateway},
        **{name: {"import_id": brought} for name in ("import", "import-rejected", "import-remove")},
        **{
            f"api:import-{name}": {"pk": brought}
            for name in ("detail", "content", "preview", "mapping", "start", "stop", "rejected")
        },
        **{name: {"gateway": gateway} for name in ("gateway-connections", "new-connection")},
        "connection": {"connection": connection},
        **{
            f"connection-{name}": {"connection": connection}
            for name in ("going", "edit", "security", "points", "browse", "pick", "start", "pause", "delete")
        },
        **{f"api:connection-{name}": {"pk": connection} for name in ("detail", "start", "pause")},
        **{
            f"gateway-{name}": {"gateway": gateway}
            for name in ("arriving", "disable", "enable", "claim", "rotate", "refused", "replay")
        },
        **{
            f"api:gateway-{name}": {"pk": gateway}
            for name in ("detail", "disable", "enable", "claim", "recent", "rotate", "set-aside", "set-aside-replay")
        },
        "api:edge-node-list": {"gateway": gateway},
        "api:edge-node-detail": {"gateway": gateway, "pk": edge_node},
        **{name: {"gateway": gateway} for name in ("gateway-edge-nodes", "new-edge-node")},
        **{
            name: {"gateway": gateway, "node": edge_node}
            for name in ("gateway-edge-node", "edge-node-ask", "edge-node-take")
        },
        "provisioning-key-revoke": {"key": provisioning},
        **{f"api:provisioning-key-{name}": {"pk": provisioning} for name in ("detail", "revoke")},
        **{f"authority-{name}": {"authority": authority} for name in ("list-put", "withdraw")},
        **{f"api:authority-{name}": {"pk": authority} for name in ("detail", "withdraw", "revocation-list")},
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
        **versions,
        **seen,
        **alarms,
        **site,
        "canvas": {"twin": twin.slug},
        "fleet": {"twin": twin.slug},
        "evidence": {"twin": twin.slug},
        "quality": {"twin": twin.slug},
        **quality,
        "api:event-detail": {"pk": event},
        "api:twin-evidence": {"pk": twin.id},
        **{f"api:twin-{name}": {"pk": twin.id} for name in _OF_A_TWIN},
        "api:twin-version": {"pk": twin.id, "version": 1},
    }
