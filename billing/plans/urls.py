"""Addresses that Stripe calls about its meters, outside any organisation's own: what it sends is signed."""

from __future__ import annotations

from django.urls import path

from billing.plans.meters import webhooks

urlpatterns = [path("stripe/<uuid:tenant>/meters/", webhooks.meter_webhook, name="stripe-meter-webhook")]
"""Each operator has an endpoint, and a secret, of its own."""
