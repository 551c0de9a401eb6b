"""A provider whose token is good and whose requests are not."""

from __future__ import annotations

import pytest

from tests.tenants.signon.provisioning import Scim, made

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "(" * 400 + 'userName eq "a"' + ")" * 400},
        {"filter": "not (" * 180 + 'userName eq "a"' + ")" * 180},
        {"filter": " or ".join(['userName eq "a"'] * 50)},
        {"filter": 'emails[value eq "a" and ' * 30 + "true"},
        {"filter": 'userName co "' + "a" * 900 + '"'},
        {"startIndex": "9" * 30},
        {"startIndex": "-" + "9" * 30, "count": "9" * 30},
        {"startIndex": "9223372036854775807", "count": "200"},
        {"filter": 'meta.created gt "99999-01-01T00:00:00Z"'},
        {"attributes": "password,userName" + ",x" * 2000},
        {"sortBy": "password"},
    ],
)
@pytest.mark.parametrize("path", ["Users", "Groups"])
def test_no_query_is_a_fault(scim: Scim, path: str, query: dict[str, str]) -> None:
    made(scim)
    response = scim("GET", path, **query)
    assert response.status_code in (200, 400), response.content
