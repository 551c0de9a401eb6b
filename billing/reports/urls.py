"""Addresses of reports outside any organisation's own: each is a link that somebody made for a guest."""

from __future__ import annotations

from django.urls import path

from billing.reports import guest_pages as guests

urlpatterns = [
    path("<str:token>/", guests.guest_report, name="guest-report"),
    path("<str:token>/style.css", guests.guest_style, name="guest-style"),
    path("<str:token>/logo", guests.guest_logo, name="guest-logo"),
    path("<str:token>/head.json", guests.guest_head, name="guest-head"),
    path("<str:token>/<str:kind>", guests.guest_file, name="guest-file"),
]
