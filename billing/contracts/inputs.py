"""Requests that are read strictly: what somebody means to agree to is never passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from billing.contracts.fields import DocumentError, unknown_field


class StrictInput(serializers.Serializer[Any]):
    """A request whose fields are all known."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked fields.

        Raises:
            DocumentError: There are other fields too; the findings name each.
        """
        if isinstance(data, Mapping) and (unknown := sorted(data.keys() - self.fields.keys())):
            raise DocumentError(unknown_field(name) for name in unknown)
        return super().to_internal_value(data)
