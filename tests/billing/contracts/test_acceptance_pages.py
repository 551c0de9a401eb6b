"""Signing in the end customer's portal and over the API: what they read, that they answer it, and who may not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from billing.contracts.models import Contract, ContractAcceptance
from billing.contracts.selectors import contract as contract_by_id
from tenants.customers.services import create_customer
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.signing import READER, accept, amended, version
from tests.billing.world import SIGNED, Fleet, agreement, body, published
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Keyed = Callable[[Tenant, Role], APIClient]
LIST, API = "/t/meridian/agreed/", "/t/meridian/api/v1/agreed-contracts/"


@dataclass(frozen=True)
class Offer:
    """A contract that is offered to Northwind, and its page."""

    cast: Cast
    fleet: Fleet
    contract: Contract

    @property
    def path(self) -> str:
        return f"{LIST}{self.contract.id}/"

    def wanted(self, **changes: Any) -> dict[str, Any]:
        return agreement(self.fleet, acceptance="required", **changes) | {"customer": str(self.cast.northwind)}

    def amend(self, **changes: Any) -> None:
        with scope(self.cast.meridian.id):
            amended(self.contract, self.wanted(**changes))


@pytest.fixture
def offer(cast: Cast) -> Offer:
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(1))
        wanted = agreement(fleet, acceptance="required") | {"customer": str(cast.northwind)}
        return Offer(cast, fleet, published(wanted))


@pytest.fixture
def southwind(cast: Cast) -> User:
    """A reader of another customer of Meridian's."""
    with scope(cast.meridian.id):
        other = create_customer(name="Southwind Air", now=SIGNED).id
    reader = User.objects.create_user("reader@southwind.example")
    add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=other, now=SIGNED)
    return reader


def form_in(page: str, prefix: str, **more: str) -> dict[str, str]:
    """What the browser sends of a form: its hidden fields as they are, with what somebody typed."""
    hidden = dict(re.findall(rf'type="hidden" name="({prefix}-[a-z_]+)" value="([^"]*)"', page))
    assert set(hidden) == {f"{prefix}-{name}" for name in ("version", "digest", "text_digest")}
    return hidden | {f"{prefix}-{name}": value for name, value in more.items()}


