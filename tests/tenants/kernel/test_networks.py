"""Networks as they are written, and what lies in them."""

from __future__ import annotations

import pytest

from tenants.kernel.networks import NetworkError, is_within, neighbourhood, read_networks


def test_networks_are_kept_in_their_shortest_form_each_once() -> None:
    written = [" 10.0.0.0/8", "2001:0db8:0000::/48", "192.0.2.7", "", "10.0.0.0/8", "::ffff:10.1.0.0/112"]
    assert read_networks(written) == ["10.0.0.0/8", "2001:db8::/48", "192.0.2.7/32", "10.1.0.0/16"]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("10.1.2.3/8", "Did you mean 10.0.0.0/8?"),
        ("10.0.0.0/33", "Write it like 192.0.2.0/24 or 2001:db8::/32, or a single address."),
        ("office", "Write it like 192.0.2.0/24 or 2001:db8::/32, or a single address."),
        ("fe80::1%eth0/64", "Did you mean fe80::/64?"),
    ],
)
def test_what_is_no_network_is_refused_with_what_was_meant(text: str, fix: str) -> None:
    with pytest.raises(NetworkError) as refused:
        read_networks([text])
    assert (refused.value.code, refused.value.place, refused.value.fix) == ("network.invalid", "networks", fix)


def test_too_many_are_refused() -> None:
    assert len(read_networks(f"10.0.{each}.0/24" for each in range(50))) == 50
    with pytest.raises(NetworkError, match="51 networks"):
        read_networks(f"10.0.{each}.0/24" for each in range(51))


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("10.0.0.0", True),
        ("10.0.0.255", True),
        ("10.0.1.0", False),
        ("::ffff:10.0.0.7", True),
        ("::ffff:10.0.1.7", False),
        ("2001:db8::1", True),
        ("2001:db8:1::1", False),
        ("2001:db8::1%eth0", True),
        ("", False),
        ("unknown", False),
        ("10.0.0.7:443", False),
    ],
)
def test_an_address_lies_in_a_network_or_not(address: str, is_in: bool) -> None:
    assert is_within(address, ["10.0.0.0/24", "2001:db8::/48"]) is is_in


def test_nothing_lies_in_no_network() -> None:
    assert not is_within("10.0.0.1", [])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_an_address_is_told_as_its_neighbourhood(address: str, told: str) -> None:
    assert neighbourhood(address) == told


def test_how_much_of_an_address_is_told_can_be_chosen() -> None:
    told = [neighbourhood(each, of_four=32, of_six=64) for each in ("203.0.113.77", "2001:db8:1:2::3")]
    assert told == ["203.0.113.77/32", "2001:db8:1:2::/64"]
