"""Every model of the domain, where Django looks for them."""

from tenants.customers.models import Customer
from tenants.edge.models import IdempotentAnswer
from tenants.jobs.models import Job, JobTicket
from tenants.keys.models import ApiKey, KeyDigest
from tenants.people.models import Membership, User
from tenants.record.models import AuditEntry, Log, LogLeaf, LogNode, TreeHead
from tenants.scope.models import Tenant

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Customer",
    "IdempotentAnswer",
    "Job",
    "JobTicket",
    "KeyDigest",
    "Log",
    "LogLeaf",
    "LogNode",
    "Membership",
    "Tenant",
    "TreeHead",
    "User",
]