class TestPages:
    def test_the_customer_reads_accepts_and_keeps_a_receipt(self, offer: Offer, sign_in: SignIn) -> None:
        client = sign_in(offer.cast.reader)
        listed = body(client, LIST)
        assert f'href="{offer.path}"' in listed
        assert "Waits for acceptance" in listed
        page = body(client, offer.path)
        for words in (
            "It takes effect only once Northwind Air has accepted it electronically.",
            "Until then nothing is settled.", "Accept version 1", "Decline version 1", "Engine 081 (",
        ):  # fmt: skip
            assert words in page, words
        text = client.get(f"{offer.path}versions/1.txt").content
        assert hashlib.sha256(text).hexdigest() in page
        done = client.post(f"{offer.path}accept/", form_in(page, "accept", name="Nora Winter"), follow=True)
        assert done.redirect_chain == [(f"{offer.path}?version=1", 302)]
        receipt = done.content.decode()
        with scope(offer.cast.meridian.id):
            answer = ContractAcceptance.objects.get()
        for words in ("Receipt", f"Nora Winter, {READER}", answer.digest, answer.document["text_digest"], "In force"):
            assert words in receipt, words
        assert "Accept version" not in receipt
        assert client.get(f"{offer.path}versions/1.txt").content == text == answer.text.encode()

    def test_the_rail_of_customers_leads_there_and_that_of_the_house_to_its_own(
        self, offer: Offer, sign_in: SignIn
    ) -> None:
        assert f'href="{LIST}"' in body(sign_in(offer.cast.reader), LIST)
        rail = body(sign_in(offer.cast.owner), "/t/meridian/contracts/")
        assert f'href="{LIST}"' not in rail
        for path in ("contracts", "dashboards"):
            assert f'href="/t/meridian/{path}/"' in rail

    def test_what_has_changed_is_told_sentence_by_sentence(self, offer: Offer, sign_in: SignIn) -> None:
        with scope(offer.cast.meridian.id):
            accept(offer.contract)
        offer.amend(tax_percent="19")
        page = body(sign_in(offer.cast.reader), offer.path)
        assert "What changes from version 1" in page
        assert re.search(r"<del>.{0,80}Tax of 0 % is added", page)
        assert re.search(r"<ins>.{0,80}Tax of 19 % is added", page)
        assert page.count("<ins>") == page.count("<del>") == 1
        assert (
            "It takes the place of version 1 from the same day, 1 January 2026: version 1 then holds for no day."
            in page
        )
        first = body(sign_in(offer.cast.reader), f"{offer.path}?version=1")
        assert "Tax of 0 % is added" in first
        assert "Accept version" not in first
        body(sign_in(offer.cast.reader), f"{offer.path}?version=3", 404)

    def test_declining_with_a_reason(self, offer: Offer, sign_in: SignIn) -> None:
        client = sign_in(offer.cast.reader)
        page = body(client, offer.path)
        filled = form_in(page, "decline", name="Nora Winter", reason="Too dear <by half>.")
        nothing = client.post(f"{offer.path}decline/", filled | {"decline-reason": ""})
        assert nothing.status_code == 400
        assert "This field is required" in nothing.content.decode()
        assert "Nora Winter" in nothing.content.decode()
        done = client.post(f"{offer.path}decline/", filled, follow=True).content.decode()
        assert "Too dear &lt;by half&gt;." in done
        told = body(sign_in(offer.cast.owner), "/t/meridian/contracts/uptime/")
        for words in ("Version 1 was declined", f"Nora Winter, {READER}", "Too dear &lt;by half&gt;."):
            assert words in told, words

    def test_the_provider_sees_who_accepted(self, offer: Offer, sign_in: SignIn) -> None:
        client = sign_in(offer.cast.owner)
        assert "Version 1 waits for acceptance since" in body(client, "/t/meridian/contracts/uptime/")
        with scope(offer.cast.meridian.id):
            accept(offer.contract)
        told = body(client, "/t/meridian/contracts/uptime/")
        for words in ("Version 1 was accepted", f"Nora Winter, {READER}", f"accepted by {READER}"):
            assert words in told, words

    def test_the_list_of_contracts_says_what_became_of_the_offer(self, offer: Offer, sign_in: SignIn) -> None:
        client = sign_in(offer.cast.owner)
        assert "Version 1 waits for acceptance" in body(client, "/t/meridian/contracts/")
        with scope(offer.cast.meridian.id):
            accept(offer.contract)
        assert "waits for acceptance" not in body(client, "/t/meridian/contracts/")
        offer.amend(tax_percent="19")
        assert "Version 2 waits for acceptance" in body(client, "/t/meridian/contracts/")

    def test_publishing_says_what_is_replaced_and_that_it_waits(self, offer: Offer, sign_in: SignIn) -> None:
        with scope(offer.cast.meridian.id):
            accept(offer.contract)
        offer.amend(tax_percent="19")
        with scope(offer.cast.meridian.id):
            accept(offer.contract, 2)
            edited = offer.wanted(tax_percent="7")
        client = sign_in(offer.cast.owner)
        row = client.get(f"/t/meridian/api/v1/contracts/{offer.contract.id}/").json()
        put = client.put(
            f"/t/meridian/api/v1/contracts/{offer.contract.id}/", edited | {"revision": row["revision"]},
            content_type="application/json",
        )  # fmt: skip
        assert put.status_code == 200
        replaced = "It takes the place of version 2 from the same day, 1 January 2026: version 2 then holds for no day."
        draft = body(client, "/t/meridian/contracts/uptime/")
        assert "it is offered to the customer" in draft
        assert replaced in draft
        done = client.post(
            "/t/meridian/contracts/uptime/publish/", {"revision": put.json()["revision"]}, follow=True
        ).content.decode()
        assert f"Version 3 is published. It is in the log and never changes. {replaced}" in done
        assert "It waits for the customer" in done

    def test_the_pages_of_many_take_as_many_queries_as_of_one(self, offer: Offer, sign_in: SignIn) -> None:
        client, counts = sign_in(offer.cast.reader), []
        body(client, LIST)
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                body(client, LIST)
            counts.append(len(queries))
            with scope(offer.cast.meridian.id):
                for number in range(3):
                    published(offer.wanted(title=f"Uptime {number}"))
        assert counts[0] == counts[1]


