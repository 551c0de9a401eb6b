"""What Celery runs for histories."""

from __future__ import annotations

from celery import shared_task

from twins.history.filing import sweep_files


@shared_task(name="history.sweep_files", ignore_result=True)
def sweep() -> None:
    """Remove files of histories whose week is over."""
    sweep_files()
