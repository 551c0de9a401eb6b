"""Work for people that is done after the answer."""

from __future__ import annotations

from celery import shared_task
from django.utils.dateparse import parse_datetime

from tenants.edge.context import client_address, request_id, set_client_address, set_request_id
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.sign_ins import tell_organisations


@shared_task(name="people.tell_refused_sign_in", ignore_result=True)
def tell_refused_sign_in(email: str, method: str, at: str, address: str, request: str) -> None:
    """Tell the organisations of whoever has this address that somebody tried and failed to sign in as them.

    Args:
        email: The address of mail that was tried.
        method: With what.
        at: When, in ISO 8601.
        address: The network address it came from.
        request: The id of the request.
    """
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None:
        return
    before = client_address(), request_id()
    set_client_address(address)
    set_request_id(request)
    try:
        now = parse_datetime(at) or utc_now()
        tell_organisations(user, action="sign_in.refused", now=now, details={"method": method})
    finally:
        set_client_address(before[0])
        set_request_id(before[1])
