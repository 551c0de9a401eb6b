"""The provider's server: its tables, people and client are made when it starts."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.tenants.signon.provider.settings"

from django.core.asgi import get_asgi_application

application = get_asgi_application()

from allauth.account.models import EmailAddress  # noqa: E402 (needs the apps to be loaded)
from allauth.idp.oidc.models import Client  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

from tests.tenants.signon.provider.settings import WORLD  # noqa: E402

call_command("migrate", verbosity=0)
for address, person in WORLD["people"].items():
    user = User.objects.create_user(username=address, email=address, password=person["password"])
    EmailAddress.objects.create(user=user, email=address, verified=person["verified"], primary=True)
for client in WORLD["clients"]:
    Client.objects.create(
        id=client["id"], name=client["id"], secret=make_password(client["secret"]), skip_consent=True,
        scopes="openid\nemail\nprofile", default_scopes="openid", response_types="code", type="confidential",
        grant_types="authorization_code", redirect_uris="\n".join(client["redirect_uris"]),
    )  # fmt: skip
