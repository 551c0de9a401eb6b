"""The way in at a host of an organisation's own."""

from __future__ import annotations

from django.urls import path

from tenants.portal import entrance

urlpatterns = [
    path("", entrance.entrance, name="entrance"),
    path("out/", entrance.leave, name="entrance-out"),
    path("on/", entrance.hand_over, name="entrance-on"),
    path("back/", entrance.arrive, name="entrance-back"),
    path("style.css", entrance.style, name="entrance-style"),
    path("logo", entrance.logo, name="entrance-logo"),
]
