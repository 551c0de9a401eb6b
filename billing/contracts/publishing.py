"""What the publication of a twin does to contracts: which are about assets that go."""

from __future__ import annotations

from django.utils.translation import ngettext

from billing.contracts.models import Contract, ContractVersion
from twins.composer.effects import Effect, Publication


def effects(publication: Publication) -> list[Effect]:
    """The contracts in force, or to come, that are about assets which go."""
    if not publication.removed:
        return []
    titles = dict(Contract.objects.filter(twin=publication.twin).values_list("id", "title"))
    newest = ContractVersion.objects.filter(contract__in=titles).order_by("contract_id", "-version")
    names = [
        f"{titles[version.contract_id]} ({', '.join(gone)})"
        for version in newest.distinct("contract_id")
        if (version.effective_to is None or publication.now < version.effective_to)
        and (gone := publication.removed_names(version.document["assets"]))
    ]
    if not names:
        return []
    text = ngettext(
        "%(count)s contract is about assets that go: from now on there is no evidence of them.",
        "%(count)s contracts are about assets that go: from now on there is no evidence of them.",
        len(names),
    ) % {"count": len(names)}
    return [Effect.of("contracts", "loss", text, names)]
