"""Questions to a real name server, over real packets."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tenants.domains.dns import WHOLE_S, look
from tenants.domains.domain import Pointing, Result
from tests.tenants.domains.nameserver import NameServer

NAME, AT, TOKEN = "portal.meridian.example", "_outturn-challenge.portal.meridian.example", "t0ken"
RIGHT = '"outturn-domain-verification=t0ken"'


def test_the_record_is_there(names: NameServer) -> None:
    names.prove(NAME, TOKEN)
    seen = look(NAME, TOKEN, is_web=False)
    assert (seen.result, seen.found, seen.pointing) == (
        Result.RIGHT, ("outturn-domain-verification=t0ken",), Pointing.UNSEEN,
    )  # fmt: skip
    assert names.asked == [f"{AT} TXT udp"]


@pytest.mark.parametrize(
    ("texts", "result"),
    [
        (['"v=spf1 -all"', RIGHT], Result.RIGHT),
        (['"outturn-domain-" "verification=t0ken"'], Result.RIGHT),
        (['"outturn-domain-verification=other"'], Result.WRONG),
        ([f'"{"x" * 255}"'] * 3 + [RIGHT], Result.RIGHT),
        (['"\\255\\000\\254"'], Result.WRONG),
        ([], Result.MISSING),
    ],
)
def test_texts(names: NameServer, texts: list[str], result: Result) -> None:
    names.say(AT, "TXT", *texts)
    assert look(NAME, TOKEN, is_web=False).result is result


def test_a_long_answer_is_fetched_over_tcp(names: NameServer) -> None:
    names.say(AT, "TXT", *[f'"{number} {"x" * 240}"' for number in range(12)], RIGHT)
    seen = look(NAME, TOKEN, is_web=False)
    assert seen.result is Result.RIGHT
    assert len(seen.found) == 10
    assert names.asked == [f"{AT} TXT udp", f"{AT} TXT tcp"]


def test_an_alias_is_followed(names: NameServer) -> None:
    names.say(AT, "CNAME", "proofs.dns.example")
    names.say("proofs.dns.example", "TXT", RIGHT)
    assert look(NAME, TOKEN, is_web=False).result is Result.RIGHT


def test_a_name_that_is_not_there(names: NameServer) -> None:
    seen = look(NAME, TOKEN, is_web=True)
    assert (seen.result, seen.found, seen.pointing) == (Result.MISSING, (), Pointing.NOWHERE)


@pytest.mark.parametrize("fault", ["servfail", "refused", "garbage"])
def test_answers_that_are_none(names: NameServer, fault: Any) -> None:
    names.faults[AT] = fault
    seen = look(NAME, TOKEN, is_web=False)
    assert seen.result is Result.FAILED
    assert seen.found[0].startswith(f"the name servers for {AT}")


@pytest.mark.parametrize("fault", ["silence", "stranger"])
def test_no_answer_in_time(names: NameServer, fault: Any) -> None:
    names.faults |= {AT: fault, NAME: fault, "localhost": fault}
    begun = time.monotonic()
    seen = look(NAME, TOKEN, is_web=True)
    assert time.monotonic() - begun < WHOLE_S + 1
    assert seen.result is Result.FAILED
    assert "did not answer in time" in seen.found[0]
    assert seen.pointing is Pointing.FAILED


def test_no_server_at_all(settings: Any) -> None:
    settings.OUTTURN_DNS = ["[::1]:1"]
    assert look(NAME, TOKEN, is_web=False).result is Result.FAILED


class TestTraffic:
    @pytest.fixture(autouse=True)
    def _ours(self, names: NameServer, settings: Any) -> None:
        settings.BASE_URL = "https://app.outturn.example"
        names.say("app.outturn.example", "A", "192.0.2.10")
        names.say("app.outturn.example", "AAAA", "2001:db8::10")
        names.prove(NAME, TOKEN)

    def test_by_an_alias(self, names: NameServer) -> None:
        names.say(NAME, "CNAME", "app.outturn.example")
        seen = look(NAME, TOKEN, is_web=True)
        assert (seen.result, seen.pointing, seen.leads_to) == (Result.RIGHT, Pointing.HERE, "192.0.2.10, 2001:db8::10")

    def test_by_an_address(self, names: NameServer) -> None:
        names.say(NAME, "A", "198.51.100.1", "192.0.2.10")
        assert look(NAME, TOKEN, is_web=True).pointing is Pointing.HERE

    def test_to_somebody_else(self, names: NameServer) -> None:
        names.say(NAME, "A", "198.51.100.1")
        seen = look(NAME, TOKEN, is_web=True)
        assert (seen.result, seen.pointing, seen.leads_to) == (Result.RIGHT, Pointing.ELSEWHERE, "198.51.100.1")

    def test_nowhere(self) -> None:
        assert look(NAME, TOKEN, is_web=True).pointing is Pointing.NOWHERE

    def test_a_host_of_ours_that_is_an_address(self, names: NameServer, settings: Any) -> None:
        settings.BASE_URL = "http://192.0.2.10:8000"
        names.say(NAME, "A", "192.0.2.10")
        assert look(NAME, TOKEN, is_web=True).pointing is Pointing.HERE
