from __future__ import annotations

from typing import Any

import pytest

from tests.twins.catalog.documents import MACHINE, PUMP, asset_type, catalogue
from tests.twins.composer.drafts import ASSETS, GATEWAY, LINKS, A, B, C, twin
from twins.catalog.domain.inheritance import ResolvedType, resolve_all
from twins.composer.domain.validation import is_publishable, validate
from twins.composer.schemas import TwinDocument

VALVE = asset_type(
    key="valve",
    properties={
        "bore": {"type": "integer", "minimum": "1"},
        "kind": {"type": "text", "choices": ["ball", "gate"]},
        "spare": {"type": "boolean"},
    },
    ports={
        "inlet": {"accepts": ["fluid"], "max": 1},
        "outlet": {"accepts": ["fluid"]},
        "drive": {"accepts": ["power"]},
    },
)
BLOCK = asset_type(key="block")


@pytest.fixture(scope="module")
def types() -> dict[str, ResolvedType]:
    return resolve_all(catalogue(asset_type(PUMP), VALVE, BLOCK))


def valve(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "valve@1", "name": name, "at": [0, 0]} | fields


def pump(**fields: Any) -> dict[str, Any]:
    return {"type": "centrifugal-pump@3", "name": "P-101", "at": [0, 0], "properties": {"rated_flow": "12"}} | fields


def link(start: tuple[str, str], end: tuple[str, str], kind: str = "feeds") -> dict[str, Any]:
    return {"from": list(start), "to": list(end), "kind": kind}


def found(document: TwinDocument, types: dict[str, ResolvedType]) -> list[tuple[str, str, str]]:
    errors = [finding for finding in validate(document, types) if finding.severity == "error"]
    assert all(finding.fix.endswith(".") for finding in errors)
    return [(finding.code.removeprefix("twin."), finding.place, finding.message) for finding in errors]


def test_an_empty_twin_is_sound(types: dict[str, ResolvedType]) -> None:
    assert validate(twin(), types) == ()
    assert is_publishable(())


def test_signals_that_nothing_is_read_from_are_a_hint(types: dict[str, ResolvedType]) -> None:
    bound = {f"{A}/{signal}": {"gateway": GATEWAY, "key": signal} for signal in ("speed", "flow_total")}
    findings = validate(twin(assets={A: pump()}, bindings=bound), types)
    assert [(finding.code, finding.severity, finding.place) for finding in findings] == [
        ("twin.unbound_signals", "hint", f"assets/{A}")
    ]
    assert findings[0].message == "P-101 does not read discharge pressure, vibration rms, bearing temperature."
    assert is_publishable(findings)


def test_a_hint_names_signals_as_people_do_and_the_first_of_many_only() -> None:
    signals = {f"s_{n}": {"unit": "bar"} | ({"name": {"de": f"Druck {n}"}} if n else {}) for n in range(7)}
    types = resolve_all(catalogue(asset_type(key="many", signals=signals)))
    (finding,) = validate(twin(assets={A: valve("V", type="many@1")}), types)
    assert finding.message == "V does not read s 0, Druck 1, Druck 2, Druck 3 and 3 more."


def test_an_error_keeps_a_twin_from_being_published(types: dict[str, ResolvedType]) -> None:
    assert not is_publishable(validate(twin(assets={A: valve("V"), B: valve("V")}), types))