class TestStrangers:
    def test_another_customers_person_finds_nothing(self, offer: Offer, sign_in: SignIn, southwind: User) -> None:
        mine, theirs = sign_in(offer.cast.reader), sign_in(southwind)
        filled = form_in(body(mine, offer.path), "accept", name="Nora Winter")
        assert "No contract yet" in body(theirs, LIST)
        for path in ("", "versions/1.txt", "exclusions/"):
            body(theirs, f"{offer.path}{path}", 404)
        for path in ("accept/", "decline/"):
            assert theirs.post(f"{offer.path}{path}", filled).status_code == 404
        assert theirs.get(API).json()["results"] == []
        assert theirs.get(f"{API}{offer.contract.id}/").status_code == 404
        assert theirs.post(f"{API}{offer.contract.id}/accept/", {}).status_code == 404

    def test_the_houses_own_people_see_a_preview_and_answer_nothing(self, offer: Offer, sign_in: SignIn) -> None:
        filled = form_in(body(sign_in(offer.cast.reader), offer.path), "accept", name="Nora Winter")
        for user in (offer.cast.owner, offer.cast.viewer):
            client = sign_in(user)
            page = body(client, offer.path)
            assert "Only their own people can accept it" in page
            assert "Accept version" not in page
            assert client.post(f"{offer.path}accept/", filled).status_code == 403
            assert client.post(f"{API}{offer.contract.id}/accept/", {}).json()["code"] == "acceptance.not_the_customer"

    def test_a_draft_is_nobodys_but_the_houses(self, offer: Offer, sign_in: SignIn) -> None:
        with scope(offer.cast.meridian.id):
            Contract.objects.update(published=0)
        body(sign_in(offer.cast.reader), offer.path, 404)
        assert "No contract yet" in body(sign_in(offer.cast.reader), LIST)

    def test_a_replay_changes_nothing(self, offer: Offer, sign_in: SignIn) -> None:
        client = sign_in(offer.cast.reader)
        filled = form_in(body(client, offer.path), "accept", name="Nora Winter")
        client.post(f"{offer.path}accept/", filled)
        again = client.post(f"{offer.path}accept/", filled | {"accept-name": "Somebody Else"}, follow=True)
        assert f"Version 1 was accepted by {READER}" in again.content.decode()
        with scope(offer.cast.meridian.id):
            assert ContractAcceptance.objects.get().document["name"] == "Nora Winter"

    def test_what_changed_under_the_reader_is_to_be_read_again(self, offer: Offer, sign_in: SignIn) -> None:
        client = sign_in(offer.cast.reader)
        filled = form_in(body(client, offer.path), "accept", name="Nora Winter")
        offer.amend(tax_percent="19")
        late = client.post(f"{offer.path}accept/", filled, follow=True).content.decode()
        assert "Version 2 was offered in place of version 1" in late
        assert "Accept version 2" in late
        forged = form_in(body(client, offer.path), "accept", name="N") | {"accept-text_digest": "0" * 64}
        assert "Read it again" in client.post(f"{offer.path}accept/", forged, follow=True).content.decode()
        broken = client.post(f"{offer.path}accept/", forged | {"accept-digest": "x"})
        assert broken.status_code == 400
        with scope(offer.cast.meridian.id):
            assert not ContractAcceptance.objects.exists()


