"""Every door there is, read from the product itself, so that a new one cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from drf_spectacular.generators import SchemaGenerator

from tests.isolation.world import Samples

METHODS = ("get", "post", "put", "patch", "delete")
OF_PAGES = ("get", "post")
"""What a browser sends; that pages know no other is asked once, as the viewer."""
UNDER = "t/<slug:slug>/"
_HOLE = re.compile(r"<[^>]+>|\{[^}]+\}")


@dataclass(frozen=True, slots=True)
class Place:
    """An address with a name, its view, and what stands in its holes."""

    name: str
    route: str
    view: Any
    arguments: dict[str, Any]

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method that an address of the API answers, and one that it does not."""
        known = getattr(self.view, "actions", None) or dir(self.view.cls)
        other = [method for method in reversed(METHODS) if method not in known]
        return (*(method for method in METHODS if method in known), *other[:1])

    def path(self, slug: str = "", **instead: Any) -> str:
        """The address, with other things in its holes than its own."""
        organisation = {"slug": slug} if self.route.startswith(UNDER) else {}
        path = reverse(self.name, kwargs=organisation | self.arguments | instead)
        return path if organisation or not slug else f"/t/{slug}{path}"


def routes(under: str) -> Iterator[tuple[str, URLPattern]]:
    """Every route below a prefix."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern).lstrip("^")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, route)
            elif route.startswith(under):
                yield route, pattern

    yield from walk(get_resolver(), "")


def holes(route: str) -> set[str]:
    """The names of what an address leaves open."""
    return set(re.findall(r"<(?:\w+:)?(\w+)>", route))


def outside() -> list[tuple[str, URLPattern]]:
    """The routes outside organisations and the API: signing in and all around it; not the console, which tests itself
    (tests/tenants/lifecycle/test_console.py)."""
    return [(route, each) for route, each in routes("") if not route.startswith((UNDER, "api/", "operators/"))]


def pages(samples: Samples) -> list[Place]:
    """The pages below an organisation, with one organisation's things in them."""
    return [place_at(route, pattern, str(pattern.name), samples) for route, pattern in routes(UNDER)]


def endpoints(samples: Samples) -> list[Place]:
    """The addresses of the REST API, with one organisation's things in them."""
    return [
        place_at(route, pattern, f"api:{pattern.name}", samples)
        for route, pattern in routes("api/v1/")
        if pattern.name != "schema"
    ]


def place_at(route: str, pattern: URLPattern, name: str, samples: Samples) -> Place:
    wanted = (set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)) - {"slug", "format"}
    arguments = samples.get(name, {})
    assert wanted <= set(arguments), f"{name}: add a sample of Meridian's to tests/isolation/world.py"
    return Place(name, route, pattern.callback, {key: arguments[key] for key in wanted})


@dataclass(frozen=True, slots=True)
class Operation:
    """What the OpenAPI document says can be done at a place."""

    place: Place
    method: str
    query: tuple[str, ...]
    body: dict[str, Any] | None
    """The schema of the JSON it takes, with references into the document's components."""


def operations(samples: Samples) -> list[Operation]:
    """Every operation of the OpenAPI document, beside the place of the URL table that answers it."""
    found: dict[str, Place] = {}
    for place in endpoints(samples):
        found[_HOLE.sub("{}", "/" + place.route.replace("^", "").replace("$", ""))] = place
    told = openapi()
    return [
        _operation(found[_HOLE.sub("{}", path)], method, operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def _operation(place: Place, method: str, told: dict[str, Any]) -> Operation:
    content = told.get("requestBody", {}).get("content", {})
    query = tuple(each["name"] for each in told.get("parameters", []) if each["in"] == "query")
    return Operation(place, method, query, content.get("application/json", {}).get("schema"))


_documents: list[dict[str, Any]] = []


def openapi() -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if not _documents:
        _documents.append(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]
    return _documents[0]


def ids_of(samples: Samples) -> list[UUID]:
    """The real ids in samples, each once."""
    values = (value for arguments in samples.values() for value in arguments.values())
    return list(dict.fromkeys(value for value in values if isinstance(value, UUID)))


def telling(samples: Samples) -> set[str]:
    """What only this organisation's things are called: an id, an address; no mere number, and no word of ours."""
    values = (value for arguments in samples.values() for value in arguments.values() if not isinstance(value, int))
    return {str(value) for value in values if str(value) not in {"report.json"}}
