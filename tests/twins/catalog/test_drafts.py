"""Drafts of asset types, and what becomes of published versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.catalog import drafts, services
from twins.catalog.bounds import TypeTooLargeError
from twins.catalog.models import AssetTypeDraft, AssetTypeVersion
from twins.catalog.selectors import (
    DraftNotFoundError,
    TypeNotFoundError,
    catalogue_entry,
    draft_state,
    marked_types,
    published_types,
    uses_of,
)
from twins.catalog.selectors import drafts as open_drafts

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PUMP: dict[str, Any] = {
    "key": "duty-pump", "version": 1, "name": {"en": "Duty pump"},
    "signals": {"flow": {"unit": "m3/h", "range": ["0", "200"]}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _scope(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


def started(**fields: Any) -> AssetTypeDraft:
    asked = {"key": "duty-pump", "name": "Duty pump", "extends": None, "origin": None} | fields
    return drafts.start_draft(**asked, by="ada", now=NOW)


def saved(row: AssetTypeDraft, document: dict[str, Any], *, revision: int | None = None) -> AssetTypeDraft:
    revision = row.revision if revision is None else revision
    return drafts.save_draft(draft=row.id, revision=revision, document=document, by="ben", now=LATER)


def published(row: AssetTypeDraft, *, revision: int | None = None) -> AssetTypeVersion:
    revision = AssetTypeDraft.objects.get(id=row.id).revision if revision is None else revision
    return drafts.publish_draft(draft=row.id, revision=revision, note="first", by="ada", now=LATER)


class TestStart:
    def test_an_empty_one(self) -> None:
        row = started()
        assert (row.document, row.revision, row.author) == (
            {"key": "duty-pump", "version": 1, "name": {"en": "Duty pump"}}, 1, "ada",
        )  # fmt: skip

    def test_one_that_extends_a_built_in_type(self) -> None:
        row = started(key="own-turbine", name="Own turbine", extends="gas-turbine@1")
        state = draft_state(row)
        assert state.document["extends"] == ["gas-turbine@1"]
        assert state.reading.findings == ()
        assert state.reading.resolved is not None
        assert "t30" in state.reading.resolved.document.signals
        assert state.reading.origins.parts["signals/t30"] == "gas-turbine@1"

    def test_the_next_version_of_a_published_one(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        row = started(key="duty-pump", name="", origin="duty-pump@1")
        assert row.document == {**PUMP, "version": 2}
        assert draft_state(row).published == 1

    def test_a_copy_under_another_key(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        row = started(key="other-pump", name="Other pump", origin="duty-pump@1")
        assert row.document == {**PUMP, "key": "other-pump", "name": {"en": "Other pump"}}

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"key": "gas-turbine"}, "type.published"),
            ({"extends": "nowhere@1"}, "type.not_found"),
            ({"origin": "nowhere@1"}, "type.not_found"),
        ],
    )
    def test_what_cannot_be(self, fields: dict[str, Any], code: str) -> None:
        with pytest.raises(OutturnError) as error:
            started(**fields)
        assert error.value.code == code

    def test_a_second_draft_of_the_same_type_names_the_first(self) -> None:
        row = started()
        with pytest.raises(drafts.DraftExistsError) as error:
            started()
        assert error.value.extra == {"draft": str(row.id)}


class TestSave:
    def test_however_unsound(self) -> None:
        row = started()
        broken = {"name": "no texts", "signals": {"flow": {"unit": "rpm"}, "Bad": 3, "t": {"unit": "K"}}, "other": []}
        row = saved(row, broken)
        state = draft_state(row)
        assert (row.revision, row.changed_by, state.document["signals"]) == (2, "ben", broken["signals"])
        assert [(each.code, each.place) for each in state.reading.findings] == [
            ("type.malformed", "name"), ("type.malformed", "signals/Bad"), ("type.malformed", "signals/Bad"),
            ("type.unknown_field", "other"), ("type.unknown_unit", "signals/flow/unit"),
        ]  # fmt: skip
        assert state.reading.resolved is not None
        assert set(state.reading.resolved.document.signals) == {"flow", "t"}

    def test_the_same_again_is_saved_once(self) -> None:
        row = saved(started(), PUMP)
        assert saved(row, PUMP, revision=1).revision == 2

    def test_an_older_revision_tells_both_sides(self) -> None:
        row = started()
        saved(row, PUMP)
        mine = {**PUMP, "signals": {"head": {"unit": "m"}}, "abstract": True}
        with pytest.raises(drafts.DraftConflictError) as error:
            saved(row, mine, revision=1)
        assert error.value.extra == {
            "revision": 2, "theirs": PUMP, "yours": mine, "places": ["abstract", "signals/flow", "signals/head"],
        }  # fmt: skip
        assert AssetTypeDraft.objects.get(id=row.id).document == PUMP

    def test_a_megabyte_is_refused_at_its_place(self) -> None:
        row = started()
        pasted = {**PUMP, "derived": {"x": {"unit": "1", "formula": "1 + " * 250_000}}}
        with pytest.raises(TypeTooLargeError) as error:
            saved(row, pasted)
        assert error.value.place == "derived/x/formula"
        assert error.value.message == (
            "the document has 976 kB, and a type holds 256 kB; the longest text in it has 1,000,000 characters"
        )
        assert AssetTypeDraft.objects.get(id=row.id).revision == 1

    def test_what_is_nested_too_deeply_is_refused(self) -> None:
        deep: Any = 1
        for _ in range(40):
            deep = [deep]
        with pytest.raises(TypeTooLargeError, match="nested more than 32 times"):
            saved(started(), {**PUMP, "extra": {"x": deep}})

    def test_script_tags_are_kept_as_text(self) -> None:
        name = "<script>alert(1)</script>"
        row = saved(started(), {**PUMP, "name": {"en": name}})
        assert draft_state(row).reading.findings == ()
        published(row)
        assert published_types()["duty-pump@1"].name == {"en": name}

    def test_a_draft_of_nobody(self) -> None:
        with pytest.raises(DraftNotFoundError):
            drafts.save_draft(draft=new_id(), revision=1, document={}, by="ada", now=NOW)


class TestFindings:
    @pytest.mark.parametrize(
        ("sections", "code", "place"),
        [
            ({"extends": ["duty-pump@1"]}, "type.cycle", "extends/0"),
            ({"signals": {"flow": {"unit": "furlongs"}}}, "type.unknown_unit", "signals/flow/unit"),
            ({"derived": {"x": {"unit": "1", "formula": "flow / 0 m3/h"}}}, "formula.division_by_zero",
             "derived/x/formula:7-13"),
            ({"derived": {"x": {"unit": "1", "formula": "flwo / 1 m3/h"}}}, "formula.unknown_name",
             "derived/x/formula:0-4"),
            ({"derived": {"x": {"unit": "bar", "formula": "flow"}}}, "formula.units", "derived/x/formula:0-4"),
            ({"key": "other"}, "type.other_key", "key"),
        ],
    )  # fmt: skip
    def test_at_their_places(self, sections: dict[str, Any], code: str, place: str) -> None:
        row = saved(started(), {**PUMP, **sections})
        findings = draft_state(row).reading.findings
        assert [(each.code, each.place) for each in findings] == [(code, place)]
        assert all(each.message and each.fix for each in findings)
        with pytest.raises(services.TypeNotSoundError) as error:
            published(row)
        assert [(each.code, each.place) for each in error.value.findings] == [(code, place)]
        assert not AssetTypeVersion.objects.exists()

    def test_formulas_in_a_circle(self) -> None:
        derived = {"a": {"unit": "m3/h", "formula": "b"}, "b": {"unit": "m3/h", "formula": "a"}}
        findings = draft_state(saved(started(), {**PUMP, "derived": derived})).reading.findings
        assert [(each.code, each.place) for each in findings] == [
            ("formula.loop", "derived/a/formula"), ("formula.loop", "derived/b/formula"),
        ]  # fmt: skip


class TestPublish:
    def test_as_the_next_version_once(self) -> None:
        row = saved(started(), PUMP)
        first = published(row)
        again = published(row)
        assert (first.id, first.version, first.note, first.document) == (again.id, 1, "first", PUMP)
        assert AssetTypeVersion.objects.count() == 1
        assert list(open_drafts()) == []
        row = saved(AssetTypeDraft.objects.get(id=row.id), {**PUMP, "abstract": True})
        assert published(row).version == 2
        assert published_types()["duty-pump@1"].as_json() == PUMP

    def test_not_what_somebody_saved_meanwhile(self) -> None:
        row = started()
        saved(row, PUMP)
        with pytest.raises(drafts.DraftConflictError, match="ben saved revision 2"):
            published(row, revision=1)
        assert not AssetTypeVersion.objects.exists()

    def test_not_what_is_published_already(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        row = started(origin="duty-pump@1", name="")
        with pytest.raises(drafts.NothingNewError, match="this is what duty-pump@1 says already"):
            published(row)

    def test_a_new_draft_follows_on(self) -> None:
        row = started()
        published(saved(row, PUMP))
        again = started(origin="duty-pump@1", name="")
        assert (again.id, again.document["version"]) == (row.id, 2)
        assert [each.key for each in open_drafts()] == ["duty-pump"]

    def test_discarding_keeps_what_was_published(self) -> None:
        row = started()
        published(saved(row, PUMP))
        drafts.discard_draft(draft=row.id)
        assert not AssetTypeDraft.objects.exists()
        assert "duty-pump@1" in published_types()


class TestStates:
    def test_deprecated_with_a_successor_and_restored(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        services.publish_type(document={**PUMP, "version": 2}, by="ada", now=NOW)
        entry = services.deprecate_type(
            ref="duty-pump@1", reason="Wrong range.", successor="duty-pump@2", by="ada", now=NOW
        )
        assert entry.deprecated is not None
        assert (entry.deprecated.reason, entry.deprecated.successor, entry.outdated_by) == (
            "Wrong range.", "duty-pump@2", "duty-pump@2",
        )  # fmt: skip
        assert marked_types()["duty-pump@1"].deprecated == entry.deprecated
        assert marked_types()["duty-pump@2"].deprecated is None
        restored = services.restore_type(ref="duty-pump@1")
        assert (restored.deprecated, restored.outdated_by) == (None, "duty-pump@2")

    def test_a_built_in_one_too(self) -> None:
        services.deprecate_type(ref="gas-turbine@1", reason="We have our own.", successor=None, by="ada", now=NOW)
        assert marked_types()["gas-turbine@1"].deprecated is not None

    @pytest.mark.parametrize("successor", ["duty-pump@1", "nowhere@1", "old-pump@1"])
    def test_a_successor_that_cannot_be(self, successor: str) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        services.publish_type(document={**PUMP, "key": "old-pump"}, by="ada", now=NOW)
        services.deprecate_type(ref="old-pump@1", reason="Old.", successor=None, by="ada", now=NOW)
        with pytest.raises(services.SuccessorError):
            services.deprecate_type(ref="duty-pump@1", reason="x", successor=successor, by="ada", now=NOW)

    def test_taken_away_and_brought_back(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        services.remove_type(ref="duty-pump@1", by="ada", now=NOW)
        assert catalogue_entry("duty-pump@1") is None
        assert AssetTypeVersion.objects.count() == 1
        with pytest.raises(services.TypePublishedError):
            services.publish_type(document=PUMP, by="ada", now=NOW)
        assert started().document["version"] == 2
        assert services.restore_type(ref="duty-pump@1").own.ref == "duty-pump@1"

    def test_not_brought_back_without_what_it_extends(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        child = {"key": "child", "version": 1, "name": {"en": "Child"}, "extends": ["duty-pump@1"]}
        services.publish_type(document=child, by="ada", now=NOW)
        for ref in ("child@1", "duty-pump@1"):
            services.remove_type(ref=ref, by="ada", now=NOW)
        with pytest.raises(services.ParentRemovedError, match="child@1 extends duty-pump@1"):
            services.restore_type(ref="child@1")
        assert catalogue_entry("child@1") is None
        services.restore_type(ref="duty-pump@1")
        assert services.restore_type(ref="child@1").lineage == ("child@1", "duty-pump@1")

    def test_a_megabyte_is_not_published_either(self) -> None:
        with pytest.raises(TypeTooLargeError):
            services.publish_type(document={**PUMP, "extra": {"x": "x" * 1_000_000}}, by="ada", now=NOW)

    @pytest.mark.parametrize("ref", ["nowhere@1", "nowhere", "duty-pump@99999999999", "@", "x@١"])
    def test_what_never_was(self, ref: str) -> None:
        with pytest.raises(TypeNotFoundError):
            services.remove_type(ref=ref, by="ada", now=NOW)
        with pytest.raises(TypeNotFoundError):
            services.restore_type(ref=ref)

    def test_a_built_in_one_stays(self) -> None:
        with pytest.raises(services.BuiltInTypeError):
            services.remove_type(ref="gas-turbine@1", by="ada", now=NOW)

    def test_what_other_types_and_drafts_use_stays_and_they_are_named(self) -> None:
        services.publish_type(document=PUMP, by="ada", now=NOW)
        station = {
            "key": "station",
            "version": 1,
            "name": {"en": "Station"},
            "components": {"p": {"type": "duty-pump@1"}},
        }
        services.publish_type(document=station, by="ada", now=NOW)
        started(key="big-pump", name="Big pump", extends="duty-pump@1")
        assert [(use.kind, use.name) for use in uses_of("duty-pump@1").seen] == [
            ("type", "Station"), ("type draft", "big-pump"),
        ]  # fmt: skip
        with pytest.raises(services.TypeInUseError, match="is used by Station, big-pump") as error:
            services.remove_type(ref="duty-pump@1", by="ada", now=NOW)
        assert next(each.place for each in error.value.findings) == "station@1"
        assert "duty-pump@1" in published_types()
