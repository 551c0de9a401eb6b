"""What can be tested with the brokers that this machine has."""

from __future__ import annotations

from tests.twins.gateways.plant import MOSQUITTO

collect_ignore = [] if MOSQUITTO else ["test_mqtt5.py"]
