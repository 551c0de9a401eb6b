"""The rules of single sign-on by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.signon.domain import (
    RoleRule,
    SignOnError,
    claim_values,
    claimed,
    clean_domain,
    discovery_findings,
    discovery_url,
    group_role,
    mail_domain,
    mapped_role,
    read_discovery,
)  # fmt: skip

URL = "https://idp.example/.well-known/openid-configuration"
DOCUMENT: dict[str, Any] = {
    "issuer": "https://idp.example", "authorization_endpoint": "https://idp.example/authorize",
    "token_endpoint": "https://idp.example/token", "jwks_uri": "https://idp.example/keys",
}  # fmt: skip
RULES = (RoleRule("groups", "engineers", "engineer"), RoleRule("realm_access.roles", "boss", "administrator"))


class TestDiscovery:
    @pytest.mark.parametrize("text", ["https://idp.example", " https://idp.example/ ", URL, f"{URL} "])
    def test_the_issuer_or_the_address_may_be_entered(self, text: str) -> None:
        assert discovery_url(text) == URL

    @pytest.mark.parametrize("issuer", ["https://idp.example", "https://idp.example/"])
    def test_good(self, issuer: str) -> None:
        document = {**DOCUMENT, "issuer": issuer}
        assert discovery_findings(document, url=URL) == []
        found = read_discovery(document)
        assert (found.issuer, found.auth_method, found.userinfo_endpoint, found.names_issuer) == (
            issuer, "client_secret_basic", "", False,
        )  # fmt: skip

    @pytest.mark.parametrize(
        "issuer", ["https://idp.example.evil.example", "http://idp.example", "https://IDP.example", "", None, 7, "https://idp.example//"]
    )  # fmt: skip
    def test_an_issuer_that_does_not_own_the_address(self, issuer: Any) -> None:
        assert [each.place for each in discovery_findings({**DOCUMENT, "issuer": issuer}, url=URL)] == ["issuer"]

    @pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
    @pytest.mark.parametrize("value", [None, "", 5, "ftp://x", "javascript:alert(1)"])
    def test_missing_addresses(self, name: str, value: Any) -> None:
        assert [each.place for each in discovery_findings({**DOCUMENT, name: value}, url=URL)] == [name]

    @pytest.mark.parametrize(
        ("name", "offered"),
        [
            ("response_types_supported", ["token"]), ("code_challenge_methods_supported", ["plain"]),
            ("id_token_signing_alg_values_supported", ["none", "HS256"]),
            ("token_endpoint_auth_methods_supported", ["private_key_jwt"]), ("scopes_supported", ["email"]),
            ("scopes_supported", "openid"), ("scopes_supported", [1, None]),
        ],
    )  # fmt: skip
    def test_what_is_not_offered(self, name: str, offered: Any) -> None:
        (finding,) = discovery_findings({**DOCUMENT, name: offered}, url=URL)
        assert (finding.code, finding.place) == (f"sign_on.{name}", name)
        assert finding.fix

    def test_the_body_is_the_better_place_for_the_secret(self) -> None:
        offered = ["client_secret_basic", "client_secret_post"]
        document = {**DOCUMENT, "token_endpoint_auth_methods_supported": offered}
        assert read_discovery(document).auth_method == "client_secret_post"


class TestClaims:
    def test_plain(self) -> None:
        found = claimed({"iss": "i", "sub": "s", "email": " Ada@X.example ", "email_verified": True, "name": " Ada "})
        assert (found.issuer, found.subject, found.email, found.is_verified, found.name) == (
            "i", "s", "ada@x.example", True, "Ada",
        )  # fmt: skip

    @pytest.mark.parametrize("subject", [None, "", 5, "s" * 256, "a\nb", ["s"]])
    def test_no_subject(self, subject: Any) -> None:
        with pytest.raises(SignOnError) as caught:
            claimed({"iss": "i", "sub": subject})
        assert caught.value.code == "sign_on.subject"

    @pytest.mark.parametrize("said", [True, "true", 1, "1"])
    @pytest.mark.parametrize("name", ["email_verified", "xms_edov"])
    def test_verified(self, name: str, said: Any) -> None:
        assert claimed({"iss": "i", "sub": "s", name: said}).is_verified

    @pytest.mark.parametrize("said", [False, None, "false", 0, "", "yes", [], {}, [True], 2])
    @pytest.mark.parametrize("name", ["email_verified", "xms_edov"])
    def test_not_verified(self, name: str, said: Any) -> None:
        assert not claimed({"iss": "i", "sub": "s", name: said}).is_verified

    @pytest.mark.parametrize("email", [None, 5, ["a@b.example"], "a" * 255])
    def test_no_address(self, email: Any) -> None:
        assert claimed({"iss": "i", "sub": "s", "email": email}).email == ""

    @pytest.mark.parametrize(
        ("claims", "name", "values"),
        [
            ({"groups": ["a", "b"]}, "groups", ["a", "b"]), ({"groups": "a"}, "groups", ["a"]), ({}, "groups", []),
            ({"realm_access": {"roles": ["boss"]}}, "realm_access.roles", ["boss"]), ({"a.b": "c"}, "a.b", ["c"]),
            ({"https://x.example/r": ["r"]}, "https://x.example/r", ["r"]), ({"admin": True}, "admin", ["true"]),
            ({"level": 3}, "level", ["3"]), ({"groups": [None, {}, ["x"], "y"]}, "groups", ["y"]),
            ({"a": "text"}, "a.b", []), ({"a": {"b": {}}}, "a.b", []),
        ],
    )  # fmt: skip
    def test_values(self, claims: dict[str, Any], name: str, values: list[str]) -> None:
        assert claim_values(claims, name) == values


class TestRoles:
    def test_the_first_rule_that_fits(self) -> None:
        claims = {"groups": ["engineers"], "realm_access": {"roles": ["boss"]}}
        assert mapped_role(RULES, claims, default="viewer") == "engineer"
        assert mapped_role(RULES[1:], claims, default="viewer") == "administrator"
        assert mapped_role(RULES, {}, default="viewer") == "viewer"
        assert mapped_role(RULES, {"groups": ["Engineers"]}, default="") == ""

    def test_groups_stand_for_any_claim(self) -> None:
        assert group_role(RULES, ["x", "boss"], default="") == "administrator"
        assert group_role(RULES, [], default="viewer") == "viewer"


class TestDomains:
    @pytest.mark.parametrize(
        ("text", "domain"),
        [
            ("Example.COM", "example.com"), (" sub.example.com. ", "sub.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("localhost", ""), ("", ""), ("a..b", ""), ("-a.example", ""), ("example.com/x", ""), ("*.example.com", ""),
            ("a@example.com", ""), ("1.2.3.4", ""), ("x" * 64 + ".example", ""), ("exa mple.com", ""),
        ],
    )  # fmt: skip
    def test_clean(self, text: str, domain: str) -> None:
        assert clean_domain(text) == domain

    @pytest.mark.parametrize(
        ("address", "domain"),
        [
            ("ada@Example.com", "example.com"), ('"a@evil.example"@example.com', "example.com"), ("@example.com", ""),
            ("ada", ""), ("ada@", ""), ("a@x.example@evil.example", "evil.example"), ("a@s.x.example", "s.x.example"),
        ],
    )  # fmt: skip
    def test_of_an_address(self, address: str, domain: str) -> None:
        assert mail_domain(address) == domain

    @given(st.text(max_size=60))
    def test_cleaning_is_done_once_and_for_all(self, text: str) -> None:
        domain = clean_domain(text)
        assert clean_domain(domain) == domain
        assert "@" not in domain
