"""Every model of the domain, where Django looks for them."""

from tenants.custody.models import Certificate, Erasure, Export, RetentionPolicy, TrashItem
from tenants.customers.models import Customer
from tenants.domains.models import Domain, ProvenHost
from tenants.edge.models import IdempotentAnswer
from tenants.jobs.models import Job, JobTicket
from tenants.keys.models import ApiKey, KeyDigest, ServiceAccount
from tenants.lifecycle.models import Agreement, Logo, Notice, NoticeReader, Operator, SupportAccess
from tenants.limits.models import CustomerShare, LimitWarning, RaisedLimit, UsageDay
from tenants.people.models import (
    CustomRole,
    Invitation,
    InvitationDigest,
    Membership,
    MembershipPlace,
    Site,
    Space,
    User,
)  # fmt: skip
from tenants.post.models import Letter, RefusedLetters
from tenants.record.models import (
    AuditEntry,
    Cosignature,
    KeyHandover,
    Log,
    LogCheck,
    LogLeaf,
    LogNode,
    TreeHead,
    Witness,
)  # fmt: skip
from tenants.scope.models import Tenant
from tenants.signon.models import (
    Identity,
    MailDomain,
    ScimAccess,
    ScimDigest,
    ScimGroup,
    ScimGroupMember,
    ScimUser,
    SignOn,
)  # fmt: skip

__all__ = [
    "Agreement",
    "ApiKey",
    "AuditEntry",
    "Certificate",
    "Cosignature",
    "CustomRole",
    "Customer",
    "CustomerShare",
    "Domain",
    "Erasure",
    "Export",
    "IdempotentAnswer",
    "Identity",
    "Invitation",
    "InvitationDigest",
    "Job",
    "JobTicket",
    "KeyDigest",
    "KeyHandover",
    "Letter",
    "LimitWarning",
    "Log",
    "LogCheck",
    "LogLeaf",
    "LogNode",
    "Logo",
    "MailDomain",
    "Membership",
    "MembershipPlace",
    "Notice",
    "NoticeReader",
    "Operator",
    "ProvenHost",
    "RaisedLimit",
    "RefusedLetters",
    "RetentionPolicy",
    "ScimAccess",
    "ScimDigest",
    "ScimGroup",
    "ScimGroupMember",
    "ScimUser",
    "ServiceAccount",
    "SignOn",
    "Site",
    "Space",
    "SupportAccess",
    "Tenant",
    "TrashItem",
    "TreeHead",
    "UsageDay",
    "User",
    "Witness",
]
