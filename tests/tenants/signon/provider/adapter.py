"""Keys from a folder, so that a test can change them; claims from the world that the test wrote."""

from __future__ import annotations

from typing import Any, Literal

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import PrivateKey

from tests.tenants.signon.provider.settings import HOME, WORLD


class Adapter(DefaultOIDCAdapter):  # type: ignore[misc] # allauth is untyped
    def list_private_keys(
        self, *, did_activate: Literal[True] | None = None, is_active: Literal[True] | None = None
    ) -> list[PrivateKey]:
        newest = max((HOME / "keys").glob("*.pem"))
        return [PrivateKey(pem=newest.read_text(), not_before=None, expires_at=None, issued_at=None)]

    def get_claims(
        self, purpose: Literal["id_token", "userinfo"], user: Any, client: Any, scopes: Any, email: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:  # fmt: skip
        claims = super().get_claims(purpose, user, client, scopes, email=email, **kwargs)
        own = WORLD["people"][user.email].get("claims", {})
        if purpose == "id_token" and user.email in WORLD["thin"]:
            return {"sub": claims["sub"]}
        return {**claims, **own}
