"""Packs come whole or not at all, go without a trace, and travel from one organisation to another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.twins.packs.parts import pack, type_of
from twins.alarms.models import AlarmRule
from twins.alarms.rules import change_rule, delete_rule
from twins.catalog.models import AssetTypeState, AssetTypeVersion, Template
from twins.catalog.selectors import published_types
from twins.catalog.services import remove_type
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.composer.templates import blueprints
from twins.packs.exporting import make_pack
from twins.packs.models import Pack
from twins.packs.schemas import Chosen
from twins.packs.services import (
    PackBrokenError,
    PackInstalledError,
    PackInUseError,
    PackNotFoundError,
    install_pack,
    look_at_pack,
    read_pack,
    uninstall_pack,
)

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
SignIn = Callable[[User], Client]
BLUEPRINT = pack()["blueprints"][0]
PARTS = {"pump": BLUEPRINT["parts"]["pump"] | {"type": "gone@1"}}
KEPT = (AssetTypeVersion, AssetTypeState, Template, AlarmRule, Pack)
PATH = "/t/meridian/catalogue/packs/"


@pytest.fixture
def meridian(cast: Cast) -> Iterator[None]:
    with scope(cast.meridian.id):
        yield


def install(document: dict[str, Any]) -> Pack:
    return install_pack(document=read_pack(document), by="ada", now=utc_now())


def uninstall(key: str = "pump-service") -> None:
    uninstall_pack(key=key, by="ada", now=utc_now())


def publish_well() -> None:
    """A published twin of what the pack brings."""
    draft = create_fleet(blueprint="pair-of-pumps", parameters=FleetParameters(name="Well"), by="ada", now=utc_now())
    publish_twin(twin=draft.twin, revision=draft.revision, note="", by="ada", now=utc_now())


def counts() -> list[int]:
    return [model.objects.count() for model in KEPT]


def actor(cast: Cast, tenant: Tenant) -> Actor:
    return Actor(tenant.id, tenant.slug, Role.OWNER, PERMISSIONS[Role.OWNER], "ada", user=cast.owner.id)


def test_installing_makes_everything_that_is_in_it(meridian: None) -> None:
    made = install(pack())
    assert made.made["types"] == ["metered-machine@1", "leased-pump@1"]
    assert {"metered-machine@1", "leased-pump@1"} <= set(published_types())
    assert blueprints()["pair-of-pumps"].name == {"en": "Pair of pumps"}
    rule = AlarmRule.objects.get()
    assert (rule.key, rule.asset_type, rule.document["below"]) == ("low_flow", "leased-pump", "10")
    assert {(row.kind, row.key, row.pack) for row in Template.objects.all()} == {
        ("blueprint", "pair-of-pumps", "pump-service"),
        ("dashboard", "pump", "pump-service"),
        ("contract", "by-the-hour", "pump-service"),
    }


def test_the_same_pack_again_changes_nothing(meridian: None) -> None:
    first = install(pack())
    before = counts()
    assert install(pack()).id == first.id
    assert counts() == before
    with pytest.raises(PackInstalledError, match="version 2 of pump-service is installed"):
        install(pack(version=3))


def test_uninstalling_leaves_nothing_and_installing_again_brings_it_back(meridian: None) -> None:
    install(pack())
    uninstall()
    assert [Template.objects.count(), AlarmRule.objects.count(), Pack.objects.count()] == [0, 0, 0]
    assert not {"metered-machine@1", "leased-pump@1"} & set(published_types())
    again = install(pack())
    assert again.made["types"] == ["metered-machine@1", "leased-pump@1"]
    assert {"metered-machine@1", "leased-pump@1"} <= set(published_types())
    uninstall()
    with pytest.raises(PackNotFoundError):
        uninstall()


def test_a_look_leaves_nothing(meridian: None) -> None:
    made = look_at_pack(document=read_pack(pack()), by="ada", now=utc_now())
    assert (made.types, made.known, len(made.rules)) == (("metered-machine@1", "leased-pump@1"), (), 1)
    assert counts() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("sections", "place", "code"),
    [
        ({"types": [type_of("x", extends=["gone@1"])]}, "types/0/extends/0", "type.unknown_parent"),
        ({"types": [type_of("x", signals={"a": {"unit": "furlong"}})]}, "types/0/signals/a/unit", "type.unknown_unit"),
        ({"types": [type_of("centrifugal-pump", version=7)]}, "types/0/version", "type.published"),
        ({"types": [type_of("turbofan-engine")]}, "types/0", "pack.type_taken"),
        ({"types": [type_of("a", extends=["b@1"]), type_of("b", extends=["a@1"])]}, "types/0/extends/0", "type."),
        ({"dashboards": [{"key": "d", "name": "D", "document": {}}]}, "dashboards/0/document", "pack.dashboard"),
        ({"alarms": [pack()["alarms"][0] | {"alarm": {"signal": "gone", "above": "1"}}]}, "alarms/0", "type."),
        ({"contracts": [{"key": "c", "name": "C", "figures": {"fee_per_hour": "-1"}}]}, "contracts/0", "document."),
        ({"blueprints": [BLUEPRINT | {"parts": PARTS}]}, "blueprints/0/parts", "blueprint.unknown_type"),
    ],
)  # fmt: skip
def test_of_a_broken_pack_nothing_is_installed(meridian: None, sections: dict[str, Any], place: str, code: str) -> None:
    with pytest.raises(PackBrokenError) as caught:
        install(pack(**sections))
    found = [(finding.place, finding.code) for finding in caught.value.findings]
    assert any(where.startswith(place) and what.startswith(code) for where, what in found), found
    assert caught.value.kept == "Nothing was installed."
    assert counts() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("raw", [None, [], "pack", {}, {"key": "x"}, pack(extra=1), pack(version=0), pack(types={})])
def test_what_is_no_pack_is_refused_with_its_places(meridian: None, raw: Any) -> None:
    with pytest.raises(PackBrokenError) as caught:
        read_pack(raw)
    assert caught.value.findings


def test_what_is_in_use_keeps_its_pack_and_is_named(meridian: None) -> None:
    install(pack())
    publish_well()
    before = counts()
    with pytest.raises(PackInUseError) as caught:
        uninstall()
    assert any("Well" in finding.message for finding in caught.value.findings)
    assert counts() == before
    assert "leased-pump@1" in published_types()


def test_types_that_were_there_before_stay(meridian: None) -> None:
    first = pack(key="first", blueprints=[], dashboards=[], alarms=[], contracts=[])
    install(first)
    second = install(pack(key="second"))
    assert second.made["types"] == []
    assert second.made["known"] == ["metered-machine@1", "leased-pump@1"]
    uninstall("second")
    assert "leased-pump@1" in published_types()


def test_an_alarm_rule_that_was_changed_is_theirs_and_keeps_the_pack_of_its_type(meridian: None) -> None:
    install(pack())
    rule = AlarmRule.objects.get()
    change_rule(rule=rule.id, version=1, document={**rule.document, "below": "20"}, by="bo", now=utc_now())
    before = counts()
    with pytest.raises(PackInUseError) as caught:
        uninstall()
    assert [(each.place, each.message) for each in caught.value.findings] == [
        (str(rule.id), "The alarm rule low_flow uses it."),
        ("leased-pump@1", "The type Leased pump uses it."),
    ]
    assert counts() == before
    delete_rule(rule=rule.id, by="bo", now=utc_now())
    uninstall()
    assert "leased-pump@1" not in published_types()


def test_a_changed_rule_for_a_type_that_stays_stays(meridian: None) -> None:
    install(pack(key="first", blueprints=[], dashboards=[], alarms=[], contracts=[]))
    install(pack(key="second"))
    rule = AlarmRule.objects.get()
    change_rule(rule=rule.id, version=1, document={**rule.document, "below": "20"}, by="bo", now=utc_now())
    uninstall("second")
    assert AlarmRule.objects.get().document["below"] == "20"


def test_a_type_that_was_removed_meanwhile_does_not_keep_its_pack(meridian: None) -> None:
    install(pack(blueprints=[], dashboards=[], alarms=[], contracts=[]))
    remove_type(ref="leased-pump@1", by="bo", now=utc_now())
    uninstall()
    assert Pack.objects.count() == 0
    assert "metered-machine@1" not in published_types()


def test_a_pack_travels_to_another_organisation(cast: Cast) -> None:
    with scope(cast.meridian.id):
        install(pack())
        chosen = Chosen(
            types=frozenset({"leased-pump@1"}), blueprints=frozenset({"pair-of-pumps"}),
            alarms=frozenset({str(AlarmRule.objects.get().id)}), contracts=frozenset({"by-the-hour"}),
        )  # fmt: skip
        head = {"key": "pump-service", "version": 2, "name": {"en": "Pump service"}}
        travelling = make_pack(head=head, chosen=chosen, by=actor(cast, cast.meridian)).as_json()
    wanted = pack(types=[pack()["types"][0], pack()["types"][1]])
    assert travelling == {
        name: wanted[name] for name in ("key", "version", "name", "types", "blueprints", "alarms", "contracts")
    }
    with scope(cast.stranger.id):
        assert not set(published_types()) & {"leased-pump@1"}
        made = install(travelling)
        assert made.made["types"] == ["metered-machine@1", "leased-pump@1"]


def test_a_person_looks_into_a_pack_installs_and_uninstalls_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    file = SimpleUploadedFile("pack.json", json.dumps(pack()).encode())
    looked = client.post(f"{PATH}new/", {"file": file})
    assert looked.status_code == 200
    assert b"Leased pump (leased-pump@1)" in looked.content
    assert b"Pumps by the hour" in looked.content
    done = client.post(f"{PATH}new/", {"text": json.dumps(pack()), "install": "1"})
    assert (done.status_code, done["Location"]) == (302, f"{PATH}pump-service/")
    assert b"Pump service" in client.get(f"{PATH}pump-service/").content
    assert json.loads(client.get(f"{PATH}pump-service/?download").content) == pack()
    gone = client.post(f"{PATH}pump-service/uninstall/", {"typed": "Pump service"})
    assert (gone.status_code, gone["Location"]) == (302, PATH)
    assert client.get(f"{PATH}pump-service/").status_code == 404


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"key": "x", "key": "y"}', "<script>alert(1)</script>" * 9])
def test_what_is_no_pack_is_kept_in_the_form_and_said(cast: Cast, sign_in: SignIn, text: str) -> None:
    answer = sign_in(cast.owner).post(f"{PATH}new/", {"text": text})
    assert answer.status_code == 400
    assert b"<script>alert(1)" not in answer.content


def test_the_text_of_a_broken_file_is_there_to_be_mended(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.owner).post(f"{PATH}new/", {"file": SimpleUploadedFile("p.json", b'{"key": "mend me"}')})
    assert answer.status_code == 400
    assert "mend me" in answer.content.decode().split("<textarea")[1]


def test_a_dashboard_and_a_contract_begin_with_a_template(cast: Cast, sign_in: SignIn) -> None:
    leased, metered = pack()["types"]
    metered["states"] = {"running": "flow > 10 m3/h", "down": "flow < 1 m3/h"}
    metered["signals"]["flow"] = leased["signals"]["flow"]
    metered["indicators"] = {"hours_run": "time running"}
    with scope(cast.meridian.id):
        install(pack(types=[leased, metered]))
        publish_well()
    client = sign_in(cast.owner)
    assert b"Pumps by the hour" in client.get("/t/meridian/contracts/new/").content
    page = client.get("/t/meridian/contracts/new/?template=by-the-hour")
    assert b'value="12.5"' in page.content
    assert b'<option value="pump">Pump</option>' in client.get("/t/meridian/dashboards/new/").content


def test_a_template_of_hours_is_not_offered_for_what_counts_none(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        install(pack())
        publish_well()
    page = sign_in(cast.owner).get("/t/meridian/contracts/new/?template=by-the-hour").content
    assert b"Pumps by the hour" in page
    assert b"No type of its assets counts hours." in page
    assert b'value="12.5"' not in page


def test_a_partner_installs_checks_and_makes_packs(cast: Cast, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    checked = client.post("/api/v1/packs/check/", pack(), format="json")
    assert (checked.status_code, checked.json()["rules"]) == (200, 1)
    assert client.get("/api/v1/packs/").json()["results"] == []
    assert client.post("/api/v1/packs/", pack(), format="json").status_code == 201
    assert client.get("/api/v1/packs/pump-service/").json() == pack()
    wanted = {"key": "mine", "name": "Mine", "types": ["leased-pump@1"]}
    made = client.post("/api/v1/packs/export/", wanted, format="json").json()
    assert [each["key"] for each in made["types"]] == ["leased-pump", "metered-machine"]
    assert client.delete("/api/v1/packs/pump-service/").status_code == 204
    assert client.get("/api/v1/packs/pump-service/").status_code == 404
    broken = client.post("/api/v1/packs/", pack(types=[{"key": "X"}]), format="json")
    assert broken.status_code == 422
    assert broken.json()["kept"] == "Nothing was installed."
