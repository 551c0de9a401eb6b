"""A published version becomes a blueprint of the organisation: of its kind, and with nothing that is its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.lists import page
from tests.twins.packs.parts import pack
from twins.catalog.models import Template
from twins.catalog.templates import Kind, TemplateTakenError
from twins.composer.blueprinting import BlueprintAssetsError, BlueprintUnsoundError, save_blueprint
from twins.composer.models import Twin
from twins.composer.publishing import NoVersionError, publish_twin
from twins.composer.schemas import Blueprint, FleetParameters, TwinDocument
from twins.composer.services import create_fleet, edit_draft
from twins.packs.exporting import make_pack
from twins.packs.schemas import Chosen
from twins.packs.services import install_pack, read_pack

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
GALLERY = "/t/meridian/twins/new/"
IMAGE = "a" * 64


@pytest.fixture
def station(cast: Cast) -> Twin:
    """A published pump station of two trains, bound, with a note and an image on the canvas."""
    with scope(cast.meridian.id):
        answers = FleetParameters(name="North {1}", parameters={"pumps": 2}, gateway=str(new_id()))
        draft = create_fleet(blueprint="pump-station", parameters=answers, by="ada", now=utc_now())
        note = {"op": "add_note", "note": str(new_id()), "at": [0, 0], "text": "", "image": IMAGE}
        draft = edit_draft(twin=draft.twin, base_revision=draft.revision, operations=[note], by="ada", now=utc_now())
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by="ada", now=utc_now())
        found: Twin = Twin.objects.get()
        return found


def save(twin: Twin, **said: Any) -> Blueprint:
    told: dict[str, Any] = {"version": 1, "key": "our-station", "name": "Our station", "description": ""} | said
    return save_blueprint(twin=twin.id, by="ada", now=utc_now(), **told)


def composed(key: str) -> TwinDocument:
    draft = create_fleet(blueprint=key, parameters=FleetParameters(name="South"), by="ada", now=utc_now())
    return TwinDocument.model_validate(Twin.objects.get(id=draft.twin).draft)


def told(document: TwinDocument) -> dict[str, Any]:
    """What a twin is without its ids."""
    names = {each: asset.name for each, asset in document.assets.items()}
    return {
        "assets": {
            asset.name: (asset.type, asset.at, asset.properties, asset.group, asset.part_of and names[asset.part_of[0]])
            for asset in document.assets.values()
        },
        "links": sorted((names[link.from_[0]], link.from_[1], names[link.to[0]], link.to[1], link.kind)
                        for link in document.links.values()),
        "groups": {key: group.name for key, group in document.groups.items()},
    }  # fmt: skip


def test_it_composes_the_same_twin_anew_without_what_is_its_own(cast: Cast, station: Twin) -> None:
    with scope(cast.meridian.id):
        before = TwinDocument.model_validate(station.draft)
        made = save(station)
        assert (len(before.assets), len(before.links), len(before.bindings)) == (8, 8, 62)
        text = json.dumps(made.as_json())
        assert not any(each in text for each in (*before.assets, next(iter(before.bindings.values())).gateway, IMAGE))
        after = composed("our-station")
        assert told(after) == told(before)
        assert after.bindings == {}
        assert [note.text for note in after.notes.values()] == [
            note.text for note in before.notes.values() if note.image is None
        ]
        assert made.description == {"en": "As version 1 of North {1}."}


def test_only_what_is_chosen(cast: Cast, station: Twin) -> None:
    with scope(cast.meridian.id):
        assets = TwinDocument.model_validate(station.draft).assets
        chosen = [each for each, asset in assets.items() if asset.group == "train_1"]
        made = save(station, assets=chosen)
        assert sorted(made.parts) == ["m_101", "p_101", "v_101"]
        assert (sorted(made.groups), len(made.links), made.notes) == (["train_1"], 2, ())


def test_what_cannot_be_one_is_refused_and_nothing_is_kept(cast: Cast, station: Twin) -> None:
    with scope(cast.meridian.id):
        with pytest.raises(BlueprintAssetsError, match="1 of the chosen assets are not in version 1"):
            save(station, assets=[str(new_id())])
        with pytest.raises(NoVersionError):
            save(station, version=2)
        with pytest.raises(BlueprintUnsoundError, match="pump-station is built in") as error:
            save(station, key="pump-station")
        assert error.value.place == "key"
        assert Template.objects.count() == 0
        save(station)
        with pytest.raises(TemplateTakenError):
            save(station)


def test_names_that_a_blueprint_could_not_fill_in_are_told_otherwise(cast: Cast, station: Twin) -> None:
    with scope(cast.meridian.id):
        (one, two, *_) = station.draft["assets"]
        operations = [
            {"op": "rename", "asset": each, "name": name} for each, name in ((one, "Tank {a}"), (two, "Tank (a)"))
        ]
        draft = edit_draft(
            twin=station.id, base_revision=station.revision, operations=operations, by="ada", now=utc_now()
        )
        publish_twin(twin=station.id, revision=draft.revision, note="", by="ada", now=utc_now())
        made = save(station, version=2)
        assert {made.parts[key].name for key in ("tank_a", "tank_a__2")} == {"Tank (a)", "Tank (a) 2"}


def test_it_travels_in_a_pack(cast: Cast, station: Twin) -> None:
    with scope(cast.meridian.id):
        save(station)
        actor = Actor(cast.meridian.id, "meridian", Role.OWNER, PERMISSIONS[Role.OWNER], "ada", user=UUID(int=1))
        head = {"key": "stations", "version": 1, "name": {"en": "Stations"}}
        made = make_pack(head=head, chosen=Chosen(blueprints=frozenset({"our-station"})), by=actor).as_json()
    with scope(cast.stranger.id):
        install_pack(document=read_pack(made), by="eve", now=utc_now())
        assert len(composed("our-station").assets) == 8


def test_from_the_page_of_a_version_into_the_gallery_and_out_again(cast: Cast, station: Twin, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"/t/meridian/twins/{station.slug}/versions/1/"
    assert f'href="{path}blueprint/"' in page(client, path)
    assert "All of version 1" in page(client, f"{path}blueprint/")
    done = client.post(f"{path}blueprint/", {"name": "Our station", "description": "Two pumps."})
    assert (done.status_code, done["Location"]) == (302, f"{GALLERY}?blueprint=our-station")
    text = page(client, GALLERY)
    assert 'href="?blueprint=our-station">Our station</a>' in text
    assert 'href="/t/meridian/blueprints/our-station/remove/"' in text
    again = client.post(f"{path}blueprint/", {"name": "Our station"})
    assert again.status_code == 400
    assert "there is a blueprint called our-station already" in again.content.decode().lower()
    wrong = client.post("/t/meridian/blueprints/our-station/remove/", {"typed": "Other"})
    assert wrong.status_code == 400
    gone = client.post("/t/meridian/blueprints/our-station/remove/", {"typed": "Our station"})
    assert (gone.status_code, gone["Location"]) == (302, GALLERY)
    assert "our-station" not in page(client, GALLERY)
    assert client.get("/t/meridian/blueprints/our-station/remove/").status_code == 404


def test_the_canvas_sends_what_is_chosen(cast: Cast, station: Twin, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"/t/meridian/twins/{station.slug}/versions/1/blueprint/"
    chosen = " ".join(each for each, asset in station.draft["assets"].items() if asset.get("group") == "train_2")
    asked = client.post(path, {"assets": chosen}).content.decode()
    assert "3 chosen assets of version 1" in asked
    assert f'value="{chosen}"' in asked
    assert client.post(path, {"assets": chosen, "name": "Train"}).status_code == 302
    with scope(cast.meridian.id):
        assert len(Template.objects.get(kind=Kind.BLUEPRINT).document["parts"]) == 3


def test_what_a_pack_brought_goes_with_the_pack(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        install_pack(document=read_pack(pack()), by="ada", now=utc_now())
    client = sign_in(cast.owner)
    assert "From the pack pump-service" in page(client, GALLERY)
    refused = client.post("/t/meridian/blueprints/pair-of-pumps/remove/", {"typed": "Pair of pumps"}, follow=True)
    assert "belongs to the pack pump-service" in refused.content.decode()
    with scope(cast.meridian.id):
        assert Template.objects.filter(kind=Kind.BLUEPRINT).count() == 1


def test_over_the_api(cast: Cast, station: Twin, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    wanted = {"twin": str(station.id), "version": 1, "key": "our-station", "name": "Our station"}
    made = client.post("/api/v1/blueprints/", wanted, format="json")
    assert (made.status_code, made.json()["key"], made.json()["icon"]) == (201, "our-station", "cylinder")
    assert made.json()["types"] == ["tank@1", "centrifugal-pump@1", "electric-motor@1", "control-valve@1"]
    taken = client.post("/api/v1/blueprints/", wanted, format="json")
    assert (taken.status_code, taken.json()["code"]) == (409, "template.taken")
    strange = client.post("/api/v1/blueprints/", wanted | {"key": "x", "assets": [str(new_id())]}, format="json")
    assert (strange.status_code, strange.json()["code"]) == (422, "blueprint.assets")
    assert client.delete("/api/v1/blueprints/our-station/").status_code == 204
    assert client.delete("/api/v1/blueprints/our-station/").status_code == 404
    assert client.delete("/api/v1/blueprints/pump-station/").status_code == 404
    assert with_key(cast.meridian, Role.VIEWER).post("/api/v1/blueprints/", wanted, format="json").status_code == 403
