"""The overview: figures for those who may see what they are of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import CustomRole, Membership, User
from tenants.portal import overview
from tenants.portal.overview import Tile, register_tiles
from tenants.scope.actors import Permission
from tenants.scope.context import scope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def owed(slug: str) -> list[Tile]:
    """A figure of money."""
    return [Tile("Owed by Northwind", "1,234.00 EUR", "", f"/t/{slug}/")]


@pytest.mark.parametrize(
    ("permissions", "is_held", "is_told"),
    [
        (["organisation.read", "money.read"], False, True),
        (["organisation.read"], False, False),
        (["organisation.read", "money.read"], True, False),
    ],
)
def test_figures_are_told_to_who_may_read_them(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, permissions: list[str], is_held: bool, is_told: bool
) -> None:
    monkeypatch.setattr(overview, "_sources", [])
    register_tiles(owed, needs=Permission.MONEY_READ)
    with scope(cast.meridian.id):
        role = CustomRole.objects.create(name="Desk", permissions=permissions, created_at=utc_now())
    Membership.objects.filter(user=cast.viewer).update(role=str(role.id), is_held=is_held)
    page = sign_in(cast.viewer).get("/t/meridian/")
    assert page.status_code == 200
    assert ("Owed by Northwind" in page.content.decode()) is is_told
