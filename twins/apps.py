"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig


class TwinsConfig(AppConfig):
    """WHAT: types, twins, gateways, readings, evidence."""

    name = "twins"

    def ready(self) -> None:
        """Register the domain's pages."""
        from tenants.portal.registry import Entry, register_page  # noqa: PLC0415
        from tenants.scope.actors import Permission  # noqa: PLC0415

        register_page(Entry("Twins", "topology-star-3", "twins", Permission.READ))
        register_page(Entry("Gateways", "router", "gateways", Permission.READ))
        register_page(Entry("Catalogue", "books", "catalogue", Permission.READ))
