from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.domains.domain import (
    GRACE,
    MOST_LETTERS,
    DomainNameError,
    Result,
    State,
    check_not_ours,
    clean_name,
    judged,
    missing_since,
    next_state,
    shown_name,
)  # fmt: skip

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LONG = ".".join(["a" * 57] * 4) + ".example"


class TestNames:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("portal.meridian.example", "portal.meridian.example"),
            ("  Portal.Meridian.EXAMPLE. ", "portal.meridian.example"),
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("مثال.example", "xn--mgbh0fb.example"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("उदाहरण.example", "xn--p1b6ci4b4b3a.example"),
            ("portal。meridian．example", "portal.meridian.example"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("t.co", "t.co"),
            ("a.b.c.d.e.f.example", "a.b.c.d.e.f.example"),
            ("shop.co.uk", "shop.co.uk"),
        ],
    )
    def test_a_name_is_kept_in_its_ascii_form(self, text: str, name: str) -> None:
        assert clean_name(text) == name

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "no domain is named"),
            (" . ", "is no domain"),
            ("192.0.2.7", "192.0.2.7 is an IP address"),
            ("2001:db8::7", "2001:db8::7 is an IP address"),
            ("[2001:db8::7]", "[2001:db8::7] is an IP address"),
            ("192.0.2.7.", "192.0.2.7. is an IP address"),
            ("1.2.3", "names under .3 belong to nobody"),
            ("*.meridian.example", "a wildcard cannot be proven"),
            ("https://meridian.example/", "is more than a domain"),
            ("meridian.example:8443", "is more than a domain"),
            ("ada@meridian.example", "is more than a domain"),
            ("two words.example", "is more than a domain"),
            ("meridian", "meridian is a single label"),
            ("com", "com is a single label"),
            ("localhost", "localhost is a single label"),
            ("portal.localhost", "names under .localhost belong to nobody"),
            ("7.2.0.192.in-addr.arpa", "names under .arpa belong to nobody"),
            ("co.uk", "co.uk is a suffix that many share"),
            ("com.au", "com.au is a suffix that many share"),
            ("github.io", "github.io is a suffix that many share"),
            ("a..example", "is no domain"),
            (".example.com", "is no domain"),
            ("-a.example", "is no domain"),
            ("a_b.example", "is no domain"),
            ("a\x00b.example", "is no domain"),
            ("xn--zzzzzzzzzzzz.example", "is no domain"),
            (f"{'a' * 64}.example", "is no domain"),
            (LONG, f"more than {MOST_LETTERS} characters"),
            (f"{'a.' * 130}example", f"more than {MOST_LETTERS} characters"),
            ("ü." * 2000 + "example", f"more than {MOST_LETTERS} characters"),
        ],
    )
    def test_what_no_organisation_can_own_is_refused_with_the_reason(self, text: str, message: str) -> None:
        with pytest.raises(DomainNameError) as caught:
            clean_name(text)
        assert message in caught.value.message
        assert caught.value.fix
        assert caught.value.place == "name"

    @given(st.text(max_size=300))
    def test_any_text_is_a_name_or_refused(self, text: str) -> None:
        try:
            name = clean_name(text)
        except DomainNameError:
            return
        assert clean_name(name) == name
        assert name == name.lower()
        assert name.isascii()
        assert len(name) <= MOST_LETTERS

    def test_other_scripts_are_shown_as_people_write_them(self) -> None:
        assert shown_name("xn--mnchen-3ya.example") == "münchen.example (xn--mnchen-3ya.example)"
        assert shown_name("portal.meridian.example") == "portal.meridian.example"

    @pytest.mark.parametrize("name", ["app.outturn.example", "x.app.outturn.example", "outturn.example"])
    def test_our_own_host_what_is_below_and_what_is_above_it(self, name: str) -> None:
        with pytest.raises(DomainNameError, match="belongs to this installation"):
            check_not_ours(name, ["localhost", "127.0.0.1", "App.Outturn.example"])

    @pytest.mark.parametrize("name", ["x.hosts.example", "hosts.example"])
    def test_a_pattern_of_hosts_is_ours_as_a_whole(self, name: str) -> None:
        with pytest.raises(DomainNameError):
            check_not_ours(name, [".hosts.example"])

    def test_a_neighbour_of_ours_is_none_of_ours(self) -> None:
        check_not_ours("myapp.outturn.example", ["app.outturn.example", "*"])


class TestProof:
    def test_one_right_text_among_others_proves(self) -> None:
        assert judged(["v=spf1 -all", "outturn-domain-verification=t0ken"], "t0ken") is Result.RIGHT
        assert judged(['"outturn-domain-verification=t0ken" '], "t0ken") is Result.RIGHT

    @pytest.mark.parametrize(
        "text", ["outturn-domain-verification=", "outturn-domain-verification=T0KEN", "t0ken", "x" * 9000]
    )
    def test_any_other_does_not(self, text: str) -> None:
        assert judged([text], "t0ken") is Result.WRONG

    def test_none_is_missing(self) -> None:
        assert judged([], "t0ken") is Result.MISSING

    def test_a_proven_domain_lapses_seven_days_after_its_record_was_first_missed(self) -> None:
        since = missing_since(None, Result.MISSING, now=NOW)
        assert since == NOW
        for days, state in ((1, State.PROVEN), (6, State.PROVEN), (7, State.LAPSED)):
            now = NOW + timedelta(days=days)
            assert missing_since(since, Result.WRONG, now=now) == NOW
            assert next_state(State.PROVEN, Result.WRONG, since, now=now) is state
        assert timedelta(days=7) == GRACE

    def test_no_answer_neither_begins_nor_ends_the_seven_days_nor_lapses(self) -> None:
        assert missing_since(None, Result.FAILED, now=NOW) is None
        assert missing_since(NOW, Result.FAILED, now=NOW + GRACE) == NOW
        assert next_state(State.PROVEN, Result.FAILED, NOW, now=NOW + 2 * GRACE) is State.PROVEN

    def test_the_record_in_time_ends_them(self) -> None:
        assert missing_since(NOW, Result.RIGHT, now=NOW + timedelta(days=3)) is None

    @pytest.mark.parametrize("result", [Result.MISSING, Result.WRONG, Result.FAILED, Result.TAKEN])
    def test_what_is_not_proven_stays_so(self, result: Result) -> None:
        for state in (State.PENDING, State.LAPSED):
            assert next_state(state, result, NOW - 2 * GRACE, now=NOW) is state
            assert next_state(state, Result.RIGHT, None, now=NOW) is State.PROVEN
