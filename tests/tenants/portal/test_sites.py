"""Sites and spaces, and people who are held to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.members import PlaceError, hold_to_places, set_places
from tenants.people.models import Membership, MembershipPlace, Site, Space, SpaceKind, User
from tenants.people.schemas import Place
from tenants.people.sites import first_places, place_twin, save_site
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, page, shown, walked
from twins.composer.models import Twin
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SITES = "/t/meridian/admin/sites/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_site(cast: Cast, name: str = "Hamburg") -> UUID:
    with scope(cast.meridian.id):
        if not Space.objects.exists():
            first_places(now=utc_now())
        space = Space.objects.get(kind=SpaceKind.PRODUCTION)
        return save_site(
            site=None, space=space.id, name=name, address="", time_zone="Europe/Berlin", by="x", now=utc_now()
        ).id


def a_twin(cast: Cast, name: str, site: UUID | None = None) -> Twin:
    with scope(cast.meridian.id):
        twin = create_twin(name=name, now=utc_now())
        place_twin(twin=twin.id, site=site, by="x", now=utc_now())
        return twin


def hold(cast: Cast, user: User, role: Role, *, sites: set[UUID] = frozenset(), twins: set[UUID] = frozenset()) -> None:  # type: ignore[assignment]
    membership = Membership.objects.get(user=user)
    Membership.objects.filter(id=membership.id).update(role=role.value)
    with scope(cast.meridian.id):
        set_places(membership, [*(Place(site=site) for site in sites), *(Place(twin=twin) for twin in twins)])


def test_who_is_held_to_a_site_meets_what_stands_there_and_nothing_else(cast: Cast, sign_in: SignIn) -> None:
    site = a_site(cast)
    here, elsewhere, named = a_twin(cast, "Here", site), a_twin(cast, "Elsewhere"), a_twin(cast, "Named")
    hold(cast, cast.viewer, Role.ENGINEER, sites={site}, twins={named.id})
    client = sign_in(cast.viewer)
    listed = client.get("/t/meridian/api/v1/twins/").json()["results"]
    assert {each["name"] for each in listed} == {"Here", "Named"}
    assert client.get(f"/t/meridian/api/v1/twins/{here.id}/").status_code == 200
    assert client.get(f"/t/meridian/api/v1/twins/{elsewhere.id}/").status_code == 404
    assert client.get(f"/t/meridian/twins/{elsewhere.slug}/canvas/").status_code == 404
    found = client.get("/t/meridian/search/?q=e").json()["results"]
    assert {each["label"] for each in found if each["kind"] == "Twin"} == {"Here", "Named"}
    for path in ("contracts/", "statements/", "gateways/", "admin/people/"):
        assert client.get(f"/t/meridian/{path}").status_code == 403


def test_a_twin_that_moves_takes_the_reach_with_it(cast: Cast, sign_in: SignIn) -> None:
    site = a_site(cast)
    twin = a_twin(cast, "Fleet", site)
    hold(cast, cast.viewer, Role.VIEWER, sites={site})
    client, owner = sign_in(cast.viewer), sign_in(cast.owner)
    assert client.get(f"/t/meridian/api/v1/twins/{twin.id}/").status_code == 200
    assert owner.post(f"{SITES}{site}/twins/", {"away": str(twin.id)}).status_code == 302
    assert client.get(f"/t/meridian/api/v1/twins/{twin.id}/").status_code == 404
    assert owner.post(f"{SITES}{site}/twins/", {"twin": str(twin.id)}).status_code == 302
    assert client.get(f"/t/meridian/api/v1/twins/{twin.id}/").status_code == 200
    assert owner.post(f"{SITES}{site}/twins/", {"twin": str(uuid4())}).status_code == 404


def test_who_is_held_makes_no_new_twin(cast: Cast, sign_in: SignIn) -> None:
    hold(cast, cast.viewer, Role.ENGINEER, sites={a_site(cast)})
    client = sign_in(cast.viewer)
    answer = client.post("/t/meridian/api/v1/twins/", {"name": "Mine"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "request.not_allowed")


def test_a_site_is_made_changed_and_taken_away(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        first_places(now=utc_now())
        space = Space.objects.get(kind=SpaceKind.TEST)
    client = sign_in(cast.owner)
    fields = {"name": "Bremen", "space": str(space.id), "address": "Am Wall 1", "time_zone": "Europe/Berlin"}
    assert client.post(f"{SITES}new/", fields).status_code == 302
    with scope(cast.meridian.id):
        site = Site.objects.get()
    assert client.post(f"{SITES}new/", fields).status_code == 400
    wrong = client.post(f"{SITES}{site.id}/", {**fields, "time_zone": "Mars/Olympus"})
    assert "is no time zone" in wrong.content.decode()
    twin = a_twin(cast, "Pump", site.id)
    refused = client.post(f"{SITES}{site.id}/remove/", {"typed": "Bremen"}).content.decode()
    assert "1 twins stand at “Bremen”" in refused
    client.post(f"{SITES}{site.id}/twins/", {"away": str(twin.id)})
    assert client.post(f"{SITES}{site.id}/remove/", {"typed": "bremen"}).status_code == 400
    assert client.post(f"{SITES}{site.id}/remove/", {"typed": "Bremen"}).status_code == 302
    with scope(cast.meridian.id):
        assert not Site.objects.exists()


def test_a_space_goes_when_no_site_lies_in_it(cast: Cast, sign_in: SignIn) -> None:
    a_site(cast)
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        full, empty = Space.objects.get(kind=SpaceKind.PRODUCTION), Space.objects.get(kind=SpaceKind.TEST)
    in_full, in_empty = (f"/t/meridian/admin/spaces/{space.id}/remove/" for space in (full, empty))
    assert b"cannot be undone" in client.get(in_empty).content
    assert client.post(in_empty, {"typed": "another"}).status_code == 400
    assert client.post(in_empty).status_code == 400
    assert b"1 sites lie in" in client.post(in_full, {"typed": full.name}).content
    assert client.post(in_empty, {"typed": empty.name}).status_code == 302
    with scope(cast.meridian.id):
        assert list(Space.objects.all()) == [full]
    assert client.post(SITES, {"name": "Pilot", "kind": "test"}).status_code == 302
    assert client.post(SITES, {"name": "Pilot", "kind": "test"}).status_code == 400
    assert "Pilot" in client.get(SITES).content.decode()


def test_nobody_is_held_to_a_strangers_site(cast: Cast) -> None:
    site = a_site(cast)
    with scope(cast.stranger.id):
        theirs = create_twin(name="Theirs", now=utc_now())
    places = [Place(site=site), Place(twin=theirs.id)]
    by = Actor(
        tenant=cast.stranger.id, slug="stranger", role=Role.OWNER, permissions=PERMISSIONS[Role.OWNER], name="owner"
    )
    Membership.objects.filter(user=cast.outsider).update(role=Role.VIEWER)
    membership = Membership.objects.get(user=cast.outsider)
    with scope(cast.stranger.id), pytest.raises(PlaceError):
        hold_to_places(membership=membership.id, places=places, by=by, now=utc_now())
    with scope(cast.stranger.id):
        assert not MembershipPlace.objects.exists()


def many(count: int, *, first: int = 0) -> None:
    """Sites of both spaces, of which several were made in the same moment, each with a twin."""
    if not Space.objects.exists():
        first_places(now=NOON)
    spaces = list(Space.objects.all())
    made = Site.objects.bulk_create(
        Site(space=spaces[number % 2], name=f"Site {number:04}", time_zone=("UTC", "Europe/Berlin")[number // 2 % 2],
             created_at=NOON + timedelta(seconds=number // 40))
        for number in range(first, first + count)
    )  # fmt: skip
    Twin.objects.bulk_create(
        Twin(name=f"Twin {each.name}", slug=f"twin-{each.id}", site=each, draft={}, created_at=NOON, updated_at=NOON)
        for each in made
    )


@pytest.fixture
def three(cast: Cast) -> dict[str, UUID]:
    """A site where two twins stand, one without any that is named like a formula, one to try out; and a stranger's."""
    with scope(cast.stranger.id):
        first_places(now=NOON)
        Site.objects.create(space=Space.objects.all()[0], name="Theirs", created_at=NOON)
    with scope(cast.meridian.id):
        first_places(now=NOON)
        production, test = Space.objects.all()
        rows = (("Hamburg", production, "Weg beim Jäger 193"), ("=Hall 2", production, "@home"), ("Shed", test, ""))
        for name, space, address in rows:
            Site.objects.create(space=space, name=name, address=address, time_zone="Europe/Berlin", created_at=NOON)
        found = dict(Site.objects.values_list("name", "id"))
    for name, site in (("Here", "Hamburg"), ("Here too", "Hamburg"), ("Apart", "Shed"), ("Nowhere", None)):
        a_twin(cast, name, found[site] if site else None)
    return found | {"production": production.id, "test": test.id}


