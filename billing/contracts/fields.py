"""What may stand in a field of a billing document, and what its writer is told when something else does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from tenants.kernel import calendars
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.money import LARGEST_MINOR, exponent

_DECIMAL = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?"
DECIMAL_PATTERN = rf"^{_DECIMAL}$"
HOURS_PATTERN = rf"^(committed|{_DECIMAL})$"

_List = TypeVar("_List", bound=Sequence[object])

_FORMS = {
    DECIMAL_PATTERN: ("a decimal", 'Write digits in quotes with a point and no exponent, such as "99.5".'),
    HOURS_PATTERN: ("a decimal or `committed`", 'Write "committed", or hours such as "395".'),
    calendars.DURATION_PATTERN: (
        "a duration of weeks, days, hours, minutes and seconds",
        "Write it as ISO 8601, such as P35D or PT1H30M; months and years have no fixed length.",
    ),
    calendars.DATE_PATTERN: ("a date of the years 1900 to 2199", "Write it as ISO 8601, such as 2026-12-25."),
    calendars.MOMENT_PATTERN: (
        "a time of the years 1900 to 2199 with at most milliseconds",
        "Write it as ISO 8601: 2026-03-29T05:00 for local time, 2026-03-29T03:00:00Z for an exact one.",
    ),
    calendars.WALL_TIME_PATTERN: ("a time of day", "Write 00:00 to 23:59, or 24:00 for the end of the day."),
}

_SHAPES = {
    "int_type": ("a whole number", "Write it without quotes and without a point."),
    "string_type": ("a text in quotes", 'Write it in quotes; decimals too, such as "99.5".'),
    "list_type": ("a list", "Write it in square brackets."),
    "dict_type": ("an object", "Write it in braces."),
    "model_type": ("an object", "Write it in braces."),
    "model_attributes_type": ("an object", "Write it in braces."),
}


_UNKNOWN = ("There is no such field here.", "Remove it, or mend its spelling.")


def refusal(code: str, message: str, fix: str) -> PydanticCustomError:
    """An error of a validator that becomes a finding with this code, message and fix."""
    return PydanticCustomError("refusal", "{message}", {"code": code, "message": message, "fix": fix})


def without_repeats(values: _List) -> _List:
    """The values themselves, refused when one of them is listed twice."""
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise refusal("document.repeated", f"{value} is there twice.", "Keep one of the two, or rename it.")
        seen.add(value)
    return values


def _currency(code: str) -> str:
    try:
        exponent(code)
    except OutturnError as error:
        raise refusal("contract.unknown_currency", error.message, error.fix) from None
    return code


def _zone(name: str) -> str:
    try:
        calendars.time_zone(name)
    except OutturnError as error:
        raise refusal("contract.unknown_zone", error.message, error.fix) from None
    return name


def _date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise refusal("document.malformed", f"{text} is no day of the calendar.", "Write a day that exists.") from None
    return text


def _positive(text: str) -> str:
    if text != "committed" and Fraction(text) == 0:
        raise refusal("document.out_of_range", "This must be more than 0.", "Write a decimal above 0.")
    return text


def _percentage(text: str) -> str:
    if Fraction(text) > 100:
        raise refusal("document.out_of_range", f"{text} is more than 100 percent.", "Write a percentage from 0 to 100.")
    return text


def _share(text: str) -> str:
    if Fraction(text) > 1:
        raise refusal("document.out_of_range", f"{text} is more than the whole.", "Write a share from 0 to 1.")
    return text


def _lasting(text: str) -> str:
    if calendars.parse_duration(text) == 0:
        raise refusal("document.out_of_range", "This must be more than no time.", "Write a duration such as PT5M.")
    return text


Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Name], Field(min_length=1), AfterValidator(without_repeats)]
Currency = Annotated[str, AfterValidator(_currency)]
Zone = Annotated[str, AfterValidator(_zone)]
Minor = Annotated[int, Field(ge=0, le=LARGEST_MINOR)]
Decimal = Annotated[str, Field(pattern=DECIMAL_PATTERN)]
Positive = Annotated[Decimal, AfterValidator(_positive)]
Percentage = Annotated[Decimal, AfterValidator(_percentage)]
Share = Annotated[Decimal, AfterValidator(_share)]
Hours = Annotated[str, Field(pattern=HOURS_PATTERN), AfterValidator(_positive)]
Duration = Annotated[str, Field(pattern=calendars.DURATION_PATTERN)]
LastingDuration = Annotated[Duration, AfterValidator(_lasting)]
Date = Annotated[str, Field(pattern=calendars.DATE_PATTERN), AfterValidator(_date)]
WallTime = Annotated[str, Field(pattern=calendars.WALL_TIME_PATTERN)]
Moment = Annotated[str, Field(pattern=calendars.MOMENT_PATTERN)]


class Document(BaseModel):
    """A part of a document: no field it does not know, no value of another type, never changed once read."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Named(Document):
    """What names a measure or a condition of the evidence; without a name it is written as before there were names."""

    of: Name | None = None

    _later: ClassVar[frozenset[str]] = frozenset({"of"})
    """The fields that documents of before do not have: without a value they are not written."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in self._later or value is not None}


class DocumentError(OutturnError):
    """A document does not fit; ``findings`` say where and why, and nothing of it was taken."""

    code = "document.invalid"
    status = 422

    def __init__(self, findings: Iterable[Finding]) -> None:
        found = tuple(findings)
        count = "one thing" if len(found) == 1 else f"{len(found)} things"
        super().__init__(
            f"The document does not fit: {count} to mend.",
            kept="Nothing of it was taken.",
            fix="Mend what the findings name.",
            findings=found,
        )


def findings_of(error: ValidationError, document: object) -> list[Finding]:
    """What pydantic found wrong with a document, as findings with the path into it."""
    return [_finding(detail, document) for detail in error.errors(include_url=False)]


def unknown_field(*steps: str | int) -> Finding:
    """What is told of a field that a document does not have, by the path to it."""
    return Finding("document.unknown_field", place_of(*steps), *_UNKNOWN)


def place_of(*steps: str | int) -> str:
    """A path into a document, such as ``contract/clauses/0/id``; always printable, whatever the names."""
    return "/".join(str(step) for step in steps).encode(errors="backslashreplace").decode()


def _finding(detail: ErrorDetails, document: object) -> Finding:
    steps = _steps(detail["loc"], document)
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        steps.append(detail["ctx"]["discriminator"].strip("'"))
    code, message, fix = _explain(detail, str(steps[-1]) if steps else "The document")
    return Finding(code, place_of(*steps), message, fix)


def _steps(location: Sequence[str | int], document: object) -> list[str | int]:
    """The location without the names of union members that pydantic mixes into it."""
    steps: list[str | int] = []
    here: Any = document
    tag_to_come = False
    for step in location:
        if isinstance(here, Mapping) and tag_to_come and step in (here.get("kind"), here.get("policy")):
            tag_to_come = False
            continue
        if step == "[key]":  # how pydantic says that the name itself is wrong
            break
        steps.append(step)
        here = _inside(here, step)
        tag_to_come = True
    return steps


def _inside(here: Any, step: str | int) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def _explain(detail: ErrorDetails, name: str) -> tuple[str, str, str]:
    """Code, message and fix of one error of pydantic's."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "refusal":
        return context["code"], context["message"], context["fix"]
    if kind == "string_pattern_mismatch":
        noun, fix = _FORMS[context["pattern"]]
        return "document.malformed", f"This is not {noun}.", fix
    if kind in _SHAPES:
        noun, fix = _SHAPES[kind]
        return "document.wrong_type", f"This must be {noun}.", fix
    if kind in ("literal_error", "union_tag_invalid"):
        allowed = context.get("expected") or context["expected_tags"]
        return "document.not_allowed", f"Only {allowed} can stand here.", "Write one of these."
    return _explain_rest(kind, detail["msg"], name)


def _explain_rest(kind: str, message: str, name: str) -> tuple[str, str, str]:
    if kind in ("missing", "union_tag_not_found"):
        return "document.missing", f"`{name}` is missing.", "Add it; the schema says what it may be."
    if kind == "extra_forbidden":
        return "document.unknown_field", *_UNKNOWN
    if kind in ("too_short", "string_too_short"):
        return "document.empty", "This must not be empty.", "Write at least one."
    return "document.out_of_range", f"{message.replace('Input', 'This')}.", "Write a value in that range."
