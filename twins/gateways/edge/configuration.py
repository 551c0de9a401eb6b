"""What an edge agent is to do: its sources, the features it computes, how it forwards and what it stores.

The document comes from the platform or stands in the agent's own file. It names secrets and never holds them: a file
in the agent's folder ``secrets``, or an environment variable whose name begins with ``EDGE_``. Nothing else of the site
can be named by it, so a document cannot read what it should not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from tenants.kernel.errors import Finding, OutturnError

MIB = 1 << 20
MOST_SOURCES, MOST_TOPICS, MOST_FEATURES = 200, 1_000, 2_000
KEY_PATTERN = r"^[^\s\x00-\x1f]([^\x00-\x1f]{0,198}[^\s\x00-\x1f])?$"
Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
_FIXES = {
    "missing": "Add it.", "extra_forbidden": "Take it out, or correct its spelling.",
    "union_tag_invalid": "Write opcua, modbus or mqtt.", "union_tag_not_found": "Add a kind: opcua, modbus or mqtt.",
}  # fmt: skip


class ConfigurationError(OutturnError):
    """The document does not fit; each finding names its place."""

    code = "edge.configuration"
    status = 422

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(first.message, place=first.place, fix=first.fix, findings=findings)


class Strict(BaseModel):
    """Frozen, and takes no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Secret(Strict):
    """Where a secret is: a file in the agent's folder ``secrets``, or a variable of its environment."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] | None = None
    env: Annotated[str, StringConstraints(pattern=r"^EDGE_[A-Z0-9_]{1,100}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise custom("edge.secret", "a secret is in a file or in a variable", "Name one of the two: file or env.")
        return self


class OpcUaSecretNames(Strict):
    """Where the secrets of an OPC UA server are."""

    password: Secret | None = None
    certificate: Secret | None = None
    private_key: Secret | None = None


class PasswordName(Strict):
    """Where a password is."""

    password: Secret | None = None


class _Source(Strict):
    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class OpcUaPart(_Source):
    """An OPC UA server; ``settings`` as those of a connection in the portal."""

    kind: Literal["opcua"]
    settings: dict[str, Any]
    secrets: OpcUaSecretNames = OpcUaSecretNames()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_field("twins.gateways.field.opcua_settings", "opcua_settings", self.settings)
        return self


class ModbusPart(_Source):
    """A Modbus TCP device; ``settings`` as those of a connection in the portal."""

    kind: Literal["modbus"]
    settings: dict[str, Any]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_field("twins.gateways.field.registers", "modbus_settings", self.settings)
        return self


class Topic(Strict):
    """What is subscribed to, and which key its values get.

    Attributes:
        topic: A filter, with ``+`` and ``#`` where wanted.
        key: The key; ``{topic}`` stands for the topic of the message, ``{1}``, ``{2}`` … for its levels.
        value: The member of a JSON object that holds the value.
        at: The member that holds its instant.
    """

    topic: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    key: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "{topic}"
    value: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "value"
    at: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "at"


class MqttSettings(Strict):
    """A broker at the site."""

    url: Annotated[str, StringConstraints(max_length=400)]
    user: Annotated[str, StringConstraints(max_length=200)] = ""
    client_id: Annotated[str, StringConstraints(max_length=64)] = ""
    topics: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=MOST_TOPICS)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not _is_broker(self.url):
            raise custom(
                "edge.broker", "the url is no address of a broker without a user and a password",
                "Write mqtt://HOST:1883 or mqtts://HOST:8883, the user in user, and the password among the secrets.",
            )  # fmt: skip
        return self


class MqttPart(_Source):
    """A broker at the site, whose topics are subscribed to."""

    kind: Literal["mqtt"]
    settings: MqttSettings
    secrets: PasswordName = PasswordName()


Part = Annotated[OpcUaPart | ModbusPart | MqttPart, Field(discriminator="kind")]


class Statistic(StrEnum):
    """What is told of the values in a window."""

    COUNT = "count"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    STD = "std"
    RMS = "rms"


class Band(Strict):
    """Frequencies from ``low_hz`` up to, and without, ``high_hz``."""

    low_hz: Annotated[float, Field(ge=0)]
    high_hz: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.high_hz <= self.low_hz:
            raise custom("edge.band", "the band ends where it begins, or before", "Make high_hz the larger one.")
        return self


class Threshold(Strict):
    """A limit that is told when it is crossed: 1 on the side that is watched for, 0 when it is left again.

    Attributes:
        hysteresis: How far back a value has to be before the limit counts as left.
    """

    limit: float
    side: Literal["above", "below"] = "above"
    hysteresis: Annotated[float, Field(ge=0)] = 0.0


class Feature(Strict):
    """What is computed from the values of one key.

    Attributes:
        key: The key.
        name: What the keys of the results begin with; the key itself, if empty.
        window_s: How long a window is.
        rate_hz: At which rate the values come, for bands; taken from their instants, if None.
    """

    key: Key
    name: Annotated[str, StringConstraints(max_length=160)] = ""
    window_s: Annotated[float, Field(ge=0.1, le=86_400)] = 10.0
    statistics: tuple[Statistic, ...] = ()
    bands: Annotated[tuple[Band, ...], Field(max_length=64)] = ()
    rate_hz: Annotated[float, Field(gt=0, le=1e6)] | None = None
    thresholds: Annotated[tuple[Threshold, ...], Field(max_length=16)] = ()

    def key_of(self, part: Statistic | Band | Threshold) -> str:
        """The key of a result: ``vibration.rms``, ``vibration.band_10_100``, ``vibration.above_7.1``."""
        begun = self.name or self.key
        if isinstance(part, Band):
            return f"{begun}.band_{part.low_hz:.12g}_{part.high_hz:.12g}"
        if isinstance(part, Threshold):
            return f"{begun}.{part.side}_{part.limit:.12g}"
        return f"{begun}.{part}"

    @property
    def outputs(self) -> list[str]:
        """The keys of all results."""
        parts: list[Statistic | Band | Threshold] = [*self.statistics, *self.bands, *self.thresholds]
        return [self.key_of(part) for part in parts]


class Forwarding(Strict):
    """How readings are sent.

    Attributes:
        batch_readings: A batch is closed when it has so many,
        batch_seconds: or when its first reading is so old.
        raw: Which readings are sent besides the features: all, none, or those of keys without a feature.
        live_seconds: A batch that had to wait for longer is sent as a replayed one.
    """

    batch_readings: Annotated[int, Field(ge=1, le=20_000)] = 5_000
    batch_seconds: Annotated[float, Field(ge=0.05, le=3_600)] = 1.0
    raw: Literal["all", "unfeatured", "none"] = "all"
    live_seconds: Annotated[float, Field(ge=1, le=86_400)] = 30.0


class Policy(StrEnum):
    """What gives way when there is no room: the oldest batch, the newest, or every second raw reading of the oldest."""

    OLDEST = "oldest"
    NEWEST = "newest"
    THIN = "thin"


class Storing(Strict):
    """What is kept on disk.

    Attributes:
        limit: Bytes of the store.
        policy: What gives way beyond.
        memory_readings: How many readings wait in memory while the disk takes none.
    """

    limit: Annotated[int, Field(ge=MIB, le=1 << 43)] = 1024 * MIB
    policy: Policy = Policy.OLDEST
    memory_readings: Annotated[int, Field(ge=1_000, le=10_000_000)] = 100_000


class Configuration(Strict):
    """The document."""

    sources: Annotated[tuple[Part, ...], Field(max_length=MOST_SOURCES)] = ()
    features: Annotated[tuple[Feature, ...], Field(max_length=MOST_FEATURES)] = ()
    forwarding: Forwarding = Forwarding()
    store: Storing = Storing()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        errors = [*_repeated("sources", "name", [part.name for part in self.sources])]
        for number, feature in enumerate(self.features):
            if not feature.outputs:
                said = custom(
                    "edge.empty_feature", "nothing is computed by this feature",
                    "Name statistics, bands or thresholds, or take it out.",
                )  # fmt: skip
                errors.append(InitErrorDetails(type=said, loc=("features", number), input=feature.key))
        errors += self._repeated_outputs()
        _refuse(errors)
        return self

    def _repeated_outputs(self) -> Iterator[InitErrorDetails]:
        counted = Counter(output for feature in self.features for output in feature.outputs)
        for number, feature in enumerate(self.features):
            for output in dict.fromkeys(feature.outputs):
                if counted[output] > 1:
                    said = custom("edge.repeated", f"{output} is computed twice", "Give one feature another name.")
                    yield InitErrorDetails(type=said, loc=("features", number), input=output)


def configuration_from(document: object) -> Configuration:
    """The document, checked.

    Raises:
        ConfigurationError: It does not fit.
    """
    try:
        return Configuration.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError(findings_of(error)) from None


def findings_of(error: ValidationError) -> tuple[Finding, ...]:
    """What pydantic found, as findings with their places: ``sources/0/settings/points/1/key``."""
    return tuple(
        Finding(
            one["type"] if "." in one["type"] else "edge.configuration",
            "/".join(str(step) for step in one["loc"] if step not in ("opcua", "modbus", "mqtt")),
            one["msg"][:1].lower() + one["msg"][1:],
            one.get("ctx", {}).get("fix") or _FIXES.get(one["type"], "Correct this value."),
        )
        for one in error.errors(include_url=False, include_input=False)
    )


def _repeated(place: str, field: str, names: list[str]) -> Iterator[InitErrorDetails]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            said = custom("edge.repeated", f"there are two of the {field} {name}", f"Give each a {field} of its own.")
            yield InitErrorDetails(type=said, loc=(place, number, field), input=name)
        seen.add(name)


def _check_field(module: str, name: str, settings: dict[str, Any]) -> None:
    """Have the source's own module check its settings; it is loaded only where there is such a source."""
    check: Callable[[Any], object] = getattr(import_module(module), name)
    try:
        check(settings)
    except OutturnError as error:
        _refuse(
            [
                InitErrorDetails(
                    type=custom(found.code, found.message, found.fix),
                    loc=("settings", *(found.place.split("/") if found.place else ())), input=None,
                )
                for found in error.findings
            ]
        )  # fmt: skip


def custom(code: str, message: str, fix: str) -> PydanticCustomError:
    """An error of pydantic that says how to mend it."""
    # Braces would be filled in by pydantic; its context carries the texts as they are.
    return PydanticCustomError(code, "{told}", {"told": message, "fix": fix})


def _refuse(errors: list[InitErrorDetails]) -> None:
    if errors:
        raise ValidationError.from_exception_data("configuration", errors)


def _is_broker(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("mqtt", "mqtts") and bool(parts.hostname) and port != 0 and "@" not in parts.netloc
