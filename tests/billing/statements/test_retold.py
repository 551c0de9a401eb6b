"""The sealed lines of statements and invoices, told in German; English and what is unknown stay as they were sealed."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from billing.statements.retold import retold


@pytest.mark.parametrize(
    ("sealed", "german"),
    [
        ("Fee", "Entgelt"),
        ("Fee for 12 assets", "Entgelt für 12 Anlagen"),
        ("Fee for 150500 m3 at 1.20 EUR per m3", "Entgelt für 150500 m3 zu 1,20 EUR je m3"),
        ("Fee for 150500.5 m3 by graduated tiers", "Entgelt für 150500,5 m3 nach Preisstufen je Teilmenge"),
        ("Fee for 150500 m3 by volume tiers", "Entgelt für 150500 m3 nach Preisstufe der Gesamtmenge"),
        ("uptime 99.88 %: credit", "uptime 99,88 %: Gutschrift"),
        ("uptime – %: no credit", "uptime – %: keine Gutschrift"),
        ("uptime 98.84 %: bonus", "uptime 98,84 %: Bonus"),
        (
            "March 2026, uptime: version 2 in place of version 1",
            "März 2026, uptime: Version 2 anstelle von Version 1",
        ),
        (
            "uptime: indeterminate, what version 1 settled stands",
            "uptime: nicht bestimmbar, die Abrechnung in Version 1 bleibt bestehen",
        ),
        (
            "uptime: indeterminate, what version 2 settled stands as far as the caps leave room",
            "uptime: nicht bestimmbar, die Abrechnung in Version 2 bleibt bestehen, soweit die Obergrenzen es zulassen",
        ),
        ("November 2026, version 2: fee", "November 2026, Version 2: fee"),
        ("ME-2026-0001: agreed on the phone", "ME-2026-0001: agreed on the phone"),
    ],
)
def test_both_languages(sealed: str, german: str) -> None:
    assert retold(sealed) == sealed
    with override("de"):
        assert retold(sealed) == german
