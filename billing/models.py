"""Every model of the domain, where Django looks for them."""

from billing.contracts.models import Contract, ContractAcceptance, ContractVersion
from billing.disputes.models import Dispute, DisputeDecision, DisputeFile, DisputeMessage
from billing.dunning.models import DunningNotice, DunningPause, DunningSettings
from billing.invoices.models import (
    BillingProfile,
    Invoice,
    InvoiceSeries,
    LedgerEntry,
    LedgerLeg,
    LegalEntity,
    VatRate,
)
from billing.outcomes.models import AssumedEvidence, Correction, Exclusion, ExclusionDecision, OutcomeRun
from billing.payments.models import Payment, PaymentSettings, ProviderEvent, ProviderInvoice, ProviderStep
from billing.plans.models import (
    PlanAccount,
    PlanBill,
    PlanInvoice,
    PlanPrice,
    PlanSheet,
    PlanTaken,
    PlanTerm,
    UsageEvent,
)  # fmt: skip
from billing.reports.models import Report, ReportLink, ReportLinkDigest, ReportOpening
from billing.statements.models import Adjustment, ChargedAdjustment, SettlementWait, Statement

__all__ = [
    "Adjustment",
    "AssumedEvidence",
    "BillingProfile",
    "ChargedAdjustment",
    "Contract",
    "ContractAcceptance",
    "ContractVersion",
    "Correction",
    "Dispute",
    "DisputeDecision",
    "DisputeFile",
    "DisputeMessage",
    "DunningNotice",
    "DunningPause",
    "DunningSettings",
    "Exclusion",
    "ExclusionDecision",
    "Invoice",
    "InvoiceSeries",
    "LedgerEntry",
    "LedgerLeg",
    "LegalEntity",
    "OutcomeRun",
    "Payment",
    "PaymentSettings",
    "PlanAccount",
    "PlanBill",
    "PlanInvoice",
    "PlanPrice",
    "PlanSheet",
    "PlanTaken",
    "PlanTerm",
    "ProviderEvent",
    "ProviderInvoice",
    "ProviderStep",
    "Report",
    "ReportLink",
    "ReportLinkDigest",
    "ReportOpening",
    "SettlementWait",
    "Statement",
    "UsageEvent",
    "VatRate",
]
