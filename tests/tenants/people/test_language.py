"""Which language a page speaks, who chose it, and what is English whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.people.language import language_of
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def spoken(answer: Any) -> str:
    """The language that a page says it is in."""
    text: str = answer.content.decode()
    return text.partition('<html lang="')[2].partition('"')[0]


class TestWithoutAnAccount:
    @pytest.mark.parametrize(
        ("accepted", "language"),
        [
            ("de", "de"), ("de-CH", "de"), ("fr,de;q=0.5", "de"), ("fr", "en"), ("en-GB,de;q=0.9", "en"), ("", "en"),
            ("*", "en"),
        ],
    )  # fmt: skip
    def test_the_browser_is_heeded(self, accepted: str, language: str) -> None:
        answer = Client().get("/account/login/", HTTP_ACCEPT_LANGUAGE=accepted)
        assert (spoken(answer), answer["Content-Language"]) == (language, language)
        assert {"Accept-Language", "Cookie"} <= {each.strip() for each in answer["Vary"].split(",")}
        assert ("Anmelden" in answer.content.decode()) == (language == "de")

    def test_a_choice_comes_before_the_browser(self) -> None:
        client = Client()
        answer = client.post("/language/", {"language": "de"}, HTTP_REFERER="http://testserver/account/login/?next=/x")
        assert (answer.status_code, answer["Location"]) == (302, "http://testserver/account/login/?next=/x")
        cookie = client.cookies["language"]
        assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("de", "Lax", True)
        assert spoken(client.get("/account/login/", HTTP_ACCEPT_LANGUAGE="en")) == "de"

    @pytest.mark.parametrize("elsewhere", ["", "https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_nobody_is_led_elsewhere(self, elsewhere: str) -> None:
        answer = Client().post("/language/", {"language": "en"}, HTTP_REFERER=elsewhere)
        assert answer["Location"] == "/"

    @pytest.mark.parametrize("language", ["", "fr", "de-DE", "../de", "xx" * 50])
    def test_what_is_no_language_is_refused(self, language: str) -> None:
        client = Client()
        answer = client.post("/language/", {"language": language})
        assert answer.status_code == 400
        assert "language" not in client.cookies

    def test_it_is_never_chosen_by_reading(self) -> None:
        assert Client().get("/language/?language=de").status_code == 405
        assert spoken(Client().get("/account/login/?language=de")) == "en"

    def test_a_guest_chooses_in_the_address(self) -> None:
        client = Client()
        answer = client.get("/shared/reports/nowhere/?language=de")
        assert (answer.status_code, spoken(answer)) == (404, "de")
        assert "Dieser Link führt nirgendwohin" in answer.content.decode()
        assert spoken(client.get("/shared/reports/nowhere/")) == "de"
        assert spoken(client.get("/shared/reports/nowhere/?language=xx")) == "de"

    def test_a_cookie_that_nobody_gave_is_passed_over(self) -> None:
        client = Client()
        client.cookies["language"] = "xx"
        assert spoken(client.get("/account/login/", headers=GERMAN)) == "de"


class TestPeople:
    def test_a_choice_is_kept_with_the_person(self, cast: Cast, sign_in: SignIn) -> None:
        sign_in(cast.reader).post("/language/", {"language": "de"})
        reader = User.objects.get(id=cast.reader.id)
        assert (reader.language, language_of(reader)) == ("de", "de")
        elsewhere = sign_in(cast.reader)
        elsewhere.cookies["language"] = "en"
        assert spoken(elsewhere.get("/t/meridian/reports/", HTTP_ACCEPT_LANGUAGE="en")) == "de"
        sign_in(cast.reader).post("/language/", {"language": "en"})
        assert spoken(elsewhere.get("/t/meridian/reports/", headers=GERMAN)) == "en"

    def test_who_chose_nothing_is_written_to_in_english(self, cast: Cast) -> None:
        assert cast.reader.language == ""
        assert language_of(cast.reader) == "en"
        assert language_of(User(email="x@example.org", language="xx")) == "en"

    def test_a_customers_people_are_shown_what_their_browser_asks_for(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.reader).get("/t/meridian/reports/", headers=GERMAN)
        assert spoken(answer) == "de"
        assert "Noch kein Bericht" in answer.content.decode()

    def test_the_houses_own_people_are_shown_german_once_they_choose_it(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        answer = client.get("/t/meridian/statements/", headers=GERMAN)
        assert (spoken(answer), answer["Content-Language"]) == ("en", "en")
        client.post("/language/", {"language": "de"})
        assert spoken(client.get("/t/meridian/statements/")) == "de"


class TestPrograms:
    def test_the_api_speaks_english_whoever_asks(
        self, cast: Cast, sign_in: SignIn, with_key: Callable[[Tenant, Role], APIClient]
    ) -> None:
        sign_in(cast.reader).post("/language/", {"language": "de"})
        for client, path in (
            (sign_in(cast.reader), "/t/meridian/api/v1/reports/018f0000-0000-7000-8000-000000000000/"),
            (with_key(cast.meridian, Role.OWNER), "/api/v1/contracts/018f0000-0000-7000-8000-000000000000/"),
        ):
            answer = client.get(path, headers=GERMAN)
            assert answer.status_code == 404
            assert '"detail":"' in answer.content.decode().replace(": ", ":")
            assert "Content-Language" not in answer

    def test_a_list_as_a_file_has_the_columns_that_programs_know(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        file = client.get("/t/meridian/invoices/?format=csv", headers=GERMAN)
        assert file.content.decode("utf-8-sig").startswith("Number,Kind,Period,Contract,Customer,Issued,Due,")
        assert "Rechnungen" in client.get("/t/meridian/invoices/", headers=GERMAN).content.decode()