def test_the_list_has_all_sites_and_the_spaces_lead_into_it(
    cast: Cast, sign_in: SignIn, three: dict[str, UUID]
) -> None:
    client = sign_in(cast.owner)
    text = page(client, SITES)
    assert shown(text) == ["=Hall 2", "Hamburg", "Shed"]
    assert f'<a href="{SITES}{three["Hamburg"]}/">Hamburg</a>' in text
    assert "1 twin stands at no site." in text
    for space, count, names in (("production", "2 sites", ["=Hall 2", "Hamburg"]), ("test", "1 site", ["Shed"])):
        assert f'<a href="?space={three[space]}">' in text
        assert f"· {count}</div>" in text
        assert shown(page(client, f"{SITES}?space={three[space]}")) == names
    assert "Delete the space" not in text


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("q=ham", ["Hamburg"]), ("q=jäger+193", ["Hamburg"]), ("q=theirs", []), ("q=berlin", []),
        ("q=hall+home", ["=Hall 2"]), ("space=other", ["=Hall 2", "Hamburg", "Shed"]),
    ],
)  # fmt: skip
def test_sites_are_searched(cast: Cast, sign_in: SignIn, three: dict[str, UUID], asked: str, names: list[str]) -> None:
    client = sign_in(cast.owner)
    assert walked(client, f"{SITES}?{asked}") == names
    assert [row["Name"].removeprefix("'") for row in filed(client, f"{SITES}?{asked}")] == names


