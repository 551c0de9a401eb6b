"""The domain's part of the REST API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from billing.contracts.acceptance_api import AgreedContractViewSet
from billing.contracts.api import ContractViewSet
from billing.contracts.drafting_api import BeginContractView, ContractTemplatesView, LookView
from billing.disputes.api import DisputeViewSet
from billing.dunning.api import DunningHistoryView, DunningPauseEndView, DunningPausesView, DunningSettingsView
from billing.invoices.api import InvoiceViewSet
from billing.invoices.party_api import BillingProfileView, LegalEntityViewSet
from billing.outcomes.api import DryRunView, ExclusionViewSet, OutcomeRunViewSet
from billing.outcomes.objection_api import AgreedExclusionViewSet
from billing.payments.api import PaymentViewSet, StandingView
from billing.payments.journal_api import JournalView
from billing.plans.api import (
    FeesView,
    PlanAccountViewSet,
    PlanInvoiceViewSet,
    PlanPriceViewSet,
    UsageEventViewSet,
)  # fmt: skip
from billing.plans.meters.api import MeterTallyViewSet
from billing.reports.api import ReportViewSet, RestatementView, SettlementView
from billing.simulation.api import SimulationViewSet, WhatIfView
from billing.statements.api import StatementViewSet

router = SimpleRouter(use_regex_path=False)
router.register("contracts", ContractViewSet, "contract")
router.register("agreed-contracts", AgreedContractViewSet, "agreed-contract")
router.register("agreed-contracts/<uuid:contract>/exclusions", AgreedExclusionViewSet, "agreed-exclusion")
router.register("exclusions", ExclusionViewSet, "exclusion")
router.register("outcome-runs", OutcomeRunViewSet, "outcome-run")
router.register("simulations", SimulationViewSet, "simulation")
router.register("statements", StatementViewSet, "statement")
router.register("disputes", DisputeViewSet, "dispute")
router.register("invoices", InvoiceViewSet, "invoice")
router.register("legal-entities", LegalEntityViewSet, "legal-entity")
router.register("payments", PaymentViewSet, "payment")
router.register("usage-events", UsageEventViewSet, "usage-event")
router.register("plan-prices", PlanPriceViewSet, "plan-price")
router.register("plan-accounts", PlanAccountViewSet, "plan-account")
router.register("plan-invoices", PlanInvoiceViewSet, "plan-invoice")
router.register("meter-tallies", MeterTallyViewSet, "meter-tally")
router.register("reports", ReportViewSet, "report")

urlpatterns = [
    *router.urls,
    path("contract-templates/", ContractTemplatesView.as_view(), name="contract-templates"),
    path("contracts/from-template/", BeginContractView.as_view(), name="contract-begin"),
    path("contracts/look/", LookView.as_view(), name="contract-look"),
    path("customers/<uuid:pk>/billing/", BillingProfileView.as_view(), name="customer-billing"),
    path("fees/", FeesView.as_view(), name="fees"),
    path("journal/", JournalView.as_view(), name="journal"),
    path("dunning/settings/", DunningSettingsView.as_view(), name="dunning-settings"),
    path("dunning/pauses/<uuid:pk>/end/", DunningPauseEndView.as_view(), name="dunning-pause-end"),
    path("invoices/<uuid:pk>/dunning/", DunningHistoryView.as_view(), name="invoice-dunning"),
    path("invoices/<uuid:pk>/dunning/pauses/", DunningPausesView.as_view(), name="invoice-dunning-pauses"),
    path("invoices/<uuid:pk>/standing/", StandingView.as_view(), name="invoice-standing"),
    path("outcome-runs/dry-run/", DryRunView.as_view(), name="dry-run"),
    path("simulations/<uuid:pk>/what-if/", WhatIfView.as_view(), name="simulation-what-if"),
    path("settlements/", SettlementView.as_view(), name="settlement"),
    path("restatements/", RestatementView.as_view(), name="restatement"),
]
