"""How long the history of alarms is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tenants.custody.retaining import drop_past, set_policy
from tenants.scope.context import scope
from tests.twins.alarms.conftest import NOW, Watch
from twins.alarms.models import AlarmEvent
from twins.alarms.spans import raised

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_the_history_goes_when_it_is_kept_no_longer_and_a_span_that_lasts_is_still_told(watch: Watch) -> None:
    watch.rule()
    watch.read((0, 651))
    later = NOW + timedelta(days=400)
    with scope(watch.fleet.tenant):
        set_policy(days={"audit": 365}, by="ada", now=later)
    assert drop_past(watch.fleet.tenant, now=later)["audit"] >= 1
    with scope(watch.fleet.tenant):
        assert not AlarmEvent.objects.exists()
        found, _ = raised(watch.fleet.twin, later - timedelta(hours=1), later)
    assert [(each.start, each.end) for each in found] == [(None, None)]
