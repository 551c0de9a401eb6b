"""The app that holds the commands."""

from __future__ import annotations

from django.apps import AppConfig


class DeployConfig(AppConfig):
    """Commands and benchmarks; no models."""

    name = "deploy"

    def ready(self) -> None:
        """Make ours the Celery application that tasks are sent by, in every process, and keep memory for arrays."""
        from deploy import celery  # noqa: F401, PLC0415
        from deploy.memory import keep_freed_memory  # noqa: PLC0415

        keep_freed_memory()
