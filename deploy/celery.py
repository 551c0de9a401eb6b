"""The Celery application: ``celery -A deploy.celery worker``."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

app = Celery("outturn")
app.config_from_object("django.conf:settings", namespace="CELERY")
ROOMS = ("jobs", "people", "record", "limits", "domains", "custody", "lifecycle", "post")
OTHERS = ("twins.telemetry", "twins.alarms", "billing.dunning", "billing.payments", "billing.plans", "billing.reports")
app.autodiscover_tasks([*(f"tenants.{room}" for room in ROOMS), *OTHERS])


@setup_logging.connect
def _keep_ours(**_: object) -> None:
    """Leave logging as the settings made it."""