def test_sites_are_narrowed_to_a_space_of_ones_own(cast: Cast, sign_in: SignIn, three: dict[str, UUID]) -> None:
    client = sign_in(cast.owner)
    assert walked(client, f"{SITES}?space={three['test']}&q=shed") == ["Shed"]
    assert walked(client, f"{SITES}?space={three['test']}&q=hamburg") == []
    with scope(cast.stranger.id):
        theirs = Space.objects.all()[0].id
    assert len(walked(client, f"{SITES}?space={theirs}")) == 3, "no choice of ours"


def test_the_file_of_sites(cast: Cast, sign_in: SignIn, three: dict[str, UUID]) -> None:
    same = {"Time zone": "Europe/Berlin", "Made": "2026-11-20T12:00:00Z"}
    assert filed(sign_in(cast.owner), f"{SITES}?sort=-name") == [
        {"Name": "Shed", "Space": "Test", "Address": "", "Twins": "1"} | same,
        {"Name": "Hamburg", "Space": "Production", "Address": "Weg beim Jäger 193", "Twins": "2"} | same,
        {"Name": "'=Hall 2", "Space": "Production", "Address": "'@home", "Twins": "0"} | same,
    ]


def test_pages_of_many_sites(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        many(120)
    check_order(client, SITES, ("name", "space__name", "time_zone", "created_at"), count=120)
    check_cursors(client, SITES)


def test_queries_do_not_grow_with_sites(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        many(10)

    def grow() -> None:
        with scope(cast.meridian.id):
            many(990, first=10)

    check_queries(sign_in(cast.owner), SITES, grow)


def test_without_sites_the_list_leads_on_and_without_spaces_a_space_comes_first(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    bare = page(client, SITES)
    assert "New space" in bare
    assert "New site" not in bare
    with scope(cast.meridian.id):
        first_places(now=NOON)
    text = page(client, SITES)
    assert "No site yet" in text
    assert "<select" not in text.partition('id="new-space"')[0]
    assert text.count("Delete the space") == 2
    assert filed(client, SITES) == []


def test_a_space_that_cannot_be_is_refused_beside_the_list(cast: Cast, sign_in: SignIn, three: dict[str, UUID]) -> None:
    answer = sign_in(cast.owner).post(SITES, {"name": "Test", "kind": "test"})
    assert answer.status_code == 400
    assert shown(answer.content.decode()) == ["=Hall 2", "Hamburg", "Shed"]
