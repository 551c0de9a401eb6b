"""Images on canvases over the REST API."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.tenants.lifecycle.test_images import chunk, jpeg, png
from twins.composer import images
from twins.composer.models import CanvasImage

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
LIST = "/api/v1/canvas-images/"


def keep(client: APIClient, content: bytes) -> Any:
    return client.post(LIST, {"content": b64encode(content).decode()})


def test_an_image_is_kept_once_and_served_so_that_nothing_in_it_runs(tenant: Tenant, with_key: WithKey) -> None:
    client = with_key(tenant, Role.ENGINEER)
    made = keep(client, png(40, 20, more=chunk(b"tEXt", b"Author\0Somebody")))
    digest = hashlib.sha256(png(40, 20)).hexdigest()
    assert made.status_code == 201
    assert made.json() == {"digest": digest, "media_type": "image/png", "width": 40, "height": 20}
    assert keep(client, png(40, 20)).json() == made.json()
    with scope(tenant.id):
        assert CanvasImage.objects.count() == 1

    served = client.get(f"{LIST}{digest}/")
    assert (served.status_code, served.content) == (200, png(40, 20))
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert served["Cache-Control"] == "private, max-age=31536000, immutable"
    assert client.get(f"{LIST}{digest}/", HTTP_IF_NONE_MATCH=served["ETag"]).status_code == 304


def test_a_jpeg_is_served_as_one(tenant: Tenant, with_key: WithKey) -> None:
    client = with_key(tenant, Role.ENGINEER)
    digest = keep(client, jpeg()).json()["digest"]
    assert client.get(f"{LIST}{digest}/")["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "the file is no PNG, JPEG or WebP"),
        (b"<script>alert(1)</script>", "the file is no PNG, JPEG or WebP"),
        (png()[:-3], "the file is damaged"),
        (png(width=4001, height=16, pixels=b"\0"), "the picture has 4001 × 16 pixels"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 999_994, "the file has 1,000,002 bytes"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_to_do(
    tenant: Tenant, with_key: WithKey, content: bytes, words: str
) -> None:
    refused = keep(with_key(tenant, Role.ENGINEER), content)
    assert refused.status_code == 400
    assert words in refused.json()["detail"]
    assert refused.json()["fix"]


@pytest.mark.parametrize("content", ["", "not base64!", "a" * 1_400_000, None, 7])
def test_what_is_no_base64_is_a_bad_request(tenant: Tenant, with_key: WithKey, content: object) -> None:
    assert with_key(tenant, Role.ENGINEER).post(LIST, {"content": content}, format="json").status_code == 400


def test_who_may_only_read_sees_images_and_adds_none(tenant: Tenant, with_key: WithKey) -> None:
    with scope(tenant.id):
        digest = images.keep_image(content=png(), by="somebody", now=utc_now()).digest
    viewer = with_key(tenant, Role.VIEWER)
    assert viewer.get(f"{LIST}{digest}/").status_code == 200
    assert keep(viewer, png(64, 64)).status_code == 403


def test_nobody_elses_image_is_there(tenant: Tenant, stranger: Tenant, with_key: WithKey) -> None:
    with scope(tenant.id):
        digest = images.keep_image(content=png(), by="somebody", now=utc_now()).digest
    assert with_key(stranger, Role.OWNER).get(f"{LIST}{digest}/").status_code == 404
    assert with_key(tenant, Role.VIEWER).get(f"{LIST}{'0' * 64}/").status_code == 404


def test_there_is_an_end_to_how_many_are_kept(
    tenant: Tenant, with_key: WithKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_IMAGES", 1)
    client = with_key(tenant, Role.ENGINEER)
    assert keep(client, png()).status_code == 201
    assert keep(client, png()).status_code == 201
    refused = keep(client, png(64, 64))
    assert (refused.status_code, refused.json()["code"]) == (400, "image.too_many")
