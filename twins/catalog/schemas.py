"""The document of an asset type version: what assets of this kind have, measure, suffer and need.

A type is immutable once published. Pydantic holds the shape; what needs units, parents or other sections is found by
``catalog.domain.validation``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, JsonValue

from twins.catalog.parts import (
    Count,
    DecimalText,
    Document,
    Duration,
    Key,
    Many,
    Pair,
    Part,
    PartNumber,
    PropertyValue,
    Slug,
    Text,
    Texts,
    TypeRef,
    Unit,
)

State = Literal["running", "idle", "down", "unknown", "planned"]
STATES: tuple[str, ...] = get_args(State)
"""The states that every asset can be in; indicators and failure modes speak of them."""

TIMES: tuple[str, ...] = ("share of time ", "time ")
"""So an indicator starts that counts the time in which a condition holds, which follows."""

Indicator = Annotated[
    str,
    Field(
        pattern=r"^((share of )?time \S[\s\S]*|increase of [a-z][a-z0-9_]*)$",
        max_length=2000,
        description="One of: share of time CONDITION · time CONDITION · increase of SIGNAL. "
        "A condition is an expression that is true or false, such as `not down`.",
    ),
]


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
        choice_names: What people call the choices, by choice.
        format: What a text says: a date, a time of day, a moment or a duration, as ISO 8601 writes it.
        fields: What an object holds, by key.
        of: What an array holds, or what stands behind each key of a map.
        default: What holds for an asset that does not say it.
        required: Whether an asset without it is not complete.
        source: Where a value is found, or how the bounds were taken.
    """

    type: Literal["number", "integer", "text", "boolean", "object", "map", "array"]
    name: Texts | None = None
    unit: Unit | None = None
    minimum: DecimalText | None = None
    maximum: DecimalText | None = None
    choices: Many[Text] = ()
    choice_names: dict[Text, Texts] = Field(default_factory=dict)
    format: Literal["date", "time", "date-time", "duration"] | None = None
    fields: dict[Key, Property] = Field(default_factory=dict)
    of: Property | None = None
    default: PropertyValue | None = None
    required: bool = False
    semantics: Semantics | None = None
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
    semantics: Semantics | None = None
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


class Relationship(Part):
    """What an asset may be to others: a kind of link, with what it may lead to and how many there may be.

    Attributes:
        targets: Keys of the types that it may lead to, and of those that extend them; none means any.
        min: How many there are at least.
        max: How many there are at most, None for any number.
        properties: What is said about each of them.
    """

    name: Texts | None = None
    targets: Many[Slug] = ()
    min: Annotated[int, Field(ge=0, le=10_000)] = 0
    max: Count | None = None
    properties: dict[Key, Property] = Field(default_factory=dict)
    source: Text | None = None


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


class Constraint(Part):
    """What must hold between the properties of an asset.

    Attributes:
        holds: An expression over the properties that is true or false (docs/language.md).
        message: What to say when it does not hold.
        severity: Whether that keeps a twin from being published, or is only said.
    """

    holds: Text
    name: Texts | None = None
    message: Text | None = None
    severity: Literal["error", "hint"] = "error"
    source: Text | None = None


class Parameter(Part):
    """What is said with a command.

    Attributes:
        range: Smallest and largest number that may be sent, both inclusive, in ``unit``.
    """

    type: Literal["number", "integer", "text", "boolean"] = "number"
    name: Texts | None = None
    unit: Unit | None = None
    range: Pair[DecimalText] | None = None
    choices: Many[Text] = ()
    required: bool = True


class Command(Part):
    """What an asset can be told to do.

    Attributes:
        risk: What may go wrong by it.
        roles: Who may give it, by the names of roles; none means whoever may operate the twin.
        confirm: Whether a second person has to agree.
        when: An expression that must hold for it to be given.
    """

    name: Texts | None = None
    parameters: dict[Key, Parameter] = Field(default_factory=dict)
    risk: Literal["low", "medium", "high"] = "low"
    roles: Many[Slug] = ()
    confirm: bool = False
    when: Text | None = None
    source: Text | None = None


class Appearance(Part):
    """How it is drawn: an icon and a colour in the builder, a shape in the scene."""

    icon: Slug
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None = None
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
    relationships: dict[Key, Relationship] = Field(default_factory=dict, description="By the kind of link.")
    components: dict[Key, Component] = Field(default_factory=dict)
    failure_modes: dict[Key, FailureMode] = Field(default_factory=dict)
    maintenance: dict[Key, Maintenance] = Field(default_factory=dict)
    indicators: dict[Key, Indicator] = Field(default_factory=dict)
    alarms: dict[Key, Alarm] = Field(default_factory=dict)
    constraints: dict[Key, Constraint] = Field(default_factory=dict)
    commands: dict[Key, Command] = Field(default_factory=dict)
    appearance: Appearance | None = None
    source: Text | None = None
    extra: dict[Slug, JsonValue] = Field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The name by which other documents mean this version: ``key@version``."""
        return f"{self.key}@{self.version}"
