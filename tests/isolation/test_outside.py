"""What stands outside organisations' own addresses: provisioning (SCIM), people's pages, the operators' console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.urls import reverse

from tenants.kernel.ids import new_id
from tenants.lifecycle.models import Notice
from tenants.people.models import User
from tests.isolation.conftest import House
from tests.isolation.places import METHODS, OF_PAGES, Place, holes, outside, place_at, routes
from tests.isolation.test_ids import alike, compared
from tests.isolation.world import Samples

USER, GROUP, PATCH = (
    f"urn:ietf:params:scim:{name}"
    for name in ("schemas:core:2.0:User", "schemas:core:2.0:Group", "api:messages:2.0:PatchOp")
)


def scim(samples: Samples) -> list[Place]:
    """The addresses of SCIM, with one organisation's things in them."""
    return [
        place_at(route, pattern, pattern.name, samples)
        for route, pattern in routes("scim/v2/")
        if pattern.name is not None
    ]


def changing(method: str, ids: dict[str, str]) -> dict[str, Any]:
    """A body that fits users and groups alike, and names other people's things wherever a thing can be named."""
    members = [{"value": ids["user"]}, {"value": ids["group"]}]
    if method == "patch":
        replace = {"op": "replace", "path": "members", "value": members}
        return {"schemas": [PATCH], "Operations": [replace]}
    return {
        "schemas": [USER, GROUP], "id": ids["user"], "userName": "eve@stranger.example", "displayName": "Eve",
        "active": True, "emails": [{"value": "eve@stranger.example", "primary": True}],
        "members": members, "groups": [{"value": ids["group"]}],
    }  # fmt: skip


class TestScim:
    @pytest.mark.parametrize("who", ["nobody", "owner", "stranger", "key", "stranger's key", "no key", "revoked key"])
    def test_nothing_but_a_provisioning_token_opens_it(self, house: House, who: str) -> None:
        for place in scim(house.mine):
            answers = [house.ask(who, method, place.path(), changing(method, ids(house.mine))) for method in METHODS]
            assert {answer.status for answer in answers} <= {401, 405}, place.name
            assert answers[0].status == 401
            assert not any(each in answer.text for answer in answers for each in house.secrets)

    def test_its_own_token_opens_it(self, house: House) -> None:
        assert {house.ask("provisioning", "get", place.path()).status for place in scim(house.mine)} == {200}

    def test_meridians_people_and_groups_do_not_exist_for_strangers(self, house: House) -> None:
        for place in scim(house.mine):
            nobodys: dict[str, Any] = {
                key: new_id() for key, value in place.arguments.items() if isinstance(value, UUID)
            }
            for method in METHODS:
                where = f"{method} {place.name}"
                content = changing(method, ids(house.theirs))
                real = house.ask(
                    "stranger's provisioning", method, place.path(), content, sent=place.arguments.values()
                )
                assert real.status < 500, where
                assert not any(each in real.text for each in house.secrets), where
                if nobodys:
                    none = house.ask(
                        "stranger's provisioning", method, place.path(**nobodys), content, sent=nobodys.values()
                    )
                    assert real.status in (404, 405), where
                    assert real == none, where

    def test_meridians_ids_in_bodies_are_nobodys(self, house: House) -> None:
        tried = 0
        for place in scim(house.theirs):
            for method in ("post", "put", "patch"):
                real, none = compared(
                    lambda foreign, place=place, method=method: house.ask(  # type: ignore[misc]
                        "stranger's provisioning",
                        method,
                        place.path(),
                        changing(method, foreign),
                        sent=foreign.values(),
                    ),
                    ids(house.mine),
                    {name: str(new_id()) for name in ids(house.mine)},
                )
                assert real.status < 500, f"{method} {place.name}"
                assert alike(real, none), f"{method} {place.name}"
                tried += real.status != 405
        assert tried >= 5

    @pytest.mark.parametrize(
        "query",
        [
            'id eq "{user}"', 'members.value eq "{user}"', 'groups.value eq "{group}"', 'externalId eq "{user}"',
            'id eq "{group}"', 'userName eq "owner@meridian.example"', 'emails.value co "meridian"',
            'displayName eq "Hangar" or id pr',
        ],
    )  # fmt: skip
    def test_filters_find_none_of_meridians(self, house: House, query: str) -> None:
        for path in ("/scim/v2/Users", "/scim/v2/Groups"):
            asked = {"filter": query.format(**ids(house.mine)), "startIndex": "1", "count": "500"}
            answer = house.ask("stranger's provisioning", "get", path, asked)
            assert answer.status in (200, 400)
            assert not any(each in answer.text for each in house.secrets)


