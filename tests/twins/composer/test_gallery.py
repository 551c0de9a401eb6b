"""The page of a new twin without a script: the templates, the chosen one, and what is wrong with what was said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.lists import page
from twins.catalog.templates import Kind, keep_template
from twins.composer.blueprints import built_in_blueprints
from twins.composer.models import Twin
from twins.composer.schemas import TwinDocument

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/twins/new/"


def made(cast: Cast) -> TwinDocument | None:
    with scope(cast.meridian.id):
        return next((TwinDocument.model_validate(each.draft) for each in Twin.objects.all()), None)


def test_every_template_is_a_card_with_a_drawing(cast: Cast, sign_in: SignIn) -> None:
    text = page(sign_in(cast.engineer), PATH)
    assert text.count('<li class="gallery-card">') == 11
    assert text.count('<svg class="twin-drawing"') == 10
    assert '<a href="?blueprint=">Empty canvas</a>' in text
    assert "3 × Centrifugal pump" in text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("WIND", ["wind-farm"]),
        ("boiler", ["heating-plant"]),
        ("centrifugal tank", ["chiller-plant", "pump-station"]),
        ("submarine", []),
    ],
)
def test_templates_are_looked_for(cast: Cast, sign_in: SignIn, words: str, found: list[str]) -> None:
    text = page(sign_in(cast.engineer), f"{PATH}?q={words}")
    assert [part.partition('"')[0] for part in text.split('href="?blueprint=')[1:]] == found
    assert ("No template has this in its words" in text) == (not found)


def test_the_chosen_one_is_drawn_with_the_numbers_of_the_address(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.engineer)
    assert "5 assets, 4 links" in page(client, f"{PATH}?blueprint=pump-station&parameter_pumps=1")
    for said in ("0", "25", "-1", "x", "9" * 40, ""):
        assert "11 assets, 12 links" in page(client, f"{PATH}?blueprint=pump-station&parameter_pumps={said}")
    assert client.get(f"{PATH}?blueprint=submarine").status_code == 404
    assert client.post(PATH, {"blueprint": "submarine", "name": "S"}).status_code == 404


def test_a_twin_is_made_and_opens_on_the_canvas(cast: Cast, sign_in: SignIn) -> None:
    said = {"blueprint": "cnc-cell", "name": "Cell", "parameter_cells": "1", "parameter_machines": "5"}
    answer = sign_in(cast.engineer).post(PATH, said)
    assert (answer.status_code, answer["Location"]) == (302, "/t/meridian/twins/cell/canvas/")
    document = made(cast)
    assert document is not None
    assert (document.name, len(document.assets), len(document.links), len(document.groups)) == ("Cell", 8, 11, 1)


def test_an_empty_canvas_needs_but_a_name(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.engineer)
    assert 'name="blueprint" value=""' in page(client, f"{PATH}?blueprint=")
    name = "<script>alert(1)</script>"
    answer = client.post(PATH, {"blueprint": "", "name": name}, follow=True)
    assert answer.status_code == 200
    assert name not in answer.content.decode()
    document = made(cast)
    assert document is not None
    assert (document.name, document.assets) == (name, {})


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"parameter_pumps": "3"}, "This field is required."),
        ({"name": "N" * 201, "parameter_pumps": "3"}, "at most 200 characters"),
        ({"name": "N", "parameter_pumps": "25"}, "less than or equal to 24"),
        ({"name": "N", "parameter_pumps": "many"}, "Enter a whole number."),
        ({"name": "N"}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    cast: Cast, sign_in: SignIn, said: dict[str, str], told: str
) -> None:
    answer = sign_in(cast.engineer).post(PATH, {"blueprint": "pump-station", **said})
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert made(cast) is None


def test_who_may_not_compose_sees_no_templates(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    assert client.get(PATH).status_code == 403
    assert client.post(PATH, {"blueprint": "", "name": "N"}).status_code == 403
    assert made(cast) is None


def test_a_template_of_the_organisation_stands_beside_the_others_as_long_as_its_types_are_there(
    cast: Cast, sign_in: SignIn
) -> None:
    own = built_in_blueprints()["pump-station"].as_json() | {"key": "our-station", "name": {"en": "Our station"}}
    lost = own | {"key": "lost", "parts": {"part": {"type": "submarine@1", "name": "S"}}, "links": [], "groups": {}}
    with scope(cast.meridian.id):
        for document in (own, lost):
            name = document["name"]["en"]
            keep_template(
                kind=Kind.BLUEPRINT, key=document["key"], name=name, document=document, by="ada", now=utc_now()
            )
    client = sign_in(cast.engineer)
    text = page(client, PATH)
    assert 'href="?blueprint=our-station"' in text
    assert 'href="?blueprint=lost"' not in text
    assert client.get(f"{PATH}?blueprint=lost").status_code == 404
    assert "11 assets, 12 links" in page(client, f"{PATH}?blueprint=our-station")
