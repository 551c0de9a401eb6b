"""People held to some twins: every query of what stands in a twin meets those only."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotAllowedError
from tenants.scope.context import held_to, scope, twins_in_reach
from tenants.scope.models import Tenant
from twins.composer.models import Twin
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db


def test_rows_beyond_the_reach_are_neither_seen_nor_changed(tenant: Tenant) -> None:
    with scope(tenant.id):
        mine, theirs = (create_twin(name=name, now=utc_now()) for name in ("Mine", "Theirs"))
        with held_to(frozenset({mine.id})):
            assert list(Twin.objects.values_list("name", flat=True)) == ["Mine"]
            assert Twin.objects.count() == 1
            assert not Twin.objects.filter(id=theirs.id).exists()
            assert Twin.objects.filter(id=theirs.id).update(name="Taken") == 0
            assert Twin.objects.update(name="Renamed") == 1
            assert Twin.objects.filter(id=theirs.id).delete()[0] == 0
        assert set(Twin.objects.values_list("name", flat=True)) == {"Renamed", "Theirs"}


def test_an_empty_reach_holds_back_everything(tenant: Tenant) -> None:
    with scope(tenant.id):
        create_twin(name="Mine", now=utc_now())
        with held_to(frozenset()):
            assert list(Twin.objects.all()) == []
            assert Twin.objects.update(name="x") == 0


def test_a_reach_inside_another_only_becomes_smaller() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    with held_to(frozenset({one, two})):
        with held_to(frozenset({two, three})):
            assert twins_in_reach() == frozenset({two})
        with held_to(None):
            assert twins_in_reach() == frozenset({one, two})
    assert twins_in_reach() is None


def test_who_is_held_makes_no_twin_that_they_would_not_see(tenant: Tenant) -> None:
    with scope(tenant.id), held_to(frozenset()), pytest.raises(NotAllowedError):
        create_twin(name="Elsewhere", now=utc_now())
