"""The data-processing agreement: what it says, who accepts it, and when it has to be accepted again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.lifecycle.agreeing import AgreementChangedError, accept_agreement
from tenants.lifecycle.models import Agreement
from tenants.lifecycle.selectors import terms
from tenants.lifecycle.terms import VERSION, fill, parse, pdf_of
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/t/meridian/admin/agreements/"
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
BY = "owner@meridian.example"


def digest_now(cast: Cast) -> str:
    with scope(cast.meridian.id):
        return digest(terms().document())


def accept(owner: Client, cast: Cast) -> Any:
    return owner.post(PAGE, {"read": digest_now(cast), "may": "on"})


class TestText:
    def test_a_version_never_changes(self) -> None:
        document = fill(organisation="O", provider="P", region="R", sub_processors=("A", "B")).document()
        assert (VERSION, digest(document)) == (1, "82ba20c13e954a899955b04faa0cb798b6951a7f2fdc7b62184c55d30fc2ee6a")
        assert (document["title"], len(document["blocks"])) == ("Data-processing agreement", 26)

    def test_pieces(self) -> None:
        title, blocks = parse("# T\n\n## H\n\nOne.\nTwo.\n\n- a\n- b\n\n## I\n- c\n")
        assert title == "T"
        assert [(each["kind"], each["lines"]) for each in blocks] == [
            ("heading", ["H"]), ("text", ["One."]), ("text", ["Two."]), ("list", ["a", "b"]), ("heading", ["I"]),
            ("list", ["c"]),
        ]  # fmt: skip

    def test_what_is_filled_in_makes_no_pieces_of_its_own(self) -> None:
        plain = fill(organisation="O", provider="", region="", sub_processors=())
        odd = fill(organisation="## $region\n- x #panic()", provider="", region="", sub_processors=())
        assert len(plain.blocks) == len(odd.blocks)
        assert "## $region\n- x #panic() (the “customer”" in odd.blocks[1]["lines"][0]
        assert (plain.provider, plain.region) == (
            "the operator of this installation", "where the operator of this installation runs it",
        )  # fmt: skip
        assert any("acceptance: nobody." in line for block in plain.blocks for line in block["lines"])

    def test_the_same_acceptance_makes_the_same_pdf(self) -> None:
        document = fill(organisation="## O #1 $x", provider="P", region="R", sub_processors=("A",)).document()
        first, second = (
            pdf_of(document, digest=digest(document), accepted=(BY, NOW), now=now) for now in (NOW, NOW + timedelta(1))
        )
        assert first == second
        assert first.startswith(b"%PDF-1.7")
        assert pdf_of(document, digest=digest(document), accepted=None, now=NOW) != first


class TestAccepting:
    def test_it_is_kept_word_by_word_and_told_in_the_audit(self, cast: Cast, sign_in: SignIn) -> None:
        owner = sign_in(cast.owner)
        assert b"Nobody has accepted the data-processing agreement" in owner.get(PAGE).content
        shown = digest_now(cast)
        assert accept(owner, cast).status_code == 302
        page = owner.get(PAGE).content.decode()
        assert "Nobody has accepted" not in page
        assert "Accept the agreement" not in page
        with scope(cast.meridian.id):
            row = Agreement.objects.get()
            (entry,) = AuditEntry.objects.filter(action="agreement.accepted")
        assert (row.version, row.digest, row.accepted_by) == (1, shown, BY)
        assert digest(row.document) == shown
        assert (row.document["organisation"], row.document["sub_processors"]) == (cast.meridian.name, [])
        assert (entry.subject, entry.by) == (f"agreement/{row.id}", BY)
        assert (entry.details["version"], entry.details["digest"]) == (1, shown)

    def test_once(self, cast: Cast) -> None:
        shown = digest_now(cast)
        with scope(cast.meridian.id):
            first = accept_agreement(read=shown, by=BY, now=NOW)
            again = accept_agreement(read=shown, by="other", now=NOW + timedelta(days=1))
            assert (again.id, again.accepted_by, again.accepted_at) == (first.id, BY, NOW)
            assert AuditEntry.objects.filter(action="agreement.accepted").count() == 1

    @pytest.mark.parametrize(
        ("name", "value"),
        [("OUTTURN_REGION", "eu-north"), ("OUTTURN_PROVIDER", "P"), ("OUTTURN_SUB_PROCESSORS", ["Host GmbH"])],
    )
    def test_what_changes_has_to_be_accepted_again(
        self, cast: Cast, sign_in: SignIn, settings: Any, name: str, value: object
    ) -> None:
        owner, before = sign_in(cast.owner), digest_now(cast)
        accept(owner, cast)
        setattr(settings, name, value)
        page = owner.get(PAGE).content.decode()
        assert "is a newer one than what was accepted" in page
        stale = owner.post(PAGE, {"read": before, "may": "on"}, follow=True).content.decode()
        assert "the agreement has changed since you opened it. Read it again, and accept it then." in stale
        with scope(cast.meridian.id), pytest.raises(AgreementChangedError):
            accept_agreement(read=before, by=BY, now=NOW)
        accept(owner, cast)
        assert "is a newer one" not in owner.get(PAGE).content.decode()
        with scope(cast.meridian.id):
            assert Agreement.objects.count() == 2

    def test_the_organisations_own_region_goes_before_the_installations(self, cast: Cast, settings: Any) -> None:
        settings.OUTTURN_REGION = "eu-north"
        Tenant.objects.filter(id=cast.meridian.id).update(region="eu-south")
        with scope(cast.meridian.id):
            assert terms().region == "eu-south"
        with scope(cast.stranger.id):
            assert terms().region == "eu-north"

    @pytest.mark.parametrize(
        "sent", [{}, {"may": "on"}, {"read": "x" * 64}, {"read": "short", "may": "on"}, {"read": "0" * 65, "may": "on"}]
    )
    def test_nothing_is_accepted_by_half(self, cast: Cast, sign_in: SignIn, sent: dict[str, str]) -> None:
        assert sign_in(cast.owner).post(PAGE, sent).status_code == 400
        with scope(cast.meridian.id):
            assert not Agreement.objects.exists()

    def test_only_who_administers(self, cast: Cast, sign_in: SignIn) -> None:
        for person in (cast.viewer, cast.reader):
            client = sign_in(person)
            assert [client.get(PAGE).status_code, accept(client, cast).status_code] == [403, 403]
            assert client.get(f"{PAGE}document/").status_code == 403

    def test_it_cannot_be_changed(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            row = accept_agreement(read=digest(terms().document()), by=BY, now=NOW)
            with pytest.raises(DatabaseError), transaction.atomic():
                Agreement.objects.filter(id=row.id).update(accepted_by="nobody")
            with pytest.raises(DatabaseError), transaction.atomic():
                Agreement.objects.filter(id=row.id).delete()

    def test_it_stays_open_while_the_organisation_is_suspended(self, cast: Cast, sign_in: SignIn) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(state="suspended")
        assert sign_in(cast.owner).get(PAGE).status_code == 200
        assert sign_in(cast.viewer).get(PAGE).status_code == 403


class TestDocuments:
    def test_before_and_after(self, cast: Cast, sign_in: SignIn, settings: Any) -> None:
        owner = sign_in(cast.owner)
        draft = owner.get(f"{PAGE}document/")
        assert (draft.status_code, draft["Content-Type"]) == (200, "application/pdf")
        assert draft["Content-Disposition"] == 'attachment; filename="data-processing-agreement-1-unaccepted.pdf"'
        with scope(cast.meridian.id):
            row = accept_agreement(read=digest(terms().document()), by=BY, now=NOW)
        settings.OUTTURN_REGION = "elsewhere"
        kept = owner.get(f"{PAGE}{row.id}/document/")
        assert kept["Content-Disposition"] == 'attachment; filename="data-processing-agreement-1-2026-11-21.pdf"'
        assert kept.content == pdf_of(row.document, digest=row.digest, accepted=(BY, NOW), now=NOW)

    def test_one_that_is_not_there(self, cast: Cast, sign_in: SignIn) -> None:
        assert sign_in(cast.owner).get(f"{PAGE}{new_id()}/document/").status_code == 404
