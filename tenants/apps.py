"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """WHO: tenants, people, keys, jobs, the log."""

    name = "tenants"

    def ready(self) -> None:
        """Register the pages and checks of the domain."""
        from tenants.portal.registry import Entry, register_page  # noqa: PLC0415
        from tenants.portal.search import Action, register_action  # noqa: PLC0415
        from tenants.scope import checks  # noqa: F401, PLC0415 (registers them)
        from tenants.scope.actors import Permission  # noqa: PLC0415

        register_page(Entry("Overview", "layout-dashboard", "overview", Permission.READ))
        register_page(Entry("Admin", "settings", "people", Permission.ADMINISTER))
        register_action(Action("API keys", "api-keys", Permission.ADMINISTER))
