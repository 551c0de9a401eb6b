"""The pages and the API of dunning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from billing.dunning.domain import Level
from billing.dunning.models import DunningPause, DunningSettings
from billing.dunning.services import set_dunning, write_due
from billing.invoices.models import Invoice
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.post.services import send_due
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.world import BY, an_invoice
from tests.billing.world import body
from tests.conftest import Cast
from tests.lists import check_queries

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
HOUSE = "/t/meridian/"
SETTINGS, OVERDUE = f"{HOUSE}admin/reminders/", f"{HOUSE}invoices/overdue/"
THREE = {"is_on": "on", "days_1": "3", "days_2": "14", "text_2": "{open} are open.", "days_3": ""}


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    """100.00 USD, five days overdue today."""
    with scope(cast.meridian.id):
        return an_invoice(cast.northwind, 10_000, due=(utc_now() - timedelta(days=5)).date())


def written(cast: Cast) -> None:
    """Reminders were turned on two days ago, and the first was sent."""
    now = utc_now()
    with scope(cast.meridian.id):
        set_dunning(is_on=True, levels=[Level(3), Level(14)], by=BY, now=now - timedelta(days=2))
        assert write_due(now=now) == 1
    assert send_due(cast.meridian.id, now=now, most=9) == (1, 0)


class TestSettings:
    def test_levels_are_set_and_shown_again(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        assert "Letters are written from" not in body(client, SETTINGS)
        assert client.post(SETTINGS, THREE).status_code == 302
        page = body(client, SETTINGS)
        for words in ('name="days_1" value="3"', 'name="days_2" value="14"', "{open} are open.", "written from"):
            assert words in page, words
        with scope(cast.meridian.id):
            row = DunningSettings.objects.get()
            assert row.levels == [{"days": 3, "text": ""}, {"days": 14, "text": "{open} are open."}]
            assert row.starts_on == (utc_now() + timedelta(days=1)).date()
            deed = AuditEntry.objects.get(action="dunning.settings")
            assert deed.details == {
                "before": {"is_on": False, "levels": []}, "after": {"is_on": True, "levels": [3, 14]}
            }  # fmt: skip

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"days_1": "0"}, "greater than or equal to 1"),
            ({"days_1": "14"}, "Enter more than 14 and at most 365 days."),
            ({"days_1": "", "days_2": "5"}, "The level before has no days"),
            ({"text_3": "Pay."}, "Say after how many days this is written"),
            ({"text_1": "{secret}"}, "{secret} stands for nothing."),
            ({"days_1": "", "days_2": "", "text_2": ""}, "There is no level yet."),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_kept(
        self, cast: Cast, sign_in: SignIn, wrong: dict[str, str], words: str
    ) -> None:
        answer = sign_in(cast.owner).post(SETTINGS, THREE | wrong)
        assert answer.status_code == 400
        assert words in answer.content.decode()
        with scope(cast.meridian.id):
            assert not DunningSettings.objects.exists()

    def test_only_who_issues_invoices_sets_them(self, cast: Cast, sign_in: SignIn) -> None:
        for user in (cast.viewer, cast.engineer, cast.reader):
            assert sign_in(user).get(SETTINGS).status_code == 403


class TestInvoice:
    def test_its_page_shows_what_was_written_and_what_comes(
        self, cast: Cast, invoice: Invoice, sign_in: SignIn
    ) -> None:
        path = f"{HOUSE}invoices/{invoice.id}/"
        assert "reminders are turned off" in body(sign_in(cast.owner), path)
        assert "Payment reminders" not in body(sign_in(cast.reader), path)
        written(cast)
        page = body(sign_in(cast.owner), path)
        for words in ("Payment reminder</td>", "Sent to 1 person", "First notice from ", "Pause reminders"):
            assert words in page, words
        page = body(sign_in(cast.reader), path)
        assert "Payment reminder</td>" in page
        for words in ("Sent to", "Next", "Pause"):
            assert words not in page.split('<h2 id="reminders">')[1].split("</section>")[0], words
        assert "Pause reminders" not in body(sign_in(cast.viewer), path)

    def test_reminders_are_paused_and_taken_up_again(self, cast: Cast, invoice: Invoice, sign_in: SignIn) -> None:
        written(cast)
        client, path = sign_in(cast.owner), f"{HOUSE}invoices/{invoice.id}/"
        wrong = client.post(f"{path}reminders/pause/", {"about": "invoice", "reason": "x", "until": "2020-01-01"})
        assert wrong.status_code == 400
        assert "That day is over." in wrong.content.decode()
        given = {"about": "customer", "reason": "They pay in May.", "until": ""}
        assert client.post(f"{path}reminders/pause/", given).status_code == 302
        page = body(client, path)
        for words in ("Paused: They pay in May.", "Paused for the whole customer", "End the pause"):
            assert words in page, words
        assert "They pay in May." not in body(sign_in(cast.reader), path)
        assert "Paused: They pay in May." in body(client, OVERDUE)
        with scope(cast.meridian.id):
            pause = DunningPause.objects.get()
        assert client.post(f"{HOUSE}invoices/{new_id()}/reminders/{pause.id}/resume/").status_code == 404
        assert client.post(f"{path}reminders/{new_id()}/resume/").status_code == 404
        assert client.post(f"{path}reminders/{pause.id}/resume/").status_code == 302
        assert "They pay in May." not in body(client, path)
        assert sign_in(cast.viewer).post(f"{path}reminders/{pause.id}/resume/").status_code == 403


class TestOverdue:
    def test_what_is_overdue_is_listed_with_what_comes_next(
        self, cast: Cast, invoice: Invoice, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            an_invoice(cast.northwind, 500, currency="JPY", due=utc_now().date())
        page = body(sign_in(cast.viewer), OVERDUE)
        assert "Payment reminders are turned off" in page
        written(cast)
        page = body(sign_in(cast.viewer), OVERDUE)
        for words in (invoice.number, "Northwind Air", "Overdue, USD", "1 invoice<", "100.00", "Payment reminder, "):
            assert words in page, words
        assert "JPY" not in page
        assert sign_in(cast.reader).get(OVERDUE).status_code == 403
        answer = sign_in(cast.viewer).get(f"{OVERDUE}?format=csv").content.decode()
        assert answer.splitlines()[0] == "\ufeffNumber,Customer,Due,Overdue days,Open,Last letter,Next"
        assert f"{invoice.number},Northwind Air,{invoice.due_on},5,100.00," in answer

    def test_nothing_is_overdue(self, cast: Cast, sign_in: SignIn) -> None:
        assert "Nothing is overdue" in body(sign_in(cast.viewer), OVERDUE)

    def test_queries_do_not_grow(self, cast: Cast, invoice: Invoice, sign_in: SignIn) -> None:
        def grow() -> None:
            with scope(cast.meridian.id):
                for number in range(60):
                    an_invoice(cast.northwind, 100 + number, due=invoice.due_on)

        check_queries(sign_in(cast.viewer), OVERDUE, grow)

    def test_the_overview_has_its_sum(self, cast: Cast, invoice: Invoice, sign_in: SignIn) -> None:
        page = body(sign_in(cast.owner), HOUSE)
        assert OVERDUE in page
        assert "100.00 USD" in page


class TestApi:
    def test_settings_are_read_and_set(self, cast: Cast, with_key: WithKey) -> None:
        client, path = with_key(cast.meridian, Role.FINANCE), "/api/v1/dunning/settings/"
        assert client.get(path).json() == {"is_on": False, "levels": [], "starts_on": None}
        given = {"is_on": True, "levels": [{"days": 3}, {"days": 14, "text": "{open}"}]}
        answer = client.put(path, given, format="json")
        starts = str((utc_now() + timedelta(days=1)).date())
        assert answer.json() == {
            "is_on": True, "levels": [{"days": 3, "text": ""}, {"days": 14, "text": "{open}"}], "starts_on": starts
        }  # fmt: skip
        assert client.get(path).json() == answer.json()
        bad = client.put(path, {"is_on": True, "levels": [{"days": 9}, {"days": 9}]}, format="json")
        told = {"status": 400, "code": "dunning.refused", "place": "levels/1/days"}
        assert bad.json().items() >= told.items()
        assert with_key(cast.meridian, Role.VIEWER).put(path, given, format="json").status_code == 403

    def test_the_history_of_an_invoice(self, cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
        client, path = with_key(cast.meridian, Role.VIEWER), f"/api/v1/invoices/{invoice.id}/dunning/"
        found: dict[str, Any] = client.get(path).json()
        assert found == {
            "invoice": str(invoice.id), "days_overdue": 5, "open_minor": 10_000, "hold": None, "reason": "",
            "next_level": None, "next_on": None, "notices": [], "pauses": [],
        }  # fmt: skip
        written(cast)
        found = client.get(path).json()
        assert (found["next_level"], found["next_on"]) == (2, str((utc_now() + timedelta(days=11)).date()))
        (notice,) = found["notices"]
        assert notice.items() >= {"level": 1, "days": 5, "open_minor": 10_000, "sent": 1, "waiting": 0}.items()
        assert client.get(f"/api/v1/invoices/{new_id()}/dunning/").json()["code"] == "invoice.not_found"
