"""A person is erased: their name is gone from what can be changed, and the certificate tells where it stays."""

from __future__ import annotations

import pytest

from tenants.custody.exporting import ask_export
from tenants.custody.models import Certificate, Export
from tenants.custody.persons import LastOwnerError, erase_person
from tenants.jobs.models import Job
from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.people.members import BeyondOwnRightsError
from tenants.people.models import Membership, User
from tenants.record.models import AuditEntry, LogLeaf
from tenants.record.services import record_audit
from tenants.scope.actors import PERMISSIONS, Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.tenants.custody.conftest import BY

pytestmark = pytest.mark.django_db
ENGINEER = "engineer@meridian.example"


def test_the_name_is_replaced_where_it_can_be_and_told_of_where_it_stays(cast: Cast) -> None:
    with scope(cast.meridian.id):
        mine = start_job(kind="health.train", params={}, by=ENGINEER, now=utc_now())
        other = start_job(kind="health.train", params={}, by=BY, now=utc_now())
        ask_export(by=ENGINEER, now=utc_now())
        record_audit(action="twin.edited", subject="twin/1", by=ENGINEER, now=utc_now())
    with scope(cast.stranger.id):
        theirs = start_job(kind="health.train", params={}, by=ENGINEER, now=utc_now())
    membership = Membership.objects.get(user=cast.engineer, tenant=cast.meridian)
    alias = f"former member {membership.id.hex[-8:]}"
    with scope(cast.meridian.id):
        made = erase_person(email=ENGINEER, by=BY, now=utc_now(), may=PERMISSIONS[Role.OWNER])
        assert Job.objects.get(id=mine.id).created_by == alias
        assert Job.objects.get(id=other.id).created_by == BY
        assert Export.objects.get().asked_by == alias
        assert AuditEntry.objects.filter(by=ENGINEER).count() == 2
        assert LogLeaf.objects.filter(digest=bytes.fromhex(made.digest)).exists()
    assert made.document["name"] == alias
    assert made.document["erased"] == {"tenants_export": 1, "tenants_job": 2, "tenants_membership": 1}
    assert made.document["kept"]["tenants_auditentry"]["rows"] == 2
    assert "GDPR" in made.document["kept"]["tenants_auditentry"]["reason"]
    assert ENGINEER not in str(made.document)
    assert User.objects.filter(id=cast.engineer.id).exists()
    with scope(cast.stranger.id):
        assert Job.objects.get(id=theirs.id).created_by == ENGINEER
        assert not Certificate.objects.exists()


def test_the_last_owner_stays(cast: Cast) -> None:
    with scope(cast.meridian.id), pytest.raises(LastOwnerError) as error:
        erase_person(email=BY, by=BY, now=utc_now(), may=PERMISSIONS[Role.OWNER])
    assert (error.value.status, error.value.code) == (409, "person.last_owner")
    assert Membership.objects.filter(user=cast.owner, tenant=cast.meridian).exists()


def test_nobody_erases_who_may_do_more(cast: Cast) -> None:
    Membership.objects.filter(user=cast.engineer, tenant=cast.meridian).update(role=Role.OWNER)
    with scope(cast.meridian.id), pytest.raises(BeyondOwnRightsError) as error:
        erase_person(email=BY, by=ENGINEER, now=utc_now(), may=PERMISSIONS[Role.ADMINISTRATOR])
    assert (error.value.status, error.value.code) == (403, "member.beyond_own_rights")
    assert Membership.objects.filter(user=cast.owner, tenant=cast.meridian).exists()


def test_an_owner_whose_account_is_closed_is_no_other_owner(cast: Cast) -> None:
    Membership.objects.filter(user=cast.engineer, tenant=cast.meridian).update(role=Role.OWNER)
    User.objects.filter(id=cast.engineer.id).update(is_active=False)
    with scope(cast.meridian.id), pytest.raises(LastOwnerError):
        erase_person(email=BY, by=BY, now=utc_now(), may=PERMISSIONS[Role.OWNER])


def test_only_members_can_be_erased(cast: Cast) -> None:
    with scope(cast.meridian.id), pytest.raises(NotFoundError):
        erase_person(email="owner@stranger.example", by=BY, now=utc_now(), may=PERMISSIONS[Role.OWNER])
    assert Membership.objects.filter(user=cast.outsider, tenant=cast.stranger).exists()
