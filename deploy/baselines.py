"""What readings are measured against besides COPY: a web framework's usual way, and a subscriber that keeps nothing."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.db import models
from paho.mqtt import client as paho
from rest_framework import serializers
from rest_framework.parsers import JSONParser

from deploy.stage import owner_connection
from tenants.kernel.errors import OutturnError
from tenants.scope.tables import ReferenceTable
from twins.gateways.mqtt_client import make_client

_LONGEST_SECONDS = 60.0
_TOPIC = "outturn/bare/readings"


class BaselineError(OutturnError):
    """A baseline cannot be measured."""

    code = "bench.baseline"
    status = 503


class PlainReading(ReferenceTable, models.Model):
    """A reading as a row of its own, in the benchmark's table."""

    key = models.CharField(max_length=200)
    at = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        managed = False
        app_label = "deploy"
        db_table = "plain_reading"

    def __str__(self) -> str:
        return f"{self.key} at {self.at}: {self.value}"


class PlainReadingInput(serializers.ModelSerializer[PlainReading]):
    """One reading as it is sent."""

    class Meta:
        model = PlainReading
        fields = ("key", "at", "value")


def framework_points_per_s(database: str, bodies: Sequence[bytes]) -> float:
    """Readings a second when each body is parsed, validated and created in bulk by Django and its REST framework.

    There is no HTTP, no tenant, no binding, no newest value, and nothing is looked for twice: it has less to do.
    """
    with owner_connection(database) as connection:
        connection.execute("DROP TABLE IF EXISTS plain_reading")
        connection.execute(
            "CREATE TABLE plain_reading (id bigserial PRIMARY KEY, key text NOT NULL, at timestamptz NOT NULL, "
            "value float8 NOT NULL)"
        )
        connection.execute("GRANT ALL ON plain_reading, plain_reading_id_seq TO PUBLIC")
        begun, stored = time.perf_counter(), 0
        for body in bodies:
            sent: Any = JSONParser().parse(io.BytesIO(body))
            asked = PlainReadingInput(data=sent["readings"], many=True)
            asked.is_valid(raise_exception=True)
            rows = [PlainReading(**one) for one in asked.validated_data]
            stored += len(PlainReading._default_manager.bulk_create(rows))
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE plain_reading")
    return stored / seconds


def heard_messages_per_s(url: str, bodies: Sequence[bytes], *, at_once: int) -> float:
    """Messages a second that a subscriber hears who does nothing with them, at quality of service 1 both ways.

    Args:
        url: Of a broker nobody else consumes from, with the user who may do everything.
        bodies: Of the messages.
        at_once: How many may be under way at a time, as many as the product's senders have.

    Raises:
        BaselineError: They are not heard.
    """
    everything, room, heard = threading.Event(), threading.Semaphore(at_once), itertools.count(1)
    subscribed = threading.Event()

    def on_message(*_: Any) -> None:
        room.release()
        if next(heard) == len(bodies):
            everything.set()

    listener, host, port = make_client(url, client_id="bare-listener")
    speaker, _, _ = make_client(url, client_id="bare-speaker")
    listener.on_message = on_message
    listener.on_connect = lambda client, *_: client.subscribe(_TOPIC, qos=1)
    listener.on_subscribe = lambda *_: subscribed.set()
    try:
        for client in (listener, speaker):
            client.connect(host, port)
            client.loop_start()
        _await(subscribed)
        begun = time.perf_counter()
        for body in bodies:
            room.acquire(timeout=_LONGEST_SECONDS)
            speaker.publish(_TOPIC, body, qos=1)
        _await(everything)
        return len(bodies) / (time.perf_counter() - begun)
    finally:
        _leave(speaker, listener)


def _await(event: threading.Event) -> None:
    if not event.wait(_LONGEST_SECONDS):
        raise BaselineError("a bare subscriber does not hear what is published", fix="Look at what the broker says.")


def _leave(*clients: paho.Client) -> None:
    for client in clients:
        client.disconnect()
        client.loop_stop()
