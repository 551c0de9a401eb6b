"""The packs that come with the product: sound by their schema, installed by one click, gone without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.lists import page
from tests.twins.packs.parts import pack
from twins.alarms.models import AlarmRule
from twins.catalog.models import Template
from twins.catalog.selectors import published_types
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.packs.examples import example_packs
from twins.packs.models import Pack
from twins.packs.schemas import published_schema
from twins.packs.services import install_pack, uninstall_pack

WithKey = Callable[[Tenant, Role], APIClient]
SignIn = Callable[[User], Client]
PATH = "/t/meridian/catalogue/packs/"
SCHEMA = Path(settings.BASE_DIR) / "docs" / "schemas" / "pack.schema.json"


def test_the_published_schema_is_up_to_date() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == published_schema(), (
        f"write twins.packs.schemas.published_schema() to {SCHEMA.name}"
    )


def test_the_schema_takes_packs_and_refuses_what_is_none() -> None:
    schema = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for sound in (pack(), *(each.as_json() for each in example_packs().values())):
        assert list(schema.iter_errors(sound)) == []
    for broken in ({}, pack(extra=1), pack(version=0), pack(key="Upper"), pack(types={}), pack(types=[{"key": "x"}])):
        assert not schema.is_valid(broken)


@pytest.mark.django_db
@pytest.mark.parametrize("key", sorted(example_packs()))
def test_each_comes_composes_and_goes_without_a_trace(cast: Cast, key: str) -> None:
    document = example_packs()[key]
    with scope(cast.meridian.id):
        before = set(published_types())
        install_pack(document=document, by="ada", now=utc_now())
        with transaction.atomic():
            for blueprint in document.blueprints:
                answers = FleetParameters(name=blueprint.key)
                draft = create_fleet(blueprint=blueprint.key, parameters=answers, by="ada", now=utc_now())
                assert [each for each in draft.findings if each.severity == "error"] == []
            transaction.set_rollback(True)
        assert AlarmRule.objects.count() == len(document.alarms)
        uninstall_pack(key=key, by="ada", now=utc_now())
        assert set(published_types()) == before
        assert [model.objects.count() for model in (Template, AlarmRule, Pack)] == [0, 0, 0]


@pytest.mark.django_db
def test_one_click_installs_it_and_says_so_from_then_on(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert 'action="/t/meridian/catalogue/packs/examples/water-pumping/"' in page(client, PATH)
    done = client.post(f"{PATH}examples/water-pumping/")
    assert (done.status_code, done["Location"]) == (302, f"{PATH}water-pumping/")
    text = page(client, f"{PATH}water-pumping/")
    assert "Water service pump (water-service-pump@1)" in text
    assert "Water pumping by the hour" in text
    assert "examples/water-pumping/" not in page(client, PATH)
    assert client.post(f"{PATH}examples/water-pumping/").status_code == 302
    with scope(cast.meridian.id):
        assert Pack.objects.count() == 1
    assert client.post(f"{PATH}examples/submarine/").status_code == 404
    assert sign_in(cast.viewer).post(f"{PATH}examples/water-pumping/").status_code == 403


@pytest.mark.django_db
def test_what_uses_it_keeps_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    client.post(f"{PATH}examples/water-pumping/")
    with scope(cast.meridian.id):
        draft = create_fleet(
            blueprint="water-pumping-station", parameters=FleetParameters(name="Well"), by="ada", now=utc_now()
        )
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by="ada", now=utc_now())
    refused = client.post(f"{PATH}water-pumping/uninstall/", {"typed": "Water pumping"})
    assert refused.status_code == 400
    assert "The twin Well uses it." in refused.content.decode()


@pytest.mark.django_db
def test_partners_get_them_as_documents(cast: Cast, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    (found,) = client.get("/api/v1/packs/examples/").json()["results"]
    assert found == example_packs()["water-pumping"].as_json()
    assert client.post("/api/v1/packs/", found, format="json").status_code == 201
