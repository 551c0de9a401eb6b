"""Changing the rules of entry of an organisation, in its scope."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tenants.kernel.errors import ConflictError
from tenants.people.entry import Policy, network_refusal, policy_of
from tenants.people.rights import rights_changed
from tenants.record.services import record_audit
from tenants.scope.actors import Actor
from tenants.scope.models import Tenant


class LockedOutError(ConflictError):
    """Who changes the rules would be the first whom they keep out."""

    code = "entry.locked_out"


def change_policy(*, policy: Policy, by: Actor, now: datetime) -> None:
    """Put other rules of entry in force, but for single sign-on's; open connections are asked at once.

    Raises:
        LockedOutError: The networks leave out the address that `by` comes from.
    """
    if network_refusal(policy, by.address) is not None:
        raise LockedOutError(
            f"your own address, {by.address or 'which is not known'}, is in none of these networks", place="networks",
            kept="The rules are as they were.", fix="Add a network that has it, or you could not come back.",
        )  # fmt: skip
    row = Tenant.objects.select_for_update(no_key=True).get(id=by.tenant)
    kept = policy_of(row.policy)
    before, after = kept.as_dict(), replace(policy, sso_only=kept.sso_only).as_dict()
    if before == after:
        return
    row.policy = {**row.policy, **after}
    row.save(update_fields=["policy"])
    record_audit(
        action="organisation.rules_of_entry", subject=f"organisation/{by.tenant}", by=by.name, now=now,
        details={"before": before, "after": after},
    )  # fmt: skip
    rights_changed(by.tenant)