class TestApi:
    def answer(self, offer: Offer, client: Client, deed: str, **changes: Any) -> Any:
        told = client.get(f"{API}{offer.contract.id}/").json()
        newest = told["versions"][0]
        read = {"version": newest["version"], "digest": newest["digest"], "text_digest": told["text_digest"]}
        return client.post(
            f"{API}{offer.contract.id}/{deed}/", read | {"name": "Nora Winter"} | changes,
            content_type="application/json",
        )  # fmt: skip

    def test_reading_and_accepting(self, offer: Offer, sign_in: SignIn, with_key: Keyed) -> None:
        client = sign_in(offer.cast.reader)
        (listed,) = client.get(API).json()["results"]
        assert listed == {"id": str(offer.contract.id), "title": "Uptime", "customer": str(offer.cast.northwind)}
        told = client.get(f"{API}{offer.contract.id}/").json()
        assert told["text_digest"] == hashlib.sha256(told["text"].encode()).hexdigest()
        assert [(one["version"], one["state"], one["answer"]) for one in told["versions"]] == [(1, "waits", None)]
        done = self.answer(offer, client, "accept")
        assert done.status_code == 200
        (version,) = done.json()["versions"]
        assert (version["state"], version["answer"]["accepted"]) == ("in_force", True)
        assert version["answer"]["document"]["name"] == "Nora Winter"
        again = self.answer(offer, client, "accept")
        assert (again.status_code, again.json()["code"]) == (409, "acceptance.not_open")
        partner = with_key(offer.cast.meridian, Role.FINANCE)
        (seen,) = partner.get(f"/api/v1/contracts/{offer.contract.id}/versions/").json()
        assert (seen["needs_acceptance"], seen["answer"]) == (True, version["answer"])

    def test_declining_an_amendment_and_what_it_would_have_changed(self, offer: Offer, sign_in: SignIn) -> None:
        with scope(offer.cast.meridian.id):
            accept(offer.contract)
        offer.amend(tax_percent="19")
        client = sign_in(offer.cast.reader)
        told = client.get(f"{API}{offer.contract.id}/").json()
        by_law = (
            "Where a legal entity of Meridian Engines issues the invoice, it is the tax that the law asks for on the "
            "last day of the period instead."
        )
        assert told["changes"] == [
            {"text": f"Tax of 0 % is added to the sum. {by_law}", "is_new": False},
            {"text": f"Tax of 19 % is added to the sum. {by_law}", "is_new": True},
        ]
        wrong = self.answer(offer, client, "decline", reason="No.", digest="0" * 64)
        assert (wrong.status_code, wrong.json()["code"]) == (409, "acceptance.changed")
        assert self.answer(offer, client, "decline").status_code == 400
        done = self.answer(offer, client, "decline", reason="Tax is 7 %.")
        assert [one["state"] for one in done.json()["versions"]] == ["declined", "in_force"]

    def test_what_was_agreed_in_other_words_keeps_them(self, offer: Offer, sign_in: SignIn) -> None:
        words = "Tax of 0 % is added to the sum; it is due 30 days after the invoice.\n"
        with scope(offer.cast.meridian.id):
            ContractAcceptance.objects.create(
                version=version(offer.contract), accepted=True, text=words, document={"name": "Nora Winter"},
                digest="a" * 64, answered_by=READER, answered_at=SIGNED,
            )  # fmt: skip
        client = sign_in(offer.cast.reader)
        told = client.get(f"{API}{offer.contract.id}/").json()
        assert (told["text"], told["text_digest"]) == (words, hashlib.sha256(words.encode()).hexdigest())
        assert client.get(f"{offer.path}versions/1.txt").content == words.encode()
        assert hashlib.sha256(words.encode()).hexdigest() in body(client, offer.path)

    def test_a_key_of_the_house_answers_nothing(self, offer: Offer, with_key: Keyed) -> None:
        client = with_key(offer.cast.meridian, Role.OWNER)
        refused = client.post(f"/api/v1/agreed-contracts/{offer.contract.id}/accept/", {})
        assert (refused.status_code, refused.json()["code"]) == (403, "acceptance.not_the_customer")
        assert client.get(f"/api/v1/agreed-contracts/{offer.contract.id}/").status_code == 200
        with scope(offer.cast.meridian.id):
            assert contract_by_id(offer.contract.id).published == 1


def test_a_list_is_narrowed_to_a_customer_in_the_preview(offer: Offer, sign_in: SignIn) -> None:
    client = sign_in(offer.cast.owner)
    narrowed = body(client, f"{LIST}?{urlencode({'customer': str(offer.cast.northwind)})}")
    assert offer.path in narrowed
    assert "What your customers read of their contracts" in narrowed
