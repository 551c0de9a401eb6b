from __future__ import annotations

import pytest

from tenants.kernel.errors import Finding
from tests.twins.catalog.documents import PUMP, asset_type
from twins.catalog.domain.reading import read_document, read_json
from twins.catalog.schemas import AssetType


def test_a_sound_document_is_read_without_findings() -> None:
    assert read_document(AssetType, PUMP) == (asset_type(PUMP), ())


def test_json_is_read_as_it_is() -> None:
    assert read_json(b'{"a": [1, "\xc3\xa9", null]}', "type") == ({"a": [1, "é", None]}, ())


def test_a_key_that_stands_twice_is_refused() -> None:
    value, findings = read_json('{"signals": {"t24": {}, "t24": {}}}', "type")
    fix = "Keep one of the two, or give the other one its own key."
    assert value is None
    assert findings == (Finding("type.duplicate_key", "t24", "The key 't24' stands twice.", fix),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("", "Expecting value"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        (b"\xff\xfe\xfa", "codec can't decode"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused(text: str | bytes, reason: str) -> None:
    value, (finding,) = read_json(text, "type")
    assert (value, finding.code, finding.fix) == (None, "type.not_json", "Send valid JSON in UTF-8.")
    assert reason in finding.message


def test_every_misfit_is_found_with_its_place_and_fix() -> None:
    raw = PUMP | {"version": "3", "colour": "red", "signals": {"flow": {"range": ["0", 1]}, "Bad": {"unit": "1"}}}
    del raw["name"]
    document, findings = read_document(AssetType, raw)
    assert document is None
    assert {(finding.code, finding.place, finding.fix) for finding in findings} == {
        ("type.malformed", "version", "Write it as a whole number, without quotes."),
        ("type.missing", "name", "Add it."),
        ("type.missing", "signals/flow/unit", "Add it."),
        ("type.malformed", "signals/flow/range/1", "Write it as docs/schemas/asset-type.schema.json says."),
        ("type.malformed", "signals/Bad", "Write it as docs/schemas/asset-type.schema.json says."),
        ("type.unknown_field", "colour", "Remove it; it is no part of this kind of document."),
    }
    assert {finding.place: finding.message for finding in findings}.items() >= {
        "version": "version has to be a whole number.",
        "name": "name is missing.",
        "colour": "colour is no field here.",
    }.items()


@pytest.mark.parametrize("raw", [None, [], "pump", 1])
def test_what_is_no_object_is_refused(raw: object) -> None:
    document, (finding,) = read_document(AssetType, raw)
    assert (document, finding.code, finding.place) == (None, "type.malformed", "")
    assert finding.message == "The document has to be an object."


@pytest.mark.parametrize("value", [2**53, float("inf"), "\ud800"])
def test_what_canonical_json_cannot_carry_is_refused(value: object) -> None:
    document, findings = read_document(AssetType, PUMP | {"extra": {"dtdl": {"x": value}}})
    assert document is None
    assert {finding.code for finding in findings} <= {"type.not_canonical", "type.malformed"}
    assert findings