@pytest.mark.parametrize(
    ("asset", "code", "place", "message"),
    [
        (
            valve("V", type="valve@2"),
            "unknown_type",
            "type",
            "V is of the type valve@2, which is not in the catalogue.",
        ),
        (
            valve("V", type="rotating-machine@2"),
            "abstract_type",
            "type",
            "V is of the type rotating-machine@2, which is abstract.",
        ),
        (valve("V", group="duty"), "unknown_group", "group", "V is in the group 'duty', which the twin does not have."),
        (pump(properties={}), "missing_property", "properties/rated_flow", "P-101 has no rated flow."),
        (
            valve("V", properties={"size": 1}),
            "unknown_property",
            "properties/size",
            "The type valve@1 has no property 'size'.",
        ),
        (valve("V", properties={"bore": 0}), "property_misfit", "properties/bore", "The bore of V is 0."),
        (valve("V", properties={"bore": "1"}), "property_misfit", "properties/bore", "The bore of V is '1'."),
        (valve("V", properties={"bore": True}), "property_misfit", "properties/bore", "The bore of V is True."),
        (valve("V", properties={"kind": "flap"}), "property_misfit", "properties/kind", "The kind of V is 'flap'."),
        (valve("V", properties={"spare": 1}), "property_misfit", "properties/spare", "The spare of V is 1."),
        (
            pump(properties={"rated_flow": "-1"}),
            "property_misfit",
            "properties/rated_flow",
            "The rated flow of P-101 is '-1'.",
        ),
        (
            pump(properties={"rated_flow": "much"}),
            "property_misfit",
            "properties/rated_flow",
            "The rated flow of P-101 is 'much'.",
        ),
    ],
)
def test_every_fault_of_an_asset_is_found(
    asset: dict[str, Any], code: str, place: str, message: str, types: dict[str, ResolvedType]
) -> None:
    assert found(twin(assets={A: asset}), types) == [(code, f"assets/{A}/{place}", message)]


def test_inherited_types_are_known(types: dict[str, ResolvedType]) -> None:
    assert MACHINE["signals"].keys() <= types["centrifugal-pump@3"].document.signals.keys()
    assert found(twin(assets={A: pump()}, bindings={f"{A}/speed": {"gateway": GATEWAY, "key": "n"}}), types) == []


def test_names_are_unique(types: dict[str, ResolvedType]) -> None:
    assert found(twin(assets={A: valve("V"), B: valve("V"), C: valve("W")}), types) == [
        ("duplicate_name", f"assets/{A}/name", "2 assets are called 'V'."),
        ("duplicate_name", f"assets/{B}/name", "2 assets are called 'V'."),
    ]


@pytest.mark.parametrize(
    ("links", "code", "side", "message"),
    [
        ([link((A, "outlet"), (B, "door"))], "unknown_port", "/to", "V2 has no port 'door'."),
        ([link((A, "door"), (B, "inlet"))], "unknown_port", "/from", "V1 has no port 'door'."),
        ([link((ASSETS[3], "x"), (B, "inlet"))], "unknown_port", "/from", "Block has no port 'x'."),
        ([link((A, "outlet"), (B, "drive"))], "link_does_not_fit", "", "One end accepts fluid, the other power."),
        ([link((A, "outlet"), (A, "outlet"))], "self_link", "", "A port is linked with itself."),
        ([link((LINKS[3], "x"), (B, "inlet"))], "unknown_asset", "/from", f"There is no asset {LINKS[3]}."),
    ],
)
def test_every_fault_of_a_link_is_found(
    links: list[dict[str, Any]], code: str, side: str, message: str, types: dict[str, ResolvedType]
) -> None:
    assets = {A: valve("V1"), B: valve("V2"), C: valve("V3"), ASSETS[3]: valve("Block", type="block@1")}
    document = twin(assets=assets, links=dict(zip(LINKS, links, strict=False)))
    assert found(document, types) == [(code, f"links/{LINKS[0]}{side}", message)]


def test_links_that_fit_have_no_findings(types: dict[str, ResolvedType]) -> None:
    chain = {LINKS[0]: link((A, "outlet"), (B, "inlet")), LINKS[1]: link((B, "outlet"), (C, "inlet"))}
    assert found(twin(assets={A: valve("V1"), B: valve("V2"), C: valve("V3")}, links=chain), types) == []


