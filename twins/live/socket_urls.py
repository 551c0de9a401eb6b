"""Addresses of websockets."""

from __future__ import annotations

from django.urls import path

from twins.live.consumers import TwinConsumer

urlpatterns = [path("t/<slug:slug>/live/twins/<uuid:twin>/", TwinConsumer.as_asgi())]
