"""The OpenAPI document's account of what can go wrong, the same for every operation."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_array_type, build_object_type

from tenants.edge.problems import CONTENT_TYPE

TEXT = {"type": "string"}
FINDING = build_object_type(
    properties={"code": TEXT, "place": TEXT, "message": TEXT, "fix": TEXT},
    required=["code", "place", "message", "fix"],
    description="One thing that is wrong.",
)
PROBLEM = build_object_type(
    properties={
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "code": {**TEXT, "description": "Dotted and stable: decide on this."},
        "detail": {**TEXT, "description": "What happened."},
        "request_id": TEXT,
        "place": {**TEXT, "description": "Where it happened."},
        "kept": {**TEXT, "description": "What was kept in spite of it."},
        "fix": {**TEXT, "description": "What to do next."},
        "findings": build_array_type(FINDING),
    },
    required=["type", "title", "status", "code", "detail", "request_id"],
    description="What went wrong (RFC 9457).",
)
ALWAYS = (
    HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
)  # fmt: skip
WRITING = (HTTPStatus.CONFLICT, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY)


class ProblemSchema(AutoSchema):
    """Adds the problem details to the answers each operation documents."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        statuses = ALWAYS if self.method == "GET" else (*ALWAYS, *WRITING)
        for status in statuses:
            bodies.setdefault(str(status.value), self._problem(status.phrase))
        return bodies

    def _problem(self, phrase: str) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        return {"description": phrase, "content": {CONTENT_TYPE: {"schema": component.ref}}}


class QuestionSchema(ProblemSchema):
    """Of reads that may ask for what cannot be told: an impossible span of time, or too much at once."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        return {**super()._get_response_bodies(direction), "422": self._problem("Unprocessable Content")}
