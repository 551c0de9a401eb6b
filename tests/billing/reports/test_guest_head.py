"""The log as a guest's browser asks it: the newest head and the proof, by the link alone, and noted like the rest."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from billing.reports import verifier
from billing.reports.links import openings_told
from billing.reports.models import ReportOpening
from tenants.edge.middleware import SecurityHeadersMiddleware
from tenants.record.models import TreeHead
from tenants.record.services import seal_head
from tenants.scope.context import scope
from tests.billing.reports.test_links import actor, made
from tests.billing.world import House, at, body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_a_guest_is_shown_that_the_log_only_grew(cast: Cast, house: House) -> None:
    path, report = made(cast, house), house.done.report
    with scope(cast.meridian.id):
        newest = seal_head(now=at("2026-12-06"))
    assert newest.size > report.head_size
    given = Client().get(f"{path}head.json?known={report.head_size}")
    assert (given.status_code, given["Content-Type"]) == (200, "application/json")
    found = given.json()
    assert set(found) == {"size", "head", "key", "consistency", "handovers"}
    assert (found["size"], found["head"], found["handovers"]) == (newest.size, newest.note, [])
    bundle = json.loads(bytes(report.bundle))
    assert found["key"] == bundle["key"]["verifier"]
    old, new = verifier.read_head(bundle["head"]), verifier.read_head(found["head"])
    assert verifier.grown(old, new, [bytes.fromhex(each) for each in found["consistency"]])
    assert Client().get(f"{path}head.json").json()["consistency"] == []
    for answer in (given, Client().get(path)):
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Content-Security-Policy"] == SecurityHeadersMiddleware.POLICY


def test_asking_the_log_is_noted_like_any_opening(cast: Cast, house: House) -> None:
    path = made(cast, house)
    Client().get(f"{path}head.json?known=1")
    with scope(cast.meridian.id):
        assert [row.what for row in openings_told(actor(cast), house.done.report.id, 9)] == ["head.json"]


@pytest.mark.parametrize("known", ["", "-1", "x", "1.5", "1" * 16, "٣"])
def test_what_is_no_size_is_refused(cast: Cast, house: House, known: str) -> None:
    answer = Client().get(f"{made(cast, house)}head.json", {"known": known})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    told = answer.json()
    assert (told["code"], told["place"], told["fix"]) == ("request.invalid", "known", "Ask from the size of a head.")
    with scope(cast.meridian.id):
        assert not ReportOpening.objects.exists()


def test_a_log_that_is_smaller_than_the_guest_knows_is_said_to_be(cast: Cast, house: House) -> None:
    with scope(cast.meridian.id):
        size = TreeHead.objects.latest("size").size
    answer = Client().get(f"{made(cast, house)}head.json?known={size + 1}")
    assert answer.status_code == 409
    assert answer.json()["code"] == "record.rolled_back"
    assert answer.json()["detail"].startswith(f"The log has {size} entries, fewer than the {size + 1}")


def test_the_page_offers_the_check_with_a_memory_of_its_own(cast: Cast, house: House) -> None:
    path, bundle = made(cast, house), json.loads(bytes(house.done.report.bundle))
    page, log = body(Client(), path), bundle["head"].split("\n")[0]
    assert f'data-report="{path}report.json" data-log="{path}head.json" data-memory="outturn-guest-log:{log}"' in page
    assert "apart from what it remembers for people who sign in" in page
    assert "The entries are in the log under the head" in page
    assert "/t/meridian/" not in page
