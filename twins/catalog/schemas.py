"""The document of an asset type version: what assets of this kind have, measure, suffer and need.

A type is immutable once published. In JSON decimals are strings and durations ISO 8601, in Python ``Decimal`` and
``timedelta``. Pydantic holds the shape; what needs units, parents or other sections is found by
``catalog.domain.validation``.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema

from tenants.kernel.calendars import DURATION_PATTERN, parse_duration
from tenants.kernel.canonical import digest

T = TypeVar("T")

State = Literal["running", "idle", "down", "unknown", "planned"]
STATES: tuple[str, ...] = get_args(State)
"""The states that every asset can be in; indicators and failure modes speak of them."""

_DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


def _read_decimal(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(_DECIMAL[1:-1], value) and len(value) <= 64:
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    raise ValueError('must be a decimal number written as a string, such as "12.5"')


def _read_duration(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(DURATION_PATTERN, value):
        value = timedelta(milliseconds=parse_duration(value))
    if isinstance(value, timedelta) and value > timedelta(0):
        return value
    raise ValueError('must be a positive ISO 8601 duration of weeks, days, hours, minutes and seconds, such as "PT6H"')


def _write_duration(value: timedelta) -> str:
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds}.{value.microseconds // 1000:03}".rstrip("0").rstrip(".")
    parts = [(value.days, "D"), (hours, "H"), (minutes, "M"), (exact, "S")]
    days, *time = [f"{count}{letter}" if str(count) != "0" else "" for count, letter in parts]
    return f"P{days}" + (f"T{''.join(time)}" if any(time) else "")


def _read_value(value: object) -> object:
    if isinstance(value, str) and 1 <= len(value) <= 2000:
        return value
    if isinstance(value, int) and abs(value) < 2**53:  # what JSON carries exactly; a bool is an int here
        return value
    raise ValueError("must be a text, true, false or a whole number; a decimal number is written as a string")


DecimalText = Annotated[
    Decimal,
    BeforeValidator(_read_decimal),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DECIMAL, "maxLength": 64}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration),
    PlainSerializer(_write_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
TypeRef = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*@[1-9][0-9]{0,8}$", max_length=74)]
PartNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=64)]
Unit = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Texts = Annotated[dict[Language, Text], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Indicator = Annotated[
    str,
    Field(
        pattern=rf"^((share of )?time (not )?({'|'.join(STATES)})|increase of [a-z][a-z0-9_]*)$",
        max_length=128,
        description="One of: share of time [not] STATE · time [not] STATE · increase of SIGNAL",
    ),
]
PropertyValue: TypeAlias = Annotated[Text | bool | int, BeforeValidator(_read_value)]
"""The value of a property: a number is a decimal string, an integer a JSON integer."""
Many = Annotated[tuple[T, ...], Field(strict=False)]
"""An array: a tuple in Python, and the one place where a list is taken for it."""
Pair = Annotated[tuple[T, T], Field(strict=False)]
"""An array of two, the smaller first."""


class Part(BaseModel):
    """What every part of a document shares: strict, frozen, nothing beyond what is declared."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    def as_json(self) -> dict[str, Any]:
        """The JSON value, without what stands at its default.

        So a new optional field never changes the digest of an old document.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Document(Part):
    """A whole document, one of the kinds under ``docs/schemas``."""

    area: ClassVar[str]
    """The first word of the codes of its findings."""
    schema_name: ClassVar[str]
    """Its published schema is ``docs/schemas/<schema_name>.schema.json``."""

    def digest(self) -> str:
        """The SHA-256 of its canonical JSON, 64 hexadecimal digits."""
        return digest(self.as_json())


class Semantics(Part):
    """What the same kind of thing is called in other vocabularies."""

    dtdl: (
        Annotated[str, Field(pattern=r"^dtmi:[A-Za-z][A-Za-z0-9_]*(:[A-Za-z][A-Za-z0-9_]*)*;[1-9][0-9]{0,8}$")] | None
    ) = None
    brick: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9_]*$")] | None = None
    eclass: Annotated[str, Field(pattern=r"^0173-1#[0-9]{2}-[A-Z0-9]{6}#[0-9]{3}$")] | None = None


class Property(Part):
    """A fixed fact about an asset, such as its rated flow.

    Attributes:
        unit: UCUM code of a number.
        minimum: Smallest allowed number, inclusive.
        maximum: Largest allowed number, inclusive.
        choices: The allowed texts; none means any.
        required: Whether an asset without it is not complete.
        source: Where a value is found, or how the bounds were taken.
    """

    type: Literal["number", "integer", "text", "boolean"]
    name: Texts | None = None
    unit: Unit | None = None
    minimum: DecimalText | None = None
    maximum: DecimalText | None = None
    choices: Many[Text] = ()
    required: bool = False
    source: Text | None = None


class Quality(Part):
    """When a value that lies in range is suspect all the same.

    Attributes:
        stuck: The value has not moved at all for this long.
        spike: It jumps by more than this many robust standard deviations of its recent past.
        stale: It comes as new, and is older by more than this than the newest reading that it came with.
    """

    stuck: Duration | None = None
    spike: DecimalText | None = None
    stale: Duration | None = None


class Signal(Part):
    """One measured quantity.

    Attributes:
        unit: UCUM code in which its values are stored.
        range: Smallest and largest credible value, both inclusive; a value outside is kept as out of range.
        rate: How often a reading is expected.
        source: How the range was taken, or what was assumed.
    """

    unit: Unit
    name: Texts | None = None
    range: Pair[DecimalText] | None = None
    rate: Duration | None = None
    quality: Quality | None = None
    source: Text | None = None


class Derived(Part):
    """A signal that is worked out from others as their readings arrive.

    Attributes:
        unit: UCUM code in which its values are stored.
        formula: What is worked out, in the expression language (docs/language.md).
        patience: How long a reading that it needs holds when no other follows; by default five times its rate.
        source: Where the formula is from.
    """

    unit: Unit
    formula: Text
    name: Texts | None = None
    patience: Duration | None = None
    source: Text | None = None


class Port(Part):
    """Where a link may end.

    Attributes:
        accepts: What may pass; a link fits when its two ends accept something in common.
        max: How many links may end here, None for any number.
    """

    accepts: Annotated[Many[Slug], Field(min_length=1)]
    name: Texts | None = None
    max: Count | None = None


class Component(Part):
    """A part that is an asset type of its own.

    Attributes:
        count: The smallest and largest number of them.
    """

    type: TypeRef
    name: Texts | None = None
    count: Pair[Annotated[int, Field(ge=0, le=10_000)]] = (1, 1)


class FailureMode(Part):
    """A way to fail.

    Attributes:
        signals: Keys of the signals that show it.
        effects: The states it ends in.
    """

    name: Texts | None = None
    signals: Many[Key] = ()
    effects: Many[State] = ()
    source: Text | None = None


class Maintenance(Part):
    """A task that undoes failure modes.

    Attributes:
        restores: Keys of the failure modes it undoes.
        skills: People needed at the same time, by skill.
        parts: Pieces used up, by part number.
        shutdown: Whether the asset is out of service meanwhile.
        source: Where the figures come from, or that they are assumed.
    """

    duration: Duration
    name: Texts | None = None
    restores: Many[Key] = ()
    skills: dict[Key, Count] = Field(default_factory=dict)
    parts: dict[PartNumber, Count] = Field(default_factory=dict)
    shutdown: bool = False
    source: Text | None = None


class Alarm(Part):
    """When an operator is called, and what to do then; one of `when`, `above`, `below`, `rising`, `falling`, `silent`.

    Attributes:
        signal: The signal that is watched; none for `when`.
        when: An expression that must hold.
        above: The limit that its value must exceed, in the unit of the signal.
        below: The limit that its value must be under.
        rising: The limit of its change per second.
        falling: The limit of its change per second downwards, as a positive number.
        silent: No reading comes for this long.
        level: Which of the usual four limits it is.
        deadband: So far must a value return beyond the limit before the alarm is over.
        window: Rates are measured from one such span to the next.
        for_: So long must it hold.
        clear_after: So long must it be over.
        suppressed_by: The key of an alarm of the same asset that makes this one pointless while it is active.
        suppressed_when: An expression that makes it pointless while it holds, such as that a machine is stopped.
        latched: Whether it stays until somebody resets it.
    """

    name: Texts | None = None
    signal: Key | None = None
    when: Text | None = None
    above: DecimalText | None = None
    below: DecimalText | None = None
    rising: DecimalText | None = None
    falling: DecimalText | None = None
    silent: Duration | None = None
    level: Literal["HH", "H", "L", "LL"] | None = None
    deadband: DecimalText | None = None
    window: Duration | None = None
    for_: Duration | None = Field(default=None, alias="for")
    clear_after: Duration | None = None
    priority: Literal["low", "medium", "high", "critical"] = "medium"
    message: Text | None = None
    cause: Text | None = None
    consequence: Text | None = None
    action: Text | None = None
    suppressed_by: Key | None = None
    suppressed_when: Text | None = None
    latched: bool = False


class Appearance(Part):
    """How it is drawn: an icon in the builder, a shape in the scene."""

    icon: Slug
    shape: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*\.glb$", max_length=128)] | None = None


class AssetType(Document):
    """One version of an asset type; ``abstract`` ones are extended, never placed in a twin."""

    area: ClassVar[str] = "type"
    schema_name: ClassVar[str] = "asset-type"

    key: Slug
    version: Annotated[int, Field(ge=1, le=999_999_999)]
    name: Texts
    description: Texts | None = None
    abstract: bool = False
    extends: Many[TypeRef] = ()
    semantics: Semantics | None = None
    properties: dict[Key, Property] = Field(default_factory=dict)
    signals: dict[Key, Signal] = Field(default_factory=dict)
    derived: dict[Key, Derived] = Field(default_factory=dict)
    states: dict[State, Text] = Field(default_factory=dict, description="What holds when the asset is in each state.")
    ports: dict[Key, Port] = Field(default_factory=dict)
    components: dict[Key, Component] = Field(default_factory=dict)
    failure_modes: dict[Key, FailureMode] = Field(default_factory=dict)
    maintenance: dict[Key, Maintenance] = Field(default_factory=dict)
    indicators: dict[Key, Indicator] = Field(default_factory=dict)
    alarms: dict[Key, Alarm] = Field(default_factory=dict)
    appearance: Appearance | None = None
    source: Text | None = None
    extra: dict[Slug, JsonValue] = Field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The name by which other documents mean this version: ``key@version``."""
        return f"{self.key}@{self.version}"
