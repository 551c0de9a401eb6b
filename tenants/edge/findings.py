"""Findings as the API tells them, whatever they are about."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class FindingOutput(serializers.Serializer[Any]):
    """Something that is wrong, where, and how it is mended."""

    code = serializers.CharField()
    place = serializers.CharField(help_text="A path into what was sent; within an expression it ends in `:START-END`.")
    message = serializers.CharField()
    fix = serializers.CharField()
