"""The REST API against its own OpenAPI document: generated requests get answers the document foresees, never a 5xx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from rest_framework.test import APIClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tenants.scope.actors import Role
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())


@pytest.fixture(autouse=True)
def _keep_the_connection() -> Iterator[None]:
    """A request must not close the connection whose transaction the test undoes, as Django's test client sees to."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def owner(tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> dict[str, str]:
    """The headers of an owner's requests, one key for all of a test."""
    credentials = with_key(tenant, Role.OWNER)._credentials  # type: ignore[attr-defined]
    return {"Authorization": credentials["HTTP_AUTHORIZATION"]}


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
def test_answers_fit_the_document(case: schemathesis.Case[Any], owner: dict[str, str]) -> None:
    case.call_and_validate(checks=CHECKS, headers=owner)
