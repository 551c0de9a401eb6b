"""Addresses of SCIM 2.0; its views are imported when the first provider calls, for their library is a heavy one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt


def _view(name: str) -> Callable[..., HttpResponseBase]:
    @csrf_exempt
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found: Callable[..., HttpResponseBase] = import_string(f"tenants.signon.scim_api.{name}")
        return found(request, *args, **kwargs)

    view.__name__ = name
    return view


urlpatterns = [
    path("Users", _view("users"), name="scim-users"),
    path("Users/<uuid:user>", _view("user"), name="scim-user"),
    path("Groups", _view("groups"), name="scim-groups"),
    path("Groups/<uuid:group>", _view("group"), name="scim-group"),
    path("ServiceProviderConfig", _view("service_provider_config"), name="scim-config"),
    path("ResourceTypes", _view("resource_types"), name="scim-types"),
    path("ResourceTypes/<str:name>", _view("resource_type"), name="scim-type"),
    path("Schemas", _view("schemas"), name="scim-schemas"),
    path("Schemas/<str:name>", _view("schema"), name="scim-schema"),
    path("", _view("nothing"), {"rest": ""}),
    path("<path:rest>", _view("nothing")),
]