def ids(samples: Samples) -> dict[str, str]:
    """A provisioned user and a group."""
    return {name: str(samples[f"scim-{name}"][name]) for name in ("user", "group")}


class Beyond:
    """Meridian's things as the addresses outside organisations name them, and nobody's of the same forms."""

    def __init__(self, house: House) -> None:
        owner = house.cast.owner
        notice = Notice.objects.get(tenant_id=house.cast.meridian.id).id
        invitation = house.mine["invitation-revoke"]["invitation"]
        session = UserSession.objects.create(
            user=owner, ip="127.0.0.1", session_key=house.clients["owner"].session.session_key
        )
        passkey = Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "Stick"})
        self.real: dict[str, Any] = {
            "slug": "meridian", "notice": notice, "session": session.id, "pk": passkey.id, "key": invitation,
            "uidb36": user_pk_to_url_str(owner), "token": invitation, "tenant": house.cast.meridian.id,
            "kind": "report.json",
        }  # fmt: skip
        self.nobodys: dict[str, Any] = {
            "slug": "nowhere-at-all", "notice": new_id(), "session": 2_000_000_000, "pk": 2_000_000_000,
            "key": new_id(), "uidb36": user_pk_to_url_str(User(id=new_id())), "token": new_id(), "tenant": new_id(),
            "kind": "report.json",
        }  # fmt: skip

    def addresses(self) -> Iterator[tuple[str, str, str, list[Any], list[Any]]]:
        """Each address that names a thing: its name, the path with Meridian's, with nobody's, and what is in them."""
        for route, pattern in outside():
            wanted = holes(route)
            if not wanted or route.startswith("scim/"):
                continue
            assert wanted <= set(self.real), f"{route}: say here what of Meridian's it could name"
            real, none = ({key: every[key] for key in wanted} for every in (self.real, self.nobodys))
            name = str(pattern.name)
            yield (
                name, reverse(name, kwargs=real), reverse(name, kwargs=none), list(real.values()), list(none.values())
            )  # fmt: skip


class TestBeyond:
    @pytest.mark.parametrize("who", ["nobody", "stranger", "removed", "stranger's key"])
    def test_meridians_things_are_nobodys(self, house: House, who: str) -> None:
        for name, mine, nobodys, sent, unsent in Beyond(house).addresses():
            for method in OF_PAGES:
                real, none = compared(
                    lambda asked, method=method: house.ask(  # type: ignore[misc]
                        who, method, asked[0], sent=[asked[0], quote(asked[0], safe=""), *asked[1]]
                    ),
                    (mine, sent),
                    (nobodys, unsent),
                )
                assert real.status < 500, f"{method} {name}"
                assert real == none, f"{method} {name}"
                assert "Meridian" not in real.text, f"{method} {name}"

    @pytest.mark.parametrize("who", ["nobody", "stranger", "removed"])
    def test_their_own_pages_tell_nothing_of_meridian(self, house: House, who: str) -> None:
        for route, pattern in outside():
            if holes(route) or pattern.name is None:
                continue
            answer = house.ask(who, "get", reverse(pattern.name), {"next": "/t/meridian/", "organisation": "nobody"})
            assert answer.status < 500, route
            assert "Meridian" not in answer.text, route

    @pytest.mark.parametrize("who", ["nobody", "owner", "stranger", "key"])
    def test_the_operators_console_is_not_there(self, house: House, who: str) -> None:
        thing = {"app_label": "tenants", "url": "x", "content_type_id": "1", "object_id": str(house.cast.stranger.id)}
        answers = set()
        for route, pattern in routes("operators/"):
            if pattern.name is None:
                continue
            path = reverse(f"operators:{pattern.name}", kwargs={key: thing[key] for key in holes(route)})
            for method in OF_PAGES:
                answer = house.ask(who, method, path, sent=[path])
                answers.add(answer.status)
                assert "Stranger Pumps" not in answer.text
        assert answers <= {302, 404, 405}
