"""Meridian Engines as it is after a year: people, customers, keys and all else that administration is about."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.custody.certificates import issue_certificate
from tenants.custody.exporting import ask_export
from tenants.custody.models import Export
from tenants.custody.services import put_in_trash
from tenants.customers.schemas import CustomerDetails
from tenants.customers.services import create_customer
from tenants.domains.domain import Pointing, Result, Seen
from tenants.domains.services import add_domain, note_look
from tenants.jobs.services import start_job
from tenants.keys.accounts import open_account
from tenants.keys.models import ApiKey
from tenants.keys.schemas import AccountTerms, KeyTerms
from tenants.keys.services import issue_key, revoke_key, rotate_key
from tenants.lifecycle.branding import Brand, set_brand
from tenants.lifecycle.images import read_picture
from tenants.lifecycle.models import Level, Notice, NoticeKind, NoticeState, Severity
from tenants.lifecycle.support import ask_access, grant_access
from tenants.limits.domain.plans import Meter
from tenants.limits.services import raise_limit, set_share
from tenants.limits.usage import add_usage, set_usage
from tenants.limits.watching import renew_warnings
from tenants.people.invitations import invite
from tenants.people.members import hold_to_places
from tenants.people.models import Membership, Site, Space, SpaceKind, User
from tenants.people.roles import create_role
from tenants.people.schemas import Place
from tenants.people.services import add_member, create_organisation, create_person
from tenants.people.sites import place_twin, save_site
from tenants.record.domain.cosignatures import WitnessKey, cosign
from tenants.record.monitoring import keep_check
from tenants.record.rotation import rotate_key as rotate_log_key
from tenants.record.services import record_audit, seal_head
from tenants.record.verification import Findings
from tenants.record.witnesses import add_cosignatures, register_witness
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.domain import RoleRule
from tenants.signon.models import Identity, SignOn
from tenants.signon.schemas import Settings
from tenants.signon.services import change_sign_on, make_provisioning_token
from tests.billing.world import Fleet, a_fleet
from twins.gateways.services import create_gateway
from twins.sharing.schemas import ViewTerms
from twins.sharing.services import share_view

PASSWORD = "uncommon-gearbox-42"
OWNER, READER, NEWCOMER = "ada.byron@meridian.example", "reader@northwind.example", "owner@empty.example"
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "owner": ("Ada Byron", "Grace Hopper"),
    "administrator": ("Karen Sparck Jones", "Radia Perlman"),
    "engineer": ("Lynn Conway", "Mary Jackson", "Katherine Johnson", "Annie Easley", "Hedy Lamarr", "Lise Meitner"),
    "planner": ("Joan Clarke", "Dorothy Vaughan", "Ida Rhodes"),
    "finance": ("Mina Rees", "Gertrude Blanch"),
    "viewer": (
        "Betty Holberton", "Jean Bartik", "Kay McNulty", "Marlyn Meltzer", "Ruth Teitelbaum", "Frances Spence",
        "Adele Goldberg", "Barbara Liskov", "Frances Allen", "Sophie Wilson", "Evelyn Boyd Granville",
    ),
}  # fmt: skip
CUSTOMERS = ("Northwind Air", "Southwind Cargo", "Alpine Rescue", "Harbour Helicopters", "Polar Survey",
             "Östersund Regional Airlines and Charter Company")  # fmt: skip
ACCOUNTS = ("Plant historian", "Maintenance planner", "Northwind's own portal", "Nightly report", "Data lake",
            "Old shop-floor export", "Weather service", "Commissioning laptop")  # fmt: skip


@dataclass(frozen=True)
class Portal:
    """What there is to look at: the people who look, and what has an address of its own, by the names of addresses."""

    owner: User
    reader: User
    newcomer: User
    things: Mapping[str, Mapping[str, UUID | str]]


def furnished(now: datetime) -> Portal:
    """Meridian Engines with everything in it, and an empty organisation beside it."""
    tenant = create_organisation(name="Meridian Engines", owner=None, now=now, time_zone="Europe/Berlin")
    Tenant.objects.filter(id=tenant.id).update(plan="business", region="eu-central")
    owner = _person(OWNER, "Ada Byron")
    by = Actor(tenant.id, tenant.slug, Role.OWNER, PERMISSIONS[Role.OWNER], OWNER, user=owner.id, address="127.0.0.1")
    _people(tenant, owner, now)
    with scope(tenant.id):
        fleet = a_fleet(f"{now - timedelta(days=9):%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}", count=2)
        things = _sites(fleet, by, now) | _access(by, now) | _custody(by, now) | _life(by, now)
        things |= _keys(by, now) | _sign_on(by, owner, now) | _domains(by, now)
        northwind, view = _customers(fleet, by, now)
        things |= {"customer": {"customer": northwind}, "shared-view": {"view": view}}
        _limits(northwind, now)
        _audit(by, now)
        things |= {"witness": _log(by, now)}
    reader = _person(READER, "Amelia Earhart")
    add_member(tenant=tenant.id, user=reader.id, role=Role.CUSTOMER, customer=northwind, now=now)
    newcomer = _person(NEWCOMER, "Newcomer")
    create_organisation(name="Empty Works", owner=newcomer.id, now=now)
    return Portal(
        owner, reader, newcomer, things | {"customer": {"customer": northwind}, "shared-view": {"view": view}}
    )


def _person(email: str, name: str) -> User:
    user = create_person(email=email, name=name, password=PASSWORD)
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def _domains(by: Actor, now: datetime) -> dict[str, dict[str, UUID | str]]:
    """A domain that is proven, one that waits for its record, one whose record is gone."""
    wrong = Seen(Result.WRONG, ("outturn-domain-verification=another",), Pointing.ELSEWHERE, "198.51.100.7")
    for name, is_mail, looks in (
        ("portal.meridian.example", False, [Seen(Result.RIGHT, (), Pointing.HERE, "192.0.2.10")]),
        ("meridian.example", True, [Seen(Result.RIGHT), Seen(Result.MISSING)]),
        ("münchen.meridian.example", False, [wrong]),
    ):
        row = add_domain(name=name, is_web=not is_mail, is_mail=is_mail, by=by.name, now=now - timedelta(days=9))
        for day, seen in enumerate(looks):
            note_look(domain_id=row.id, seen=seen, by=by.name, now=now - timedelta(days=3 - day))
    return {"domain": {"domain_id": row.id}}


def _people(tenant: Tenant, owner: User, now: datetime) -> None:
    add_member(tenant=tenant.id, user=owner.id, role=Role.OWNER, now=now - timedelta(days=300))
    for role, names in PEOPLE.items():
        for number, name in enumerate(names):
            email = f"{name.lower().replace(' ', '.')}@meridian.example"
            if email != OWNER:
                user = User.objects.create_user(email, name=name)
                add_member(tenant=tenant.id, user=user.id, role=role, now=now - timedelta(days=7 * number))


def _sites(fleet: Fleet, by: Actor, now: datetime) -> dict[str, dict[str, UUID | str]]:
    for name, kind, zone in (
        ("Hamburg hangar", SpaceKind.PRODUCTION, "Europe/Berlin"),
        ("Singapore line maintenance", SpaceKind.PRODUCTION, "Asia/Singapore"),
        ("Test cell 4", SpaceKind.TEST, "Europe/Berlin"),
    ):
        space = Space.objects.filter(kind=kind).first() or Space.objects.create(name=kind, kind=kind, created_at=now)
        save_site(
            site=None, space=space.id, name=name, address="Weg beim Jäger 193", time_zone=zone, by=by.name, now=now
        )
    hangar = Site.objects.get(name="Hamburg hangar").id
    place_twin(twin=fleet.twin, site=hangar, by=by.name, now=now)
    member = Membership.objects.get(tenant_id=by.tenant, user__name="Barbara Liskov").id
    hold_to_places(membership=member, places=[Place(site=hangar)], by=by, now=now)
    return {"site": {"site_id": hangar}, "space": {"space_id": space.id}, "held": {"membership": member}}


def _access(by: Actor, now: datetime) -> dict[str, dict[str, UUID | str]]:
    role = create_role(
        name="Night shift", description="Watches the fleet and plans work at night",
        permissions={Permission.ORGANISATION_READ, Permission.TWINS_READ, Permission.HEALTH_READ}, by=by, now=now,
    ).id  # fmt: skip
    create_role(
        name="Auditor",
        description="",
        permissions={Permission.ORGANISATION_READ, Permission.AUDIT_READ},
        by=by,
        now=now,
    )
    for number, email in enumerate(("rosalind@meridian.example", "emmy@meridian.example", "chien@partner.example")):
        invite(email=email, role=("engineer", str(role), "viewer")[number], by=by, now=now - timedelta(days=3 * number))
    member = Membership.objects.get(tenant_id=by.tenant, user__name="Lynn Conway").id
    return {"role": {"role_id": role}, "member": {"membership": member}}


def _customers(fleet: Fleet, by: Actor, now: datetime) -> tuple[UUID, UUID]:
    made = []
    for number, name in enumerate(CUSTOMERS):
        address, mail = "1 Runway Road\nPortland OR 97218\nUnited States", f"office-{number}@northwind.example"
        details = CustomerDetails(f"C-{1040 + number}", address, "Amelia Earhart", mail)
        made.append(create_customer(name=name, now=now, details=details, by=by).id)
        user = User.objects.create_user(f"first-{number}@customer.example", name=f"Reader of {name}"[:60])
        add_member(tenant=by.tenant, user=user.id, role=Role.CUSTOMER, customer=made[-1], now=now)
    signals = {engine: frozenset({"t24", "t30"}) for engine in fleet.engines}
    view = share_view(
        customer=made[0], twin_id=fleet.twin, terms=ViewTerms("Leased engines", signals, now - timedelta(days=30)),
        by=by, now=now,
    ).id  # fmt: skip
    thrown = create_customer(name="Trial customer of last spring", now=now, by=by).id
    put_in_trash(kind="customer", thing=thrown, by=by.name, now=now - timedelta(days=20))
    return made[0], view


def _keys(by: Actor, now: datetime) -> dict[str, dict[str, UUID | str]]:
    made: list[ApiKey] = []
    accounts = []
    for number, name in enumerate(ACCOUNTS):
        terms = AccountTerms(
            name=name, purpose=f"{name}, kept by the plant's IT", role=("engineer", "viewer")[number % 2]
        )
        account = open_account(terms=terms, by=by, now=now - timedelta(days=40)).id
        made_at, ends = now - timedelta(days=30), now + timedelta(days=(335, 12, 200, 90, 300, 150, 400, 20)[number])
        networks = ("10.20.0.0/16", "2001:db8:20::/48") if number == 2 else ()
        key, _ = issue_key(
            account=account, terms=KeyTerms(f"{name}, first", expires_at=ends, networks=networks), by=by, now=made_at
        )
        accounts.append(account)
        made.append(key)
    rotate_key(key=made[2].id, overlap=timedelta(days=3), by=by, now=now)
    revoke_key(key=made[5].id, now=now, by=by)
    ApiKey.objects.filter(id=made[7].id).update(expires_at=now - timedelta(days=2))
    ApiKey.objects.filter(id=made[0].id).update(last_used_at=now - timedelta(minutes=4), last_used_from="203.0.113.7")
    return {"service-account": {"account": accounts[2]}, "key": {"key": made[0].id}}


def _sign_on(by: Actor, owner: User, now: datetime) -> dict[str, dict[str, UUID | str]]:
    Tenant.objects.filter(id=by.tenant).update(plan="enterprise")
    rules = (RoleRule("groups", "plant-engineers", "engineer"), RoleRule("groups", "plant", "viewer"))
    change_sign_on(
        wanted=Settings(
            discovery_url="https://login.meridian.example", client_id="outturn", client_secret="a secret of the client",
            domains=("meridian.example",), rules=rules, default_role="", creates_members=True, is_enabled=True,
        ), by=by.name, now=now,
    )  # fmt: skip
    SignOn.objects.update(checked_at=now, last_sign_in_at=now - timedelta(hours=2))
    identity = Identity.objects.create(
        issuer="https://login.meridian.example", subject="00u1abcd2EFGH3ijk4l5", user=owner.id,
        created_at=now - timedelta(days=60), last_sign_in_at=now - timedelta(hours=2),
    ).id  # fmt: skip
    token = make_provisioning_token(by=by.name, now=now)[0].id
    Tenant.objects.filter(id=by.tenant).update(plan="business")
    return {"identity": {"identity": identity}, "token": {"token": token}}


def _limits(customer: UUID, now: datetime) -> None:
    for days in range(25):
        moment = now - timedelta(days=days)
        add_usage(meter=Meter.READINGS_PER_DAY, amount=610_000_000 + 9_000_000 * (days % 7), now=moment)
        add_usage(meter=Meter.REQUESTS_PER_DAY, amount=1_100_000 - 40_000 * (days % 5), now=moment)
        add_usage(meter=Meter.JOB_MINUTES, amount=58_000, now=moment)
    add_usage(meter=Meter.READINGS_PER_DAY, amount=200_000_000, now=now, part=customer)
    set_usage(meter=Meter.STORAGE, day=now.date(), amounts={UUID(int=0): 1_640 * 10**9}, measured=True)
    raise_limit(meter=Meter.SEATS, value=42, until=None, reason="Agreed", by="Outturn", now=now)
    raise_limit(
        meter=Meter.GATEWAYS,
        value=3,
        until=now + timedelta(days=30),
        reason="Until the new hangar",
        by="Outturn",
        now=now,
    )
    for number in range(3):
        create_gateway(name=f"Hangar {number + 1}", now=now)
    for meter, value in ((Meter.READINGS_PER_DAY, 220_000_000), (Meter.SEATS, 5), (Meter.GATEWAYS, 2)):
        set_share(customer=customer, meter=meter, value=value, by=OWNER, now=now)
    renew_warnings(now=now)


def _custody(by: Actor, now: datetime) -> dict[str, dict[str, UUID | str]]:
    ready = ask_export(by=by.name, now=now - timedelta(days=1)).id
    Export.objects.filter(id=ready).update(
        job=None, ready_at=now - timedelta(hours=20), expires_at=now + timedelta(days=6), size=48_331_776,
        rows=1_204_881, sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )  # fmt: skip
    ask_export(by=by.name, now=now, subject="lynn.conway@meridian.example")
    certificate = issue_certificate(
        subject="person/1", name="former member 1", asked_by=by.name, asked_at=now - timedelta(days=3),
        erased={"tenants_membership": 1}, kept={}, now=now,
    ).id  # fmt: skip
    thrown = create_gateway(name="Shed at the old apron", now=now)[0].id
    item = put_in_trash(kind="gateway", thing=thrown, by=by.name, now=now - timedelta(days=2)).id
    start_job(kind="health.train", params={}, by=by.name, now=now)
    return {"certificate": {"certificate": certificate}, "item": {"item": item}}


def _life(by: Actor, now: datetime) -> dict[str, dict[str, UUID | str]]:
    for kind, state, severity, title, start, end in (
        (NoticeKind.INCIDENT, NoticeState.ONGOING, Severity.HIGH, "Readings arrive late", -1, None),
        (NoticeKind.MAINTENANCE, NoticeState.PLANNED, Severity.LOW, "Database upgrade", 48, 50),
        (NoticeKind.INCIDENT, NoticeState.RESOLVED, Severity.MEDIUM, "Reports could not be downloaded", -200, -198),
    ):
        Notice.objects.create(
            kind=kind, state=state, severity=severity, title=title, tenant_id=by.tenant, made_at=now,
            text="We have found the cause and are bringing it back.\n\nNothing is lost: gateways keep what they read.",
            start=now + timedelta(hours=start), end=now + timedelta(hours=end) if end else None,
            made_by="operator@ours.example",
        )  # fmt: skip
    operator = User.objects.create_user("operator@ours.example", name="Olive Operator")
    asked = ask_access(
        operator=operator.id, name="Olive Operator", level=Level.READ, hours=2, now=now,
        reason="Readings of gateway Hangar 2 stopped; ticket 4711",
    ).id  # fmt: skip
    grant_access(level=Level.FULL, hours=4, reason="Import of the old flight log", by=by.name, now=now)
    set_brand(
        brand=Brand("Meridian Care", "#7a3cff", "Meridian Engines", "service@meridian.example"),
        picture=read_picture(_logo()), remove_logo=False, by=by.name, now=now,
    )  # fmt: skip
    return {"access": {"access": asked}}


def _logo() -> bytes:
    """A PNG of 96 × 32 pixels in one colour."""
    head = struct.pack(">IIBBBBB", 96, 32, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x7a\x3c\xff" * 96) * 32)
    pieces = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in pieces
    )


def _audit(by: Actor, now: datetime) -> None:
    for number in range(150):
        record_audit(
            action=("twin.published", "contract.changed", "key.used", "sign_in.succeeded")[number % 4],
            subject=f"twin/{by.tenant}", by=(by.name, "lynn.conway@meridian.example")[number % 2],
            now=now - timedelta(minutes=17 * number), details={"note": "Third stage added", "version": number},
        )  # fmt: skip


def _log(by: Actor, now: datetime) -> dict[str, UUID | str]:
    """A log that has had two keys and has a witness, checked twice; the second check found something."""
    record_audit(action="key.used", subject="key/1", by=by.name, now=now)
    seal_head(now=now)
    rotate_log_key(by=by.name, now=now)
    signing = Ed25519PrivateKey.generate()
    witness = WitnessKey("witness.northwind.example", signing.public_key().public_bytes_raw())
    row = register_witness(verifier=str(witness), by=by.name, now=now)
    head = seal_head(now=now)
    text = head.note.rpartition("\n\n")[0] + "\n"
    add_cosignatures(size=head.size, signatures=cosign(text, witness.name, signing, int(now.timestamp())), now=now)
    for hours, faults in (
        (6, []),
        (0, ["Entry 12 of the log was changed.", "The head of 40 entries does not fit them."]),
    ):
        began = now - timedelta(hours=hours)
        keep_check(Findings(size=153, heads=3, audit_entries=150, faults=faults), by="Outturn", began=began, now=began)
    return {"witness": row.id}
