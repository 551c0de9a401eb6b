"""Letters to persons: written down with what happened, sent afterwards, each once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import Custody


class Ended(models.TextChoices):
    """Why a letter never goes out."""

    LEFT = "left", _("They have left")
    REFUSED = "refused", _("They refused such mails")
    NEEDLESS = "needless", _("It had become needless")
    UNDELIVERABLE = "undeliverable", _("The mail server did not take it")


class Letter(PerTenant):
    """That one person is told of one thing by mail: the outbox.

    No address and no text is kept: both are looked up when it goes out. `customer` is the end customer whose person it
    is, empty for one of the organisation's own. `next_at` is empty once it was sent or has ended.
    """

    kind = models.CharField(max_length=30)
    about = models.UUIDField()
    user = models.UUIDField()
    customer = models.UUIDField(null=True)
    facts = models.JSONField(default=dict)
    written_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    ended = models.CharField(max_length=14, choices=Ended.choices, blank=True)

    custody: ClassVar[Custody] = Custody.PERSON
    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("written_at", "id")
        constraints = (
            UniquePerTenant(fields=("kind", "about", "user"), name="one_letter_per_thing_and_person"),
        )  # fmt: skip
        indexes = (
            models.Index(
                fields=("tenant", "next_at", "id"), condition=models.Q(next_at__isnull=False), name="letter_by_try"
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


class RefusedLetters(PerTenant):
    """That a person wants no letters of a kind."""

    user = models.UUIDField()
    kind = models.CharField(max_length=30)

    custody: ClassVar[Custody] = Custody.PERSON

    class Meta:
        constraints = (UniquePerTenant(fields=("user", "kind"), name="letters_refused_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.kind}"