def test_a_full_port_is_told_at_every_link_that_ends_there(types: dict[str, ResolvedType]) -> None:
    links = {LINKS[0]: link((A, "outlet"), (C, "inlet")), LINKS[1]: link((B, "outlet"), (C, "inlet"))}
    document = twin(assets={A: valve("V1"), B: valve("V2"), C: valve("V3")}, links=links)
    assert found(document, types) == [
        ("port_full", f"links/{key}/to", "2 links end at inlet of V3, which takes 1.") for key in LINKS[:2]
    ]


def test_the_same_link_twice_is_found(types: dict[str, ResolvedType]) -> None:
    same = link((A, "outlet"), (B, "outlet"))
    document = twin(assets={A: valve("V1"), B: valve("V2")}, links={LINKS[0]: same, LINKS[1]: same})
    assert found(document, types) == [
        ("duplicate_link", f"links/{LINKS[1]}", f"It says the same as links/{LINKS[0]}."),
    ]
    other = link((A, "outlet"), (B, "outlet"), kind="drains")
    assert found(twin(assets=document.as_json()["assets"], links={LINKS[0]: same, LINKS[1]: other}), types) == []


@pytest.mark.parametrize(
    ("place", "binding", "code", "field", "message"),
    [
        (f"{A}/colour", {}, "unknown_signal", "", "P-101 has no signal 'colour'."),
        (f"{B}/speed", {}, "unknown_asset", "", f"There is no asset {B}."),
        (
            f"{A}/speed",
            {"unit": "rpm"},
            "unknown_unit",
            "/unit",
            "'rpm' is not a UCUM unit: it cannot be read, or it cannot be calculated with.",
        ),
        (
            f"{A}/discharge_pressure",
            {"unit": "K"},
            "unit_not_convertible",
            "/unit",
            "'K' does not convert into 'bar': they measure different things, or one of them is no linear scale.",
        ),
        (f"{A}/speed", {"scale": "0.0"}, "zero_scale", "/scale", "Scaled by 0, every value would be the same."),
    ],
)
def test_every_fault_of_a_binding_is_found(
    place: str, binding: dict[str, Any], code: str, field: str, message: str, types: dict[str, ResolvedType]
) -> None:
    bindings = {place: {"gateway": GATEWAY, "key": "k"} | binding}
    assert found(twin(assets={A: pump()}, bindings=bindings), types) == [(code, f"bindings/{place}{field}", message)]


def test_another_unit_of_the_same_kind_is_converted(types: dict[str, ResolvedType]) -> None:
    binding = {"gateway": GATEWAY, "key": "k", "unit": "[psi]", "scale": "0.1", "offset": "-4"}
    assert found(twin(assets={A: pump()}, bindings={f"{A}/discharge_pressure": binding}), types) == []


def test_one_key_of_a_gateway_feeds_one_signal(types: dict[str, ResolvedType]) -> None:
    same = {"gateway": GATEWAY, "key": "k"}
    elsewhere = {"gateway": ASSETS[3], "key": "k"}
    bindings = {f"{A}/speed": same, f"{A}/flow_total": same, f"{A}/vibration_rms": elsewhere}
    assert found(twin(assets={A: pump()}, bindings=bindings), types) == [
        ("key_bound_twice", f"bindings/{A}/speed", f"The key 'k' of this gateway is bound to {A}/flow_total too."),
        ("key_bound_twice", f"bindings/{A}/flow_total", f"The key 'k' of this gateway is bound to {A}/speed too."),
    ]


def test_what_depends_on_an_unknown_type_is_told_once(types: dict[str, ResolvedType]) -> None:
    document = twin(
        assets={A: valve("V", type="other@1"), B: valve("W")},
        links={LINKS[0]: link((A, "x"), (B, "inlet"))},
        bindings={f"{A}/x": {"gateway": GATEWAY, "key": "k"}},
    )
    assert [finding[0] for finding in found(document, types)] == ["unknown_type"]
