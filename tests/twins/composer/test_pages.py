"""The list of twins: searched, narrowed, sorted and filed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tenants.people.models import Site, Space, SpaceKind, User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, page, shown, walked
from twins.composer.models import Twin

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/twins/"
MADE = datetime(2026, 1, 2, tzinfo=UTC)


def many(count: int, *, first: int = 0) -> None:
    """Twins of which three have each name, and several were changed in the same moment."""
    Twin.objects.bulk_create(
        Twin(
            slug=f"t{number}", name=f"Twin {number // 3:04}", draft={"assets": {"a": {}}}, created_at=MADE,
            updated_at=MADE + timedelta(seconds=number // 40),
        )
        for number in range(first, first + count)
    )  # fmt: skip


@pytest.fixture
def three(cast: Cast) -> Site:
    """A draft at a site, a published twin, and one that was changed since; and a stranger's."""
    with scope(cast.stranger.id):
        Twin.objects.create(slug="theirs", name="Theirs", draft={}, created_at=MADE, updated_at=MADE)
    with scope(cast.meridian.id):
        space = Space.objects.create(name="Works", kind=SpaceKind.TEST, created_at=MADE)
        site = Site.objects.create(space=space, name="Hamburg", created_at=MADE)
        for name, published, revision, place in (
            ("+Draft", 0, 3, site), ("Published", 2, 5, None), ("Changed", 1, 9, None)
        ):  # fmt: skip
            Twin.objects.create(
                slug=name.strip("+").lower(), name=name, draft={"assets": {"a": {}, "b": {}}}, revision=revision,
                published=published, published_revision=5 if published else 0, site=place, created_at=MADE,
                updated_at=MADE,
            )  # fmt: skip
    return site


def test_the_empty_list_leads_on(cast: Cast, sign_in: SignIn) -> None:
    assert "Compose a twin" in page(sign_in(cast.engineer), PATH)
    assert "Compose a twin" not in page(sign_in(cast.viewer), PATH)


def test_drafts_open_on_the_canvas_and_others_live(cast: Cast, sign_in: SignIn, three: Site) -> None:
    text = page(sign_in(cast.engineer), PATH)
    assert f'<a href="{reverse("canvas", args=["meridian", "draft"])}">+Draft</a>' in text
    assert f'<a href="{reverse("fleet", args=["meridian", "changed"])}">Changed</a>' in text
    assert text.count("and a draft") == 2, "the state of one, and the choice"
    assert text.count(">Delete<") == 3
    assert ">Delete<" not in page(sign_in(cast.viewer), PATH)


def test_searched_and_narrowed(cast: Cast, sign_in: SignIn, three: Site) -> None:
    client = sign_in(cast.viewer)
    for asked, names in {
        "": ["+Draft", "Changed", "Published"], "q=publ": ["Published"], "q=hamburg": ["+Draft"], "q=theirs": [],
        "state=draft": ["+Draft"], "state=published": ["Changed", "Published"], "state=changed": ["Changed"],
        f"site={three.id}": ["+Draft"], "state=draft&q=changed": [],
    }.items():  # fmt: skip
        assert sorted(walked(client, f"{PATH}?{asked}")) == names, asked
        assert sorted(row["Name"].removeprefix("'") for row in filed(client, f"{PATH}?{asked}")) == names, asked


def test_the_file(cast: Cast, sign_in: SignIn, three: Site) -> None:
    assert filed(sign_in(cast.viewer), f"{PATH}?q=draft") == [
        {"Name": "'+Draft", "State": "draft", "Version": "", "Site": "Hamburg", "Assets": "2",
         "Changed": "2026-01-02T00:00:00Z"},
    ]  # fmt: skip


def test_pages_of_many(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        many(120)
    client = sign_in(cast.viewer)
    check_order(client, PATH, ("name", "updated_at"), count=120)
    check_cursors(client, PATH)
    assert len(shown(page(client, PATH))) == 50


def test_queries_do_not_grow(cast: Cast, sign_in: SignIn) -> None:
    def grow(count: int, first: int) -> None:
        with scope(cast.meridian.id):
            many(count, first=first)

    grow(10, 0)
    check_queries(sign_in(cast.viewer), PATH, lambda: grow(990, 10))
