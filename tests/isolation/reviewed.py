"""The tables that are not one tenant's each, and what the ingest role may do: read, weighed and listed here by hand."""

from __future__ import annotations

REFERENCE = {
    "tenants_tenant": "The tenants themselves: an address names one before anybody acts for it.",
    "tenants_user": "A person may belong to several organisations, and signs in before any is chosen.",
    "tenants_membership": "Read to find out which tenants a person may act for; asked for by person and tenant only.",
    "tenants_keydigest": "Read to find the tenant of an API key; has a keyed digest, a tenant and an id.",
    "tenants_invitationdigest": "Read to find the tenant of an invitation's link; has a keyed digest and ids.",
    "tenants_scimdigest": "Read to find the tenant of a provisioning token; has a keyed digest, a tenant and an id.",
    "tenants_maildomain": "Read to find where people of a domain sign on, before any organisation is chosen.",
    "tenants_provenhost": "Read to find the tenant of a Host header; has a name from public DNS, a tenant, an instant.",
    "tenants_jobticket": "Read by the sweep that finds what a crash left behind; has ids and instants.",
    "tenants_notice": "What operators tell: to all, to a region or to one organisation; asked for by these.",
    "tenants_noticereader": "Who wants notices by mail; read by the task that mails one to many organisations.",
    "tenants_operator": "Who runs the installation; a person and an instant.",
    "tenants_supportaccess": "Whom an organisation lets in for support: read when a stranger asks for it by name.",
    "twins_connectionlease": "Read by the processes that run connections, to share them; has ids and a revision.",
    "twins_gatewaytoken": "Read to find the tenant of a gateway's token; has a keyed digest, a hash, ids and instants.",
    "twins_sparkplugnode": "Read to find the gateway of an edge node; has its names, ids and instants.",
    "twins_provisioningdigest": "Read to find the tenant of a provisioning key: a keyed digest, a tenant, an id.",
    "billing_reportlinkdigest": "Read to find the tenant of a guest's link; has a keyed digest, a tenant and an id.",
    "twins_authorityanchor": "Read to find the tenant of a device's certificate; has a public certificate and ids.",
}
"""The same on every machine, open to code that acts for no tenant yet."""

LOCAL = {
    "account_emailaddress": "allauth's: addresses of people, before any organisation.",
    "account_emailconfirmation": "allauth's: addresses that are not proven yet.",
    "auth_group": "Django's, empty: roles are our own.",
    "auth_group_permissions": "Django's, empty.",
    "auth_permission": "Django's: names of models.",
    "django_admin_log": "Django's: what operators wrote in their console, of notices; no rows of tenants.",
    "django_content_type": "Django's: names of models.",
    "django_migrations": "Django's: which migrations ran.",
    "django_session": "Django's: signed-in browsers, before any organisation.",
    "mfa_authenticator": "allauth's: second factors of people, before any organisation; secrets are sealed.",
    "usersessions_usersession": "allauth's: where a person is signed in, before any organisation.",
    "twins_connector": "Which process that runs connections is alive; has an id and an instant.",
    "twins_writersession": "Which writer of readings is alive; has a number and an instant.",
}
"""On the machine that requests come to; no rows of tenants."""

INGEST = {
    "twins_readinglog": {"SELECT", "INSERT", "DELETE"},
    "twins_chunk": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "twins_rollup": {"SELECT", "INSERT", "UPDATE"},
    "twins_compaction": {"SELECT", "INSERT", "UPDATE"},
    "twins_latestreading": {"SELECT", "INSERT", "UPDATE"},
    "twins_batch": {"SELECT", "INSERT"},
    "twins_commitcount": {"SELECT", "INSERT", "UPDATE"},
    "twins_traffic": {"SELECT", "INSERT", "UPDATE"},
    "twins_unboundkey": {"SELECT", "INSERT", "UPDATE"},
    "twins_setaside": {"INSERT"},
    "twins_latereadings": {"SELECT", "INSERT", "UPDATE"},
    "twins_sealedbatch": {"SELECT", "INSERT"},
    "twins_sitekey": {"SELECT", "UPDATE"},
    "twins_writersession": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "twins_watermark": {"SELECT"},
    "tenants_usageday": {"SELECT", "INSERT", "UPDATE"},
}
"""What the role that loads readings may do: it passes by the policies, so this is all that holds it."""
