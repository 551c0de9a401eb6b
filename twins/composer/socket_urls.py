"""Addresses of websockets."""

from __future__ import annotations

from django.urls import path

from twins.composer.consumers import DraftConsumer

urlpatterns = [path("t/<slug:slug>/live/drafts/<uuid:twin>/", DraftConsumer.as_asgi())]
