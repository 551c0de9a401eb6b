"""Every address, tried by people and keys who have no business there: they see nothing, and nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.kernel.ids import new_id
from tenants.scope.actors import PERMISSIONS, Role
from tests.isolation.asking import Answer
from tests.isolation.conftest import House
from tests.isolation.places import METHODS, OF_PAGES, Place, endpoints, pages, telling

WRITES = METHODS[1:]
QUESTIONS = frozenset({
    "api:check-permissions", "api:history-file-job-list", "api:simulation-what-if",
    *(f"api:gateway-keys-{name}" for name in ("known", "suggestions", "pattern", "sample", "newest")),
})  # fmt: skip
"""Asked by POST, and open to everybody inside: they change nothing but what is one's own."""
OF_ONES_OWN = frozenset({"api:history-file-job-detail"})
"""What one person asked for does not exist for another."""


def random_arguments(place: Place) -> dict[str, Any]:
    """Things that are nobody's, of the same forms."""
    return {key: new_id() if hasattr(value, "hex") else value for key, value in place.arguments.items()}


def told(answer: Answer, house: House, sent: str) -> set[str]:
    """Which of Meridian's secrets an answer tells that the caller did not send."""
    return {each for each in house.secrets if each not in sent and each in answer.text + str(answer.headers)}


class TestPages:
    @pytest.mark.parametrize("who", ["stranger", "removed"])
    def test_who_does_not_belong_finds_nothing_under_meridian(self, house: House, who: str) -> None:
        answers = {
            house.ask(who, method, place.path("meridian"), sent=[place.path("meridian")])
            for place in house.pages()
            for method in OF_PAGES
        }
        assert {answer.status for answer in answers} == {404}
        assert all("Meridian" not in answer.text for answer in answers)

    def test_meridian_and_no_organisation_at_all_are_told_apart_by_nobody(self, house: House) -> None:
        for method in METHODS:
            real, none = (house.ask("stranger", method, f"/t/{slug}/") for slug in ("meridian", "nowhere-at-all"))
            assert real == none

    def test_nobody_is_sent_to_sign_in(self, house: House) -> None:
        for place in house.pages():
            for method in OF_PAGES:
                answer = house.ask("nobody", method, place.path("meridian"))
                assert answer.status == 302, f"{method} {place.name}"
                assert dict(answer.headers)["Location"].startswith("/account/login/")
                assert answer.text == ""

    def test_meridians_things_do_not_exist_in_the_strangers_own_house(self, house: House) -> None:
        for place in house.pages():
            if not any(str(value) in house.secrets for value in place.arguments.values()):
                continue
            nobodys = random_arguments(place)
            for method in OF_PAGES:
                where = f"{method} {place.name}"
                real = house.ask("stranger", method, place.path("stranger"), sent=place.arguments.values())
                none = house.ask("stranger", method, place.path("stranger", **nobodys), sent=nobodys.values())
                assert real.status in (302, 404, 405), where
                assert real == none, where
                assert not told(real, house, place.path("stranger")), where

    def test_a_viewer_changes_nothing(self, house: House) -> None:
        for place in house.pages():
            for method in WRITES:
                answer = house.ask("viewer", method, place.path("meridian"))
                assert answer.status in (403, 405), f"{method} {place.name}"

    @pytest.mark.parametrize("who", ["customer", "other customer"])
    def test_a_customers_people_see_the_pages_for_customers_only(self, house: House, who: str) -> None:
        for place in house.pages():
            needs = getattr(place.view, "needs", None)
            for method in ("get", "post"):
                answer = house.ask(who, method, place.path("meridian"))
                if needs not in PERMISSIONS[Role.CUSTOMER]:
                    # The search is everybody's, and finds what they may see.
                    for_all = needs is None or isinstance(needs, frozenset)
                    assert for_all or answer.status in (403, 404, 405), f"{method} {place.name}"
                    assert not told(answer, house, place.path("meridian"))

    def test_another_customers_things_do_not_exist(self, house: House) -> None:
        for place in house.pages():
            if not place.arguments:
                answer = house.ask("other customer", "get", place.path("meridian"))
                assert not told(answer, house, ""), place.name
            for method in OF_PAGES if place.arguments else ():
                where = f"{method} {place.name}"
                nobodys = random_arguments(place)
                real = house.ask("other customer", method, place.path("meridian"), sent=place.arguments.values())
                none = house.ask("other customer", method, place.path("meridian", **nobodys), sent=nobodys.values())
                assert real.status in (403, 404, 405), where
                assert real == none, where


class TestApi:
    def test_keys_that_are_not_in_force_are_told_apart_by_nobody(self, house: House) -> None:
        for place in house.endpoints():
            for method in place.methods:
                refused = [
                    house.ask(who, method, place.path())
                    for who in ("no key", "expired key", "revoked key", "mistyped key")
                ]
                assert {answer.status for answer in refused} == {401}, f"{method} {place.name}"
                assert {answer.text for answer in refused} == {refused[0].text}
                assert [answer.headers for answer in refused] == [refused[0].headers] * 4

    @pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("stranger", 404), ("removed", 404)])
    def test_sessions_of_others_open_nothing_of_meridians(self, house: House, who: str, status: int) -> None:
        for place in house.endpoints():
            for method in place.methods:
                answer = house.ask(who, method, place.path("meridian"))
                assert answer.status == status, f"{method} {place.name}"
                assert "Meridian" not in answer.text

    @pytest.mark.parametrize(("who", "slug"), [("stranger's key", ""), ("stranger", "stranger")])
    def test_meridians_things_do_not_exist_for_strangers(self, house: House, who: str, slug: str) -> None:
        for place in house.endpoints():
            nobodys = random_arguments(place)
            for method in place.methods:
                where = f"{method} {place.name}"
                real = house.ask(who, method, place.path(slug), sent=place.arguments.values())
                assert real.status < 500, where
                assert not told(real, house, place.path(slug)), where
                if any(str(value) in house.secrets for value in place.arguments.values()):
                    none = house.ask(who, method, place.path(slug, **nobodys), sent=nobodys.values())
                    assert real.status in (400, 404, 405), where
                    assert real == none, where

    @pytest.mark.parametrize(("who", "slug"), [("viewer's key", ""), ("viewer", "meridian")])
    def test_a_viewer_changes_nothing(self, house: House, who: str, slug: str) -> None:
        for place in house.endpoints():
            for method in set(place.methods) - {"get"}:
                answer = house.ask(who, method, place.path(slug))
                is_question = place.name in QUESTIONS and method == "post"
                refused = (404, 405) if place.name in OF_ONES_OWN else (403, 405)
                assert is_question or answer.status in refused, f"{method} {place.name}"

    def test_another_customers_things_do_not_exist(self, house: House) -> None:
        for place in house.endpoints():
            for method in place.methods:
                where = f"{method} {place.name}"
                real = house.ask("other customer", method, place.path("meridian"), sent=place.arguments.values())
                assert not told(real, house, place.path("meridian")), where
                if place.arguments:
                    nobodys = random_arguments(place)
                    none = house.ask("other customer", method, place.path("meridian", **nobodys), sent=nobodys.values())
                    assert real.status in (400, 403, 404, 405), where
                    assert real == none, where


def test_both_organisations_have_one_of_everything(house: House) -> None:
    assert house.mine.keys() == house.theirs.keys()
    assert len(telling(house.mine) - telling(house.theirs)) >= 15
    assert len(pages(house.mine)) == len(pages(house.theirs))
    assert len(endpoints(house.mine)) == len(endpoints(house.theirs))
