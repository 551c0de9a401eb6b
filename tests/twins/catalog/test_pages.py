"""The catalogue's pages: its list, one type, drafts and what becomes of versions."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.catalog import drafts, selectors
from twins.catalog.models import AssetTypeDraft, AssetTypeState
from twins.catalog.selectors import marked_types
from twins.catalog.services import publish_type
from twins.catalog.wording import in_language

pytestmark = pytest.mark.django_db
BASE = "/t/meridian/catalogue/"
PUMP = {
    "key": "booster-pump",
    "version": 1,
    "name": {"en": "=Booster pump", "de": "Druckerhöhungspumpe"},
    "extends": ["rotating-machine@1"],
    "signals": {
        "inlet_pressure": {"unit": "bar", "range": ["0", "10"]},
        "speed": {"unit": "{rpm}", "range": ["0", "4000"]},
    },
    "derived": {"speed_share": {"unit": "%", "formula": "speed / rated_speed"}},
    "components": {"motor": {"type": "electric-motor@1"}},
}


@pytest.fixture
def person(client: Client, cast: Cast) -> Client:
    client.force_login(cast.owner)
    return client


@pytest.fixture
def pump(cast: Cast) -> str:
    with scope(cast.meridian.id):
        return publish_type(document=PUMP, by="owner@meridian.example", now=utc_now(), note="First").ref


def shown(client: Client, path: str = "") -> str:
    answer = client.get(BASE + path)
    assert answer.status_code == 200
    return answer.content.decode()


def listed(client: Client, query: str) -> list[str]:
    """The keys of the types that the list shows."""
    rows = csv.DictReader(io.StringIO(client.get(f"{BASE}?format=csv&{query}").content.decode("utf-8-sig")))
    return [row["key"] for row in rows]


def test_the_list_is_searched_narrowed_and_sorted(person: Client, cast: Cast, pump: str) -> None:
    with scope(cast.meridian.id):
        drafts.start_draft(key="new-thing", name="New thing", extends=None, origin=None, by="x", now=utc_now())
    assert {"booster-pump", "new-thing", "centrifugal-pump"} <= set(listed(person, ""))
    assert listed(person, "q=inlet_pressure+booster") == ["booster-pump"]
    assert set(listed(person, "kind=own")) == {"booster-pump", "new-thing"}
    assert listed(person, "kind=drafts") == ["new-thing"]
    assert "booster-pump" in listed(person, "parent=equipment")
    assert "rotating-machine" in listed(person, "kind=abstract")
    assert listed(person, "kind=deprecated") == []
    by_version = listed(person, "sort=-changed")
    assert set(by_version[:2]) == {"booster-pump", "new-thing"}
    assert listed(person, "kind=nonsense&sort=nonsense&after=nonsense") == listed(person, "")
    assert "Nothing fits" in shown(person, "?q=zzz")
    assert "No draft is open" not in shown(person, "?kind=drafts")


def test_a_name_that_a_spreadsheet_would_calculate_is_told_as_text(person: Client, pump: str) -> None:
    assert "'=Booster pump" in person.get(f"{BASE}?format=csv").content.decode()


def test_a_type_shows_what_it_inherits_overrides_and_has_itself(person: Client, pump: str) -> None:
    page = shown(person, f"{pump}/")
    assert "Inherits from" in page
    assert 'overrides <a href="/t/meridian/catalogue/rotating-machine@1/">' in page
    assert "0 – 4000" in page
    assert "speed / rated_speed" in page
    assert 'href="/t/meridian/catalogue/electric-motor@1/"' in page
    assert "by owner@meridian.example" in page
    assert "First" in page
    assert "New version" in page
    assert "New version" not in shown(person, "rotating-machine@1/")
    assert person.get(f"{BASE}nothing@1/").status_code == 404


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Pump"), ("de", "Pumpe"), ("de-CH", "Pumpe"), ("fr", "Pump"), ("", "Pump")]
)
def test_a_text_is_told_in_the_language_of_the_viewer_else_in_english(language: str, name: str) -> None:
    assert in_language({"de": "Pumpe", "en": "Pump"}, language) == name
    assert in_language({"sv": "Pump"}, language) == "Pump"
    assert in_language(None, language, "pump") == "pump"


def test_a_new_type_gets_a_key_of_its_name_and_opens_in_the_editor(person: Client, cast: Cast) -> None:
    name = "Größe <script>alert(1)</script>"
    answer = person.post(f"{BASE}new/", {"name": name, "extends": "rotating-machine@1"})
    with scope(cast.meridian.id):
        draft = AssetTypeDraft.objects.get()
        assert (draft.key, draft.document["extends"]) == ("groe-scriptalert1script", ["rotating-machine@1"])
        assert draft.document["name"] == {"en": name}
    assert answer.status_code == 302
    page = person.get(answer.headers["Location"]).content.decode()
    assert "type_config" in page
    assert str(draft.id) in page
    assert "<script>alert" not in shown(person)
    assert "&lt;script&gt;alert" in shown(person)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "Pump", "key": "Not A Key"}, "Small letters, digits and hyphens"),
        ({"name": "泵"}, "Give a key"),
        ({"name": "Pump", "key": "centrifugal-pump"}, "centrifugal-pump@1 is taken"),
        ({"name": "Pump", "extends": "nothing@1"}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 1_000_000}, "at most 200 characters"),
    ],
)
def test_what_cannot_become_a_type_is_told_at_its_field(person: Client, given: dict[str, str], message: str) -> None:
    answer = person.post(f"{BASE}new/", given)
    assert answer.status_code == 400
    assert message in answer.content.decode()


def test_a_next_version_is_drafted_once_and_thrown_away(person: Client, cast: Cast, pump: str) -> None:
    first = person.post(f"{BASE}{pump}/revise/").headers["Location"]
    again = person.post(f"{BASE}{pump}/revise/").headers["Location"]
    assert first == again
    assert "Go on with the draft" in shown(person, f"{pump}/")
    draft = UUID(first.rstrip("/").rpartition("/")[2])
    assert person.post(f"{BASE}drafts/{draft}/discard/").status_code == 302
    assert person.post(f"{BASE}drafts/{draft}/discard/").status_code == 404
    assert person.get(first).status_code == 404
    answer = person.post(f"{BASE}rotating-machine@1/revise/", follow=True)
    assert "Give your type a key of its own" in answer.content.decode()


def test_a_version_is_deprecated_for_another_and_restored(person: Client, cast: Cast, pump: str) -> None:
    wrong = person.post(f"{BASE}{pump}/deprecate/", {"reason": ""})
    assert wrong.status_code == 400
    person.post(f"{BASE}{pump}/deprecate/", {"reason": "Out of use", "successor": "centrifugal-pump@1"})
    page = shown(person, f"{pump}/")
    assert "Out of use" in page
    assert 'href="/t/meridian/catalogue/centrifugal-pump@1/"' in page
    assert listed(person, "kind=deprecated") == ["booster-pump"]
    assert pump not in shown(person, "new/")
    person.post(f"{BASE}{pump}/restore/")
    assert listed(person, "kind=deprecated") == []
    with scope(cast.meridian.id):
        assert not AssetTypeState.objects.exists()


def test_a_version_that_nothing_uses_is_removed_and_put_back(person: Client, cast: Cast, pump: str) -> None:
    assert "Put it back" in person.post(f"{BASE}{pump}/remove/").content.decode()
    assert person.get(f"{BASE}{pump}/").status_code == 404
    person.post(f"{BASE}{pump}/restore/")
    assert person.get(f"{BASE}{pump}/").status_code == 200


def test_a_version_that_something_uses_stays_and_says_what_does(person: Client, cast: Cast, pump: str) -> None:
    with scope(cast.meridian.id):
        child = {"key": "large-pump", "version": 1, "name": {"en": "Large pump"}, "extends": [pump]}
        publish_type(document=child, by="x", now=utc_now())
    page = person.post(f"{BASE}{pump}/remove/", follow=True).content.decode()
    assert "is used by Large pump" in page
    assert "Used by" in page
    with scope(cast.meridian.id):
        assert selectors.catalogue_entry(pump) is not None
    assert "built in" in person.post(f"{BASE}asset@1/remove/", follow=True).content.decode()


def test_who_may_only_read_sees_types_and_drafts_and_changes_nothing(client: Client, cast: Cast, pump: str) -> None:
    with scope(cast.meridian.id):
        draft = drafts.start_draft(key="mine", name="Mine", extends=None, origin=None, by="x", now=utc_now()).id
    client.force_login(cast.viewer)
    page = shown(client, f"{pump}/")
    assert "Extend this type" not in page
    assert "Deprecate" not in page
    assert '"can_edit": false' in client.get(f"{BASE}drafts/{draft}/").content.decode()
    for path in ("new/", f"{pump}/deprecate/"):
        assert client.get(BASE + path).status_code == 403
    for path in (f"{pump}/revise/", f"{pump}/remove/", f"{pump}/restore/", f"drafts/{draft}/discard/"):
        assert client.post(BASE + path).status_code == 403


def test_chosen_types_are_deprecated_together_or_not_at_all(person: Client, cast: Cast, pump: str) -> None:
    text = shown(person)
    assert f'name="types" value="{pump}" form="chosen"' in text
    assert f'formaction="{BASE}deprecate/"' in text
    chosen = f"deprecate/?types={pump}&types=gearbox@1&types=nothing@1"
    assert f"{pump}, gearbox@1: not offered for new assets any more." in shown(person, chosen)
    assert person.post(f"{BASE}{chosen}", {"reason": ""}).status_code == 400
    assert person.post(f"{BASE}{chosen}", {"reason": "Old", "successor": "gearbox@1"}).status_code == 400
    assert listed(person, "kind=deprecated") == []
    done = person.post(f"{BASE}{chosen}", {"reason": "Old", "successor": "centrifugal-pump@1"}, follow=True)
    assert "2 types are deprecated. What uses them goes on." in done.content.decode()
    assert sorted(listed(person, "kind=deprecated")) == ["booster-pump", "gearbox"]
    with scope(cast.meridian.id):
        told = marked_types()[pump].deprecated
        assert told is not None
        assert (told.reason, told.successor) == ("Old", "centrifugal-pump@1")
    again = person.get(f"{BASE}{chosen}", follow=True)
    assert "Choose types that are not deprecated yet." in again.content.decode()


def test_chosen_types_become_a_pack(person: Client, pump: str) -> None:
    text = shown(person, f"packs/make/?types={pump}&types=gearbox@1")
    assert re.search(rf'<input[^>]*name="types"[^>]*value="{pump}"[^>]*checked', text)
    assert "gearbox@1" not in text


def test_who_may_not_publish_chooses_nothing(cast: Cast, sign_in: Callable[[User], Client], pump: str) -> None:
    viewer = sign_in(cast.viewer)
    assert 'form="chosen"' not in shown(viewer)
    assert viewer.get(f"{BASE}deprecate/?types={pump}").status_code == 403
