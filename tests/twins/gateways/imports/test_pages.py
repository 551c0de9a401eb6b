"""The pages of files of history, without their script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.gateways.imports.models import FileImport
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/gateways/imports/"
TEXT = "Zeit;Druck;Fluss\n31.12.2025 22:00:00;4,5;1\n31.12.2025 22:01:00;oops;2\n31.12.2025 22:02:00;4,75;3\n"


@pytest.fixture
def gateway(cast: Cast) -> str:
    with scope(cast.meridian.id):
        return str(create_gateway(name="Hall 1", now=utc_now())[0].id)


def brought(client: Client, gateway: str, text: str = TEXT) -> str:
    file = SimpleUploadedFile("hall.csv", text.encode())
    answer = client.post(f"{PATH}new/", {"gateway": gateway, "file": file})
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def fields(html: str) -> dict[str, str]:
    """What the mapping's form would send."""
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', html))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


def test_a_file_is_brought_looked_at_and_started(cast: Cast, sign_in: SignIn, gateway: str) -> None:
    client = sign_in(cast.engineer)
    assert "No file yet" in client.get(PATH).content.decode()
    place = brought(client, gateway)
    html = client.get(place).content.decode()
    assert "4.5" in html
    assert "oops" in html
    assert "the value is not a number" in html.lower()
    sent = fields(html)
    assert (sent["delimiter"], sent["decimal"], sent["time"], sent["time_format"]) == (";", ",", "Zeit", "dmy")
    assert (sent["column-1"], sent["column-2"]) == ("Druck", "Fluss")
    sent |= {"column-1": "PT101.PV", "column-2": ""}
    assert client.post(place, sent).status_code == 302
    assert "PT101.PV" in client.get(place).content.decode()
    assert client.post(place, sent | {"then": "start"}).status_code == 302
    with scope(cast.meridian.id):
        row = FileImport.objects.get()
        assert row.job is not None
        assert (row.mapping or {})["columns"] == {"Druck": "PT101.PV"}
    assert "hall.csv" in client.get(PATH).content.decode()
    assert client.post(f"{place}remove/").status_code == 302
    with scope(cast.meridian.id):
        assert FileImport.objects.count() == 1  # it is being imported


def test_another_delimiter_is_looked_at_anew(cast: Cast, sign_in: SignIn, gateway: str) -> None:
    client = sign_in(cast.engineer)
    place = brought(client, gateway)
    sent = fields(client.get(place).content.decode())
    html = client.post(place, sent | {"delimiter": ","}).content.decode()
    assert "Zeit;Druck;Fluss" in html
    assert client.post(place, sent | {"zone": "Mars/Olympus"}).status_code == 400
    assert client.post(place, sent | {"column-1": "", "column-2": ""}).status_code == 400


def test_garbage_and_too_much_are_told(cast: Cast, sign_in: SignIn, gateway: str) -> None:
    client = sign_in(cast.engineer)
    assert client.post(f"{PATH}new/", {"gateway": gateway}).status_code == 400
    place = brought(client, gateway, "\n\n\n")
    assert client.get(place).status_code == 200
    assert client.post(f"{place}remove/")["Location"] == PATH
    assert client.get(place).status_code == 404


def test_who_may_only_read_sees_and_changes_nothing(cast: Cast, sign_in: SignIn, gateway: str) -> None:
    place = brought(sign_in(cast.engineer), gateway)
    viewer = sign_in(cast.viewer)
    assert viewer.get(place).status_code == 200
    assert viewer.get(f"{place}rejected/").status_code == 200
    viewer.post(place, {"then": "start"})
    assert viewer.post(f"{place}remove/").status_code == 403
    assert viewer.get(f"{PATH}new/").status_code == 403
    with scope(cast.meridian.id):
        assert FileImport.objects.get().job is None
