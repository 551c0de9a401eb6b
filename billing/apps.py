"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """WORTH: contracts, outcomes, statements, invoices, reports."""

    name = "billing"

    def ready(self) -> None:
        """Register the domain's pages, jobs and figures, and what is found in it."""
        from billing.reports import tasks  # noqa: PLC0415
        from tenants.jobs.registry import register_job  # noqa: PLC0415
        from tenants.portal.overview import register_tiles  # noqa: PLC0415
        from tenants.portal.registry import Entry, register_page  # noqa: PLC0415
        from tenants.portal.search import Action, register_action, register_finder  # noqa: PLC0415
        from tenants.scope.actors import Permission  # noqa: PLC0415

        register_page(Entry("Contracts", "writing", "contracts", Permission.READ))
        register_page(Entry("Statements", "receipt", "statements", Permission.READ))
        register_page(Entry("Reports", "file-certificate", "reports", Permission.REPORTS))
        register_job(tasks.SETTLE, tasks.settle_month, label="Settle a month")
        register_job(tasks.RESTATE, tasks.restate_statement_period, label="Restate a period")
        register_tiles("billing.reports.tiles.billing_tiles")
        register_action(Action("New contract", "new-contract", Permission.EDIT))
        register_finder("Contract", "billing.contracts.search.find_contracts", needs=Permission.READ)
        register_finder("Customer", "billing.contracts.search.find_customers", needs=Permission.READ)
        register_finder("Invoice", "billing.reports.search.find_invoices", needs=Permission.READ)
        register_finder("Report", "billing.reports.search.find_reports", needs=Permission.REPORTS)
