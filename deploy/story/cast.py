"""Who the story is about: Meridian, its people and its customer, and two other organisations beside them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from deploy.story.calendar import CUSTOMER
from deploy.story.frame import Story, Tell
from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.lifecycle.domain import Mover, State
from tenants.lifecycle.services import move_tenant
from tenants.limits.services import change_plan
from tenants.people.services import add_member, create_organisation, create_person
from tenants.scope.actors import Role
from tenants.scope.context import scope
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet

OTHERS = ("Harbour Pumps", "Quarry Works")
PEOPLE = {"owner": Role.OWNER, "engineer": Role.ENGINEER, "viewer": Role.VIEWER, "customer": Role.CUSTOMER}


def set_the_scene(story: Story, tell: Tell) -> Mapping[str, Any]:
    """Organisations, people with passwords of this installation's own, the customer, and a key for the API."""
    now = utc_now()
    tell(0.0, story.organisation)
    tenant = create_organisation(name=story.organisation, owner=None, now=now)
    with scope(tenant.id):
        change_plan(plan="enterprise", by="Outturn", now=now, agreed=True)
        customer = create_customer(name=CUSTOMER, now=now).id
        _, key = create_key(name="story", role=Role.OWNER, now=now)
    people = {}
    for step, (name, role) in enumerate(PEOPLE.items(), start=1):
        email, password = f"{name}@{tenant.slug}.example", secrets.token_urlsafe(12)
        user = create_person(email=email, name=name.title(), password=password)
        add_member(
            tenant=tenant.id, user=user.id, role=role, customer=customer if role == Role.CUSTOMER else None, now=now
        )
        people[name] = {"email": email, "password": password}
        tell(step / 8, email)
    for step, name in enumerate(OTHERS, start=1):
        tell(0.5 + step / 4, name)
        _neighbour(f"{name} beside {story.organisation}")
    return {
        "tenant": str(tenant.id), "slug": tenant.slug, "customer": str(customer), "people": people, "key": key.text
    }  # fmt: skip


def _neighbour(name: str) -> None:
    """Another organisation with a fleet of its own, which nobody at Meridian ever sees."""
    now = utc_now()
    tenant = create_organisation(name=name, owner=None, now=now)
    owner = create_person(email=f"owner@{tenant.slug}.example", name="Owner", password=secrets.token_urlsafe(12))
    add_member(tenant=tenant.id, user=owner.id, role=Role.OWNER, now=now)
    with scope(tenant.id):
        move_tenant(to=State.ACTIVE, mover=Mover.OPERATOR, by="Outturn", reason="part of the story", now=now)
        parameters = FleetParameters(name="Test bed", count=2)
        draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by=owner.email, now=now)
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by=owner.email, now=now)
