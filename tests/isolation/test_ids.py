"""Other people's real ids, put wherever the OpenAPI document and the pages' forms take an id.

For each the answer is the one to an id that is nobody's: the same status, text and headers, from as many queries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

import pytest

from tenants.kernel.ids import new_id
from tests.isolation.asking import Answer
from tests.isolation.bodies import body, id_fields
from tests.isolation.conftest import House
from tests.isolation.places import Operation, endpoints, operations, pages
from tests.isolation.world import Samples

_FIELD = re.compile(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)"[^>]*>')
_TRICKS = ("ordering", "sort", "order", "include", "expand", "fields", "filter", "tenant", "tenant_id", "organisation",
           "customer", "twin", "state", "q", "search")  # fmt: skip
Sent = TypeVar("Sent")
_PLACES_IN_LISTS = ("after", "before", "cursor", "page", "offset")


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def alike(real: Answer, none: Answer) -> bool:
    """Whether a caller learns the same; what is made has ids and instants of its own."""
    if real.status == none.status == 302:
        return _UUID.sub("", str(real)) == _UUID.sub("", str(none))
    if real.status >= 300 or none.status >= 300:
        return real == none
    return real.status == none.status and real.queries == none.queries


def compared(ask: Callable[[Sent], Answer], real: Sent, nobodys: Sent) -> tuple[Answer, Answer]:
    """The answers to a real id and to nobody's; asked again when they differ: the first fills what is remembered."""
    first = ask(real), ask(nobodys)
    return first if alike(*first) else (ask(real), ask(nobodys))


def own_of(samples: Samples) -> Callable[[str], str]:
    """Guesses which of one's own things a field of a name wants."""

    def choose(field: str) -> str:
        noun = field.removesuffix("_ids").removesuffix("_id").removesuffix("s").replace("_", "-") or "twin"
        for name, arguments in samples.items():
            found = [value for value in arguments.values() if isinstance(value, UUID)]
            if found and noun in name:
                return str(found[0])
        return str(new_id())

    return choose


@dataclass(frozen=True)
class Filling:
    """A way to fill the fields of a body: a foreign id in one field or in all, one's own elsewhere."""

    foreign: UUID
    own: Callable[[str], str]
    field: str = ""

    def __call__(self, name: str) -> str:
        """The id for a field."""
        return str(self.foreign) if self.field in ("", name) else self.own(name)


def fillings(operation: Operation, house: House, *, everywhere: int) -> list[Filling]:
    """Each field by itself with an id of Meridian's of its kind, and all of them with a few of all kinds."""
    assert operation.body is not None
    own, foreign = own_of(house.theirs), own_of(house.mine)
    alone = [Filling(UUID(foreign(name)), own, name) for name in id_fields(operation.body)]
    return [*alone, *(Filling(each, own) for each in house.ids()[:everywhere])]


class TestOpenApi:
    def test_the_document_and_the_url_table_have_the_same_places(self, house: House) -> None:
        documented = {operation.place.name for operation in operations(house.mine)}
        assert documented == {place.name for place in house.endpoints()}

    @pytest.mark.parametrize(("who", "slug", "everywhere"), [("stranger's key", "", 4), ("stranger", "stranger", 0)])
    def test_ids_in_bodies(self, house: House, who: str, slug: str, everywhere: int) -> None:
        tried = 0
        for operation in operations(house.theirs):
            if operation.body is None:
                continue
            path = operation.place.path(slug)
            for filling in fillings(operation, house, everywhere=everywhere):

                def ask(
                    each: str, operation: Operation = operation, filling: Filling = filling, path: str = path
                ) -> Answer:
                    """Send the body with an id in it."""
                    filled = body(operation.body or {}, replace(filling, foreign=UUID(each)))
                    return house.ask(who, operation.method, path, filled, sent=[each])

                real, none = compared(ask, str(filling.foreign), str(new_id()))
                assert alike(real, none), f"{operation.method} {operation.place.name}: {filling}"
                assert real.status < 500
                tried += 1
        assert tried >= 10

    def test_ids_and_tricks_in_queries(self, house: House) -> None:
        """Each parameter that is documented by itself, for a list refuses what is none; all that are not, together."""
        for operation in operations(house.theirs):
            others = {*_TRICKS, *_PLACES_IN_LISTS} - {*operation.query}
            names = (sorted(others), *((name,) for name in operation.query))
            for each in names if operation.method == "get" else ():
                unmoved_by(house, "stranger's key", operation.place.path(), each)

    def test_names_of_tenants_in_queries_and_headers_choose_nothing(self, house: House) -> None:
        meridian = house.cast.meridian
        headers = {"HTTP_X_TENANT": str(meridian.id), "HTTP_X_ORGANISATION": "meridian", "HTTP_HOST": "localhost"}
        for place in endpoints(house.theirs):
            query = {"tenant": str(meridian.id), "organisation": "meridian", "slug": "meridian"}
            plain = house.ask("stranger's key", "get", place.path())
            tricked = house.ask("stranger's key", "get", place.path(), query, sent=[meridian.id], **headers)
            assert tricked.status in (plain.status, 400), place.name
            assert not any(each in tricked.text for each in house.secrets), place.name


class TestForms:
    def test_ids_in_the_fields_of_forms(self, house: House) -> None:
        """Every field of every form of the stranger's own pages, sent to every page that takes a form: filled with
        Meridian's things of the kind that its name asks for."""
        places = pages(house.theirs)
        texts = [house.ask("stranger", "get", place.path("stranger")).text for place in places]
        fields = sorted({name for text in texts for name in _FIELD.findall(text)} - {"csrfmiddlewaretoken"})
        assert len(fields) >= 5
        of_meridian = own_of(house.mine)
        foreign = {field: of_meridian(field) for field in fields}
        nobodys = {value: str(new_id()) for value in foreign.values()}
        for place in places:
            path = place.path("stranger")
            if house.ask("stranger", "post", path).status == 405:
                continue
            real, none = compared(
                lambda form, path=path: house.ask("stranger", "post", path, form, sent=form.values()),  # type: ignore[misc]
                foreign,
                {field: nobodys[value] for field, value in foreign.items()},
            )
            assert real.status < 500, place.name
            assert alike(real, none), place.name

    def test_tricks_in_the_queries_of_pages(self, house: House) -> None:
        for place in pages(house.theirs):
            unmoved_by(house, "stranger", place.path("stranger"), (*_TRICKS, *_PLACES_IN_LISTS))


def unmoved_by(house: House, who: str, path: str, names: Iterable[str]) -> None:
    """A page answers to other people's ids in its query as to nobody's."""
    real, none = compared(
        lambda each: house.ask(who, "get", path, dict.fromkeys(names, each), sent=[each]),
        str(house.ids()[0]),
        str(new_id()),
    )
    assert alike(real, none), f"{path}: {names}"
    assert real.status < 500
    assert not any(each in real.text for each in house.secrets), f"{path}: {names}"


def test_other_peoples_documents_name_nothing(house: House) -> None:
    """A contract, a draft or any other document of Meridian's, word for word, in the stranger's own house."""
    for place, own in zip(house.endpoints(), endpoints(house.theirs), strict=True):
        document = house.ask("key", "get", place.path())
        if document.status != 200 or dict(document.headers)["Content-Type"] != "application/json":
            continue
        taken: Any = json.loads(document.text)
        for method in ("post", "put", "patch"):
            answer = house.ask("stranger's key", method, own.path(), taken)
            assert answer.status < 500, f"{method} {own.name}"
            if answer.status < 300:
                assert not any(each in answer.text for each in house.secrets if each not in document.text), own.name
