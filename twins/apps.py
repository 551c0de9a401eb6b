"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig


class TwinsConfig(AppConfig):
    """WHAT: types, twins, gateways, readings, evidence."""

    name = "twins"

    def ready(self) -> None:
        """Register the domain's pages, and what is found in it."""
        from tenants.portal.registry import Entry, register_page  # noqa: PLC0415
        from tenants.portal.search import Action, register_action, register_finder  # noqa: PLC0415
        from tenants.scope.actors import Permission  # noqa: PLC0415

        register_page(Entry("Twins", "topology-star-3", "twins", Permission.READ))
        register_page(Entry("Gateways", "router", "gateways", Permission.READ))
        register_page(Entry("Catalogue", "books", "catalogue", Permission.READ))
        register_action(Action("New twin", "new-twin", Permission.EDIT))
        register_action(Action("New gateway", "new-gateway", Permission.EDIT))
        register_finder("Twin", "twins.live.search.find_twins", needs=Permission.READ)
        register_finder("Asset", "twins.live.search.find_assets", needs=Permission.READ)
        register_finder("Signal", "twins.live.search.find_signals", needs=Permission.READ)
        register_finder("Gateway", "twins.gateways.search.find_gateways", needs=Permission.READ)
        register_finder("Asset type", "twins.catalog.search.find_types", needs=Permission.READ)
