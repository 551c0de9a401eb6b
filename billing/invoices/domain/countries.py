"""Countries and VAT identifiers: which are written how, and which countries share the VAT of the European Union."""

from __future__ import annotations

import re
from datetime import date

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())
"""ISO 3166-1 alpha-2."""

_MEMBERS = {
    "AT": r"ATU\d{8}", "BE": r"BE[01]\d{9}", "BG": r"BG\d{9,10}", "CY": r"CY\d{8}[A-Z]", "CZ": r"CZ\d{8,10}",
    "DE": r"DE\d{9}", "DK": r"DK\d{8}", "EE": r"EE\d{9}", "ES": r"ES[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"FI\d{8}",
    "FR": r"FR[A-Z0-9]{2}\d{9}", "GR": r"EL\d{9}", "HR": r"HR\d{11}", "HU": r"HU\d{8}",
    "IE": r"IE\d[A-Z0-9+*]\d{5}[A-Z]{1,2}", "IT": r"IT\d{11}", "LT": r"LT(\d{9}|\d{12})", "LU": r"LU\d{8}",
    "LV": r"LV\d{11}", "MT": r"MT\d{8}", "NL": r"NL[A-Z0-9+*]{10}\d{2}", "PL": r"PL\d{10}", "PT": r"PT\d{9}",
    "RO": r"RO\d{2,10}", "SE": r"SE\d{12}", "SI": r"SI\d{8}", "SK": r"SK\d{10}",
}  # fmt: skip
"""The member states and the form of their VAT identifiers, as the European Commission's VIES describes them."""

_LEFT = {"GB": date(2021, 1, 1)}
"""Countries whose supplies were under the Union's VAT before a day, and from that day on are not."""

_ELSEWHERE = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,20}")


def shares_vat(country: str, day: date) -> bool:
    """Whether a country is under the VAT of the European Union on a day; no day before 2014 is asked about."""
    return country in _MEMBERS or (country in _LEFT and day < _LEFT[country])


def vat_prefix(country: str) -> str:
    """The letters that a country's VAT identifiers begin with: its code, but EL for Greece."""
    return "EL" if country == "GR" else country


def plain_vat_id(text: str) -> str:
    """A VAT identifier as it is compared and printed: capitals, without spaces, dots and hyphens."""
    return re.sub(r"[\s.\-]", "", text).upper()


def is_vat_id(text: str, country: str) -> bool:
    """Whether this can be a VAT identifier of a country: its prefix, and for member states the form of the rest."""
    if not text.startswith(vat_prefix(country)):
        return False
    form = _MEMBERS.get(country)
    return bool(_ELSEWHERE.fullmatch(text) if form is None else re.fullmatch(form, text))
