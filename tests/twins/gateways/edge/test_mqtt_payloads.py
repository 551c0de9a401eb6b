"""Messages of a local broker become samples, or say why not."""

from __future__ import annotations

import pytest

from twins.gateways.edge.configuration import Topic
from twins.gateways.edge.mqtt_payloads import key_of, samples_in
from twins.gateways.field.samples import Sample, SampleQuality

NOW, AT = 1_800_000_000_000_000, 1_735_689_600_000_000
RULE = Topic(topic="#")


def read(payload: bytes, rule: Topic = RULE, now: int | None = NOW) -> list[Sample]:
    return samples_in("plant/pump/flow", payload, rule, now)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"12.5", [("plant/pump/flow", NOW, 12.5)]),
        (b'"12.5"', [("plant/pump/flow", NOW, 12.5)]),
        (b"true", [("plant/pump/flow", NOW, 1.0)]),
        (b'{"value": -1}', [("plant/pump/flow", NOW, -1.0)]),
        (b'{"value": 2, "at": 1735689600000}', [("plant/pump/flow", AT, 2.0)]),
        (b'{"value": 2, "at": "2025-01-01T01:00:00.000001+01:00"}', [("plant/pump/flow", AT + 1, 2.0)]),
        (b'{"at": 1735689600000, "rate_hz": 1000, "values": [1, 2]}',
         [("plant/pump/flow", AT, 1.0), ("plant/pump/flow", AT + 1000, 2.0)]),
        (b'{"at": 1735689600000, "p": 1, "t": 2.5, "on": true, "name": "x"}',
         [("plant/pump/flow.p", AT, 1.0), ("plant/pump/flow.t", AT, 2.5), ("plant/pump/flow.on", AT, 1.0)]),
    ],
)  # fmt: skip
def test_forms(payload: bytes, found: list[tuple[str, int, float]]) -> None:
    assert [(one.key, one.at, one.value) for one in read(payload)] == found


def test_members_may_have_other_names() -> None:
    rule = Topic(topic="+/+/flow", key="{2}.{3}", value="v", at="ts")
    (found,) = read(b'{"v": 4, "ts": 1735689600000, "quality": "bad"}', rule)
    assert found == Sample("pump.flow", AT, 4.0, SampleQuality.BAD)
    (found,) = read(b'{"v": 4, "quality": "who knows"}', rule)
    assert found.quality is SampleQuality.UNCERTAIN


def test_what_is_retained_is_read_only_with_its_own_instant() -> None:
    assert read(b"12.5", now=None) == []
    assert read(b'{"value": 1}', now=None) == []
    assert len(read(b'{"value": 1, "at": 1735689600000}', now=None)) == 1


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "neither a number nor JSON"), (b"\xff", "neither"), (b"[1, 2]", "no number"), (b"NaN", "not finite"),
        (b"Infinity", "not finite"), (b'"warm"', "no number"), (b"null", "no number"), (b"{}", "no member value"),
        (b'{"value": {}}', "no number"), (b'{"value": 1, "at": "soon"}', "no instant"),
        (b'{"value": 1, "at": "2025-01-01T00:00:00"}', "no instant"), (b'{"value": 1, "at": true}', "no instant"),
        (b'{"value": 1, "at": 1e300}', "no instant"), (b'{"values": [1]}', "rate_hz"),
        (b'{"values": [1], "rate_hz": 0}', "rate_hz"), (b'{"values": ["x"], "rate_hz": 1}', "no number"),
        (b"[" * 100_000, "neither"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(payload: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(payload)


@pytest.mark.parametrize("template", ["{4}", "{0}", " ", "x" * 201])
def test_keys_that_are_none(template: str) -> None:
    with pytest.raises(ValueError, match=r"level|no key"):
        key_of("a/b/c", template)
