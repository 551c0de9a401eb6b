"""Addresses of websockets."""

from __future__ import annotations

from django.urls import path

from twins.alarms.consumers import AlarmConsumer

urlpatterns = [path("t/<slug:slug>/live/alarms/", AlarmConsumer.as_asgi())]
