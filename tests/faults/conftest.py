"""A house for the tests of a file, with the product's own processes in it: to build it takes longest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.house import House, close_connections, house_built
from tests.twins.gateways.plant import Plant, wait_for

MakePlant = Callable[[str], Plant]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """Servers of our own, and two organisations."""
    with django_db_blocker.unblock(), house_built() as built:
        yield built


@pytest.fixture(scope="module")
def plants(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakePlant]:
    """A broker of each kind with a consumer, the embedded one with the web server as well; all of them at work."""
    made: dict[str, Plant] = {}

    def plant(broker: str) -> Plant:
        if broker not in made:
            close_connections()
            made[broker] = Plant(tmp_path_factory.mktemp(broker), broker=broker)
            names = ("broker", "consumer", *(["web"] if broker == "amqtt" else []))
            made[broker].start(*names)
            wait_for(lambda: "consuming from" in made[broker].log("consumer"))
            wait_for(lambda: broker != "amqtt" or "startup complete" in made[broker].log("web"))
        return made[broker]

    yield plant
    for one in made.values():
        one.close()


@pytest.fixture
def plant(request: pytest.FixtureRequest, plants: MakePlant) -> Plant:
    """The one with the broker that the test names, or the embedded one."""
    return plants(getattr(request, "param", "amqtt"))
