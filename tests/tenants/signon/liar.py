"""A provider that lies: an ASGI application, one issuer for each lie, named by the first part of the path.

Nobody signs in: the code holds who comes (``login_hint``) and the nonce, and the token endpoint says what the lie says.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

BASE = os.environ["LIAR_URL"]
KEYS: dict[str, Any] = {
    "rsa": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ec": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
    "ed": OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"}),
}
FOREIGN = RSAKey.generate_key(2048, {"kid": "rsa"})
ALGORITHMS = {"es256": ("ec", "ES256"), "ps256": ("rsa", "PS256"), "ed25519": ("ed", "Ed25519")}
fetches: dict[str, int] = {}


def issuer(lie: str) -> str:
    return f"{BASE}/{lie}"


async def discovery(request: Request) -> Response:
    lie = request.path_params["lie"]
    here = issuer(lie)
    document: dict[str, Any] = {
        "issuer": f"{BASE}/somebody-else" if lie == "issuer" else here,
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": f"{here}/token",
        "jwks_uri": f"{here}/keys",
        "response_types_supported": ["token"] if lie == "implicit-only" else ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"] if lie == "shared-only" else ["RS256"],
    }
    if lie in ("names-issuer", "hides-issuer"):
        document["authorization_response_iss_parameter_supported"] = True
    match lie:
        case "userinfo-of-another":
            document["userinfo_endpoint"] = f"{here}/userinfo"
        case "slow":
            await asyncio.sleep(60)
        case "long":
            document["padding"] = "x" * 1_000_000
        case "not-json":
            return Response("<html>", media_type="text/html")
        case "redirects":
            return RedirectResponse(f"{issuer('honest')}/.well-known/openid-configuration")
        case "inward":
            document["token_endpoint"] = "https://169.254.169.254/token"
    return JSONResponse(document)


async def authorize(request: Request) -> Response:
    asked = request.query_params
    code = {"nonce": asked["nonce"], "email": asked.get("login_hint", ""), "client": asked["client_id"]}
    answer = {"code": base64.urlsafe_b64encode(json.dumps(code).encode()).decode(), "state": asked["state"]}
    lie = request.path_params["lie"]
    if lie == "names-issuer":
        answer["iss"] = issuer(lie)
    if lie == "answers-for-another":
        answer["iss"] = f"{BASE}/somebody-else"
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}")


async def token(request: Request) -> Response:
    lie = request.path_params["lie"]
    form = parse_qs((await request.body()).decode())
    code = json.loads(base64.urlsafe_b64decode(form["code"][0]))
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer(lie), "aud": code["client"], "sub": f"sub-{code['email']}", "iat": now, "exp": now + 300,
        "nonce": code["nonce"], "email": code["email"], "email_verified": True, "name": "Some Body",
    }  # fmt: skip
    claims |= CHANGED.get(lie, {}) | _times(lie, now)
    for gone in GONE.get(lie, ()):
        del claims[gone]
    answer: dict[str, Any] = {
        "access_token": "an access token",
        "token_type": "Bearer",
        "id_token": _signed(lie, claims),
    }
    if lie == "no-id-token":
        del answer["id_token"]
    return JSONResponse(answer)


CHANGED: dict[str, dict[str, Any]] = {
    "id-token-issuer": {"iss": "https://elsewhere.example"},
    "wrong-aud": {"aud": "another-client"},
    "many-aud": {"aud": ["outturn", "another-client"]},
    "wrong-azp": {"aud": ["outturn", "another-client"], "azp": "another-client"},
    "nonce": {"nonce": "another nonce"},
    "unverified": {"email_verified": False},
    "unverified-text": {"email_verified": "false"},
    "entra": {"xms_edov": True},
    "empty-subject": {"sub": ""},
    "long-subject": {"sub": "s" * 300},
    "recycled": {"sub": "another-subject"},
}
GONE = {
    "no-nonce": ("nonce",), "no-exp": ("exp",), "silent": ("email_verified",), "entra": ("email_verified",),
    "no-email": ("email",), "userinfo-of-another": ("email",),
}  # fmt: skip


def _times(lie: str, now: int) -> dict[str, int]:
    match lie:
        case "expired":
            return {"iat": now - 7200, "exp": now - 3600}
        case "future":
            return {"iat": now + 7200, "nbf": now + 7200, "exp": now + 9000}
    return {}


def _signed(lie: str, claims: dict[str, Any]) -> str:
    if lie == "none":
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return f"{encoded[0]}.{encoded[1]}."
    if lie == "shared":
        # The old trick: the public key, which everybody has, used as the secret of HS256.
        parts = ({"alg": "HS256", "kid": "rsa"}, claims)
        said = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        seal = hmac.digest(KEYS["rsa"].as_pem(private=False), said.encode(), "sha256")
        return f"{said}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"
    if lie == "signature":
        return jwt.encode({"alg": "RS256", "kid": "rsa"}, claims, FOREIGN, algorithms=["RS256"])
    if lie == "garbled":
        return "not.a.token"
    name, algorithm = ALGORITHMS.get(lie, ("rsa", "RS256"))
    return jwt.encode({"alg": algorithm, "kid": name}, claims, KEYS[name], algorithms=[algorithm])


async def keys(request: Request) -> Response:
    lie = request.path_params["lie"]
    if lie == "no-keys":
        return JSONResponse({}, status_code=404)
    fetches[lie] = fetches.get(lie, 0) + 1
    published = [key.as_dict(private=False) for key in KEYS.values()]
    if lie == "unknown-key":
        published = [{**key, "kid": f"{key['kid']}-old"} for key in published]
    return JSONResponse({"keys": published})


async def count(request: Request) -> Response:
    return JSONResponse(fetches)


async def userinfo(request: Request) -> Response:
    return JSONResponse({"sub": "somebody else", "email": "else@meridian.example", "email_verified": True})


application = Starlette(
    routes=[
        Route("/fetches", count),
        Route("/{lie}/.well-known/openid-configuration", discovery),
        Route("/{lie}/authorize", authorize),
        Route("/{lie}/token", token, methods=["POST"]),
        Route("/{lie}/keys", keys),
        Route("/{lie}/userinfo", userinfo),
    ]
)
