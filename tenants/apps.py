"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """WHO: tenants, people, keys, jobs, the log."""

    name = "tenants"

    def ready(self) -> None:
        """Register what the rooms offer, and the checks of the domain."""
        from tenants.portal.registrations import register_all  # noqa: PLC0415
        from tenants.scope import checks  # noqa: F401, PLC0415 (registers them)

        register_all()
