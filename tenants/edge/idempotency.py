"""A write that is sent twice is done once (the ``Idempotency-Key`` header, draft-ietf-httpapi-idempotency-key)."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.models import IdempotentAnswer
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import ConflictError
from tenants.scope.actors import Actor
from tenants.scope.context import required_tenant
from tenants.scope.locks import hold

KEPT_FOR = timedelta(days=1)


class KeyReusedError(ConflictError):
    """The same key came with another request."""

    code = "request.idempotency_key_reused"
    status = 422


class Idempotent:
    """Mixed into an API view before APIView: repeats the first answer to a POST that carries a known key."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer the request, or again what was answered before."""
        self._digest = ""
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After authentication: look the key up, holding off a twin that arrives at the same moment."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = request.headers.get("Idempotency-Key", "")[:255]
        if request.method != "POST" or not key:
            return
        self._digest = _digest(request)
        _hold_off_twins(key)
        known = IdempotentAnswer.objects.filter(
            key=key, actor=_actor(request), created_at__gt=utc_now() - KEPT_FOR
        ).first()
        if known is not None and known.request_digest != self._digest:
            raise KeyReusedError(
                "this Idempotency-Key came with another request before",
                place="Idempotency-Key", fix="Use a new key for a new request.",
            )  # fmt: skip
        if known is not None:
            raise _AnsweredBefore(known)

    def handle_exception(self, error: Exception) -> Any:
        """Turn the find into the answer."""
        if isinstance(error, _AnsweredBefore):
            return Response(error.answer.body, status=error.answer.status, headers={"Idempotency-Replayed": "true"})
        return super().handle_exception(error)  # type: ignore[misc]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep the answer to a write that was done, in the transaction that did it."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if self._digest and response.status_code < 400 and "Idempotency-Replayed" not in response:
            body = json.loads(response.rendered_content) if response.data is not None else None
            key = request.headers["Idempotency-Key"][:255]
            IdempotentAnswer.objects.filter(key=key, actor=_actor(request)).delete()
            IdempotentAnswer.objects.create(
                key=key, actor=_actor(request), request_digest=self._digest, status=response.status_code, body=body,
                created_at=utc_now(),
            )  # fmt: skip
        return response


class _AnsweredBefore(Exception):  # noqa: N818 (no error)
    def __init__(self, answer: IdempotentAnswer) -> None:
        super().__init__()
        self.answer = answer


def _actor(request: Request) -> str:
    actor = request.auth
    assert isinstance(actor, Actor)
    return str(actor.key or actor.user)


def _digest(request: Request) -> str:
    return hashlib.sha256(request.get_full_path().encode() + b"\n" + json.dumps(request.data).encode()).hexdigest()


def _hold_off_twins(key: str) -> None:
    hold(f"{required_tenant('a key')}/{key}")
