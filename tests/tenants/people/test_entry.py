"""Who is let in by which rules of entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenants.people.entry import Facts, Policy, Way, network_refusal, policy_of, refusal

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
FACTS = Facts(address="203.0.113.7", now=NOW, proved_at=NOW - timedelta(hours=2))


def code(policy: Policy, facts: Facts) -> str | None:
    found = refusal(policy, facts)
    return None if found is None else found.code


def test_without_rules_everybody_is_let_in() -> None:
    assert refusal(Policy(), Facts(address="", now=NOW)) is None
    assert policy_of({}) == Policy()


@pytest.mark.parametrize(
    ("has", "used", "signed_on", "expected"),
    [
        (False, False, False, "entry.second_factor"),
        (True, False, False, "entry.second_factor_unused"),
        (True, True, False, None),
        (False, False, True, None),
    ],
)
def test_second_factor(has: bool, used: bool, signed_on: bool, expected: str | None) -> None:
    facts = replace(FACTS, has_factor=has, used_factor=used, signed_on=signed_on)
    assert code(Policy(second_factor=True), facts) == expected


@pytest.mark.parametrize(
    ("hours", "proved_before", "expected"),
    [
        (2, timedelta(hours=2), "entry.session_too_old"),
        (2, timedelta(hours=2) - timedelta(microseconds=1), None),
        (None, timedelta(days=900), None),
        (1, None, "entry.session_too_old"),
    ],
)
def test_length_of_sessions(hours: int | None, proved_before: timedelta | None, expected: str | None) -> None:
    facts = replace(FACTS, proved_at=None if proved_before is None else NOW - proved_before)
    assert code(Policy(session_hours=hours), facts) == expected


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("203.0.113.7", True), ("::ffff:203.0.113.7", True), ("2001:db8::1", True), ("2001:db9::1", False),
        ("198.51.100.1", False), ("", False), ("unix:", False),
    ],
)  # fmt: skip
def test_networks(address: str, is_in: bool) -> None:
    policy = Policy(networks=("203.0.113.0/24", "2001:db8::/32"))
    found = network_refusal(policy, address)
    assert (found is None) is is_in
    if found is not None:
        assert found.code == "entry.network"
        assert found.way is Way.OTHER_NETWORK
        assert (address or "not known") in found.message


def test_the_network_comes_first_and_single_sign_on_before_the_rest() -> None:
    policy = Policy(second_factor=True, session_hours=1, networks=("198.51.100.0/24",), sso_only=True)
    outside = replace(FACTS, must_sign_on=True)
    assert code(policy, outside) == "entry.network"
    assert code(policy, replace(outside, address="198.51.100.1")) == "entry.single_sign_on"
    assert code(policy, replace(FACTS, address="198.51.100.1")) == "entry.session_too_old"


def test_rules_come_back_as_they_were_kept() -> None:
    policy = Policy(second_factor=True, session_hours=8, networks=("203.0.113.0/24",), sso_only=True)
    assert policy_of(policy.as_dict()) == policy
    assert policy_of({"session_hours": "8", "networks": None}) == Policy()
