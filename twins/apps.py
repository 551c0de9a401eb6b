"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TwinsConfig(AppConfig):
    """WHAT: types, twins, gateways, readings, evidence."""

    name = "twins"

    def ready(self) -> None:
        """Register what the domain adds to the house: pages, what is found in it, what runs, what is counted."""
        _register_pages()
        _register_search()
        _register_work()
        _register_publishing()


def _register_pages() -> None:
    from tenants.customers.registry import Count, Panel, register_count, register_panel  # noqa: PLC0415
    from tenants.portal.registry import AdminPage, Bell, Entry, register_admin_page, register_bell, register_page  # noqa: PLC0415  # noqa: PLC0415
    from tenants.scope.actors import Permission  # noqa: PLC0415

    register_page(Entry("Twins", "topology-star-3", "twins", Permission.TWINS_READ))
    register_page(Entry("Catalogue", "books", "catalogue", Permission.TWINS_READ))
    register_page(Entry("Dashboards", "layout-dashboard", "dashboards", Permission.DASHBOARDS_READ))
    register_page(Entry("Gateways", "router", "gateways", Permission.GATEWAYS_READ))
    register_page(Entry("Alarms", "bell", "alarms", Permission.ALARMS_READ))
    register_page(Entry("Assets", "engine", "assets", Permission.REPORTS_READ, for_customers=True))
    shared = Entry("Dashboards", "layout-dashboard", "shared-dashboards", Permission.REPORTS_READ, for_customers=True)
    register_page(shared)
    register_bell(Bell("alarms", "alarms-badge", Permission.ALARMS_READ, _("Alarms")))
    register_bell(Bell("twin-reviews", "twin-reviews-badge", Permission.TWINS_PUBLISH, _("Reviews"), "eye-check"))
    publishing = AdminPage(
        _("Publishing"), "rocket", "publishing-rule", Permission.ORGANISATION_ADMINISTER, "organisation"
    )
    register_admin_page(publishing)
    register_admin_page(AdminPage(_("Gateways"), "router", "gateways", Permission.GATEWAYS_READ, "data"))
    register_count(Count("views", "Shared views", "twins.sharing.selectors.views_counted"))
    panel = "twins.sharing.admin_pages.panel"
    register_panel(Panel("views", "sharing/panel.html", panel, Permission.CONTRACTS_READ))


def _register_search() -> None:
    from tenants.portal.search import Action, register_action, register_finder  # noqa: PLC0415
    from tenants.scope.actors import Permission  # noqa: PLC0415

    register_action(Action("New twin", "new-twin", Permission.TWINS_EDIT))
    register_action(Action("New asset type", "new-type", Permission.TWINS_EDIT))
    register_action(Action("New dashboard", "new-dashboard", Permission.DASHBOARDS_EDIT))
    register_action(Action("New gateway", "new-gateway", Permission.GATEWAYS_EDIT))
    register_action(Action("New alarm rule", "new-alarm-rule", Permission.ALARMS_EDIT))
    register_finder("Twin", "twins.live.search.find_twins", needs=Permission.TWINS_READ)
    register_finder("Asset", "twins.live.search.find_assets", needs=Permission.TWINS_READ)
    register_finder("Signal", "twins.live.search.find_signals", needs=Permission.TWINS_READ)
    register_finder("Gateway", "twins.gateways.search.find_gateways", needs=Permission.GATEWAYS_READ)
    register_finder("Asset type", "twins.catalog.search.find_types", needs=Permission.TWINS_READ)


def _register_work() -> None:
    from tenants.custody.kinds import register_trash  # noqa: PLC0415
    from tenants.jobs.registry import register_job  # noqa: PLC0415
    from tenants.limits.domain.plans import Meter  # noqa: PLC0415
    from tenants.limits.registry import register_counter  # noqa: PLC0415
    from tenants.people.places import register_twins  # noqa: PLC0415
    from tenants.scope.actors import Permission  # noqa: PLC0415
    from tenants.scope.sealed import register_sealed  # noqa: PLC0415
    from twins.catalog.use import register_type_user  # noqa: PLC0415
    from twins.gateways.refused import services as replaying  # noqa: PLC0415
    from twins.gateways.trash import GATEWAY, TWIN  # noqa: PLC0415
    from twins.live.following import register_step  # noqa: PLC0415

    register_trash(TWIN)
    register_trash(GATEWAY)
    register_twins("twins.composer.places.TWINS")
    register_type_user("twins.composer.type_use.TYPES", Permission.TWINS_READ)
    register_type_user("twins.alarms.type_use.TYPES", Permission.ALARMS_READ)
    register_type_user("twins.dashboards.type_use.TYPES", Permission.DASHBOARDS_READ)
    register_counter("twins.composer.selectors.things_counted", Meter.TWINS, Meter.ASSETS, Meter.SIGNALS)
    register_counter("twins.gateways.selectors.gateways_counted", Meter.GATEWAYS)
    register_job(replaying.KIND, "twins.gateways.refused.tasks.replay_refused", label="Replay what was refused")
    register_job("gateways.import", "twins.gateways.imports.running.run_import", label="Import a file of history")
    register_job("history.file", "twins.history.filing.write_file", label="File of a history")
    register_job("readings.substitute", "twins.telemetry.quality_tasks.store_substitution", label="Replace readings")
    register_sealed("alarm_channels", "twins.alarms.telling.reseal_channels")
    register_sealed("connections", "twins.gateways.connections.services.reseal_connections")
    register_step("twins.live.derived.DERIVED_SIGNALS")
    register_step("twins.alarms.following.STEP")


def _register_publishing() -> None:
    from tenants.scope.actors import Permission  # noqa: PLC0415
    from twins.composer.effects import register_effects  # noqa: PLC0415
    from twins.composer.versions import register_gateway_names  # noqa: PLC0415

    register_effects("twins.telemetry.publishing.effects", Permission.TWINS_READ)
    register_effects("twins.alarms.publishing.effects", Permission.ALARMS_READ)
    register_effects("twins.dashboards.publishing.effects", Permission.DASHBOARDS_READ)
    register_effects("twins.sharing.publishing.effects", Permission.CONTRACTS_READ)
    register_gateway_names("twins.gateways.selectors.gateway_names")
