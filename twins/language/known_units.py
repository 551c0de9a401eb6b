"""Units that plants use, to be found by name: UCUM codes with what people call them and what they measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twins.language.measures import measure
from twins.language.symbols import symbol
from twins.language.units import UnknownUnitError, is_unit

_LISTED = """
temperature | Cel degree Celsius | K kelvin | [degF] degree Fahrenheit | [degR] degree Rankine
pressure | bar bar | mbar millibar | Pa pascal | kPa kilopascal | MPa megapascal | hPa hectopascal
pressure | [psi] pound per square inch | atm atmosphere | mm[Hg] millimetre of mercury | m[H2O] metre of water
gauge pressure | bar{gauge} bar gauge | kPa{gauge} kilopascal gauge | [psi]{gauge} psi gauge
volume flow | m3/h cubic metre per hour | m3/s cubic metre per second | m3/min cubic metre per minute
volume flow | L/min litre per minute | L/s litre per second | L/h litre per hour | mL/min millilitre per minute
volume flow | [gal_us]/min US gallon per minute | [cft_i]/min cubic foot per minute
mass flow | kg/h kilogram per hour | kg/s kilogram per second | kg/min kilogram per minute | t/h tonne per hour
mass flow | g/s gram per second | [lb_av]/h pound per hour | [lb_av]/s pound per second
speed of rotation | {rpm} revolutions per minute | Hz hertz | kHz kilohertz | MHz megahertz | rad/s radian per second
power | W watt | kW kilowatt | MW megawatt | GW gigawatt | mW milliwatt | [HP] horsepower
apparent power | V.A volt-ampere | kV.A kilovolt-ampere | MV.A megavolt-ampere
reactive power | V.A{reactive} var | kV.A{reactive} kilovar | MV.A{reactive} megavar
energy | J joule | kJ kilojoule | MJ megajoule | GJ gigajoule | W.h watt hour | kW.h kilowatt hour
energy | MW.h megawatt hour | GW.h gigawatt hour | cal calorie | kcal kilocalorie | [Btu] British thermal unit
voltage | V volt | mV millivolt | kV kilovolt
current | A ampere | mA milliampere | kA kiloampere | uA microampere
charge | A.h ampere hour | C coulomb
resistance | Ohm ohm | kOhm kiloohm | MOhm megaohm | mOhm milliohm
conductance | S siemens | uS/cm microsiemens per centimetre | mS/cm millisiemens per centimetre
capacitance | F farad | uF microfarad
inductance | H henry | mH millihenry
magnetic field | T tesla | mT millitesla
torque | N.m newton metre | kN.m kilonewton metre | [lbf_av].[ft_i] pound-force foot
force | N newton | kN kilonewton | MN meganewton | [lbf_av] pound-force
mass | kg kilogram | g gram | mg milligram | t tonne | [lb_av] pound | [oz_av] ounce
length | m metre | mm millimetre | cm centimetre | km kilometre | um micrometre | nm nanometre
length | [in_i] inch | [ft_i] foot | [mi_i] mile | 10*3.[ft_i] thousand feet
area | m2 square metre | cm2 square centimetre | mm2 square millimetre | har hectare | [sft_i] square foot
volume | m3 cubic metre | L litre | mL millilitre | hL hectolitre | [gal_us] US gallon | [cft_i] cubic foot
speed | m/s metre per second | km/h kilometre per hour | m/min metre per minute | [mi_i]/h mile per hour
vibration velocity | mm/s millimetre per second | [in_i]/s inch per second
acceleration | m/s2 metre per second squared | [g] standard gravity
time | s second | ms millisecond | us microsecond | min minute | h hour | d day | wk week | a year
angle | deg degree | rad radian | {rev} revolution
ratio | % per cent | 1 plain number | [ppth] per thousand | [ppm] parts per million | [ppb] parts per billion
density | kg/m3 kilogram per cubic metre | g/cm3 gram per cubic centimetre | g/L gram per litre
concentration | mg/L milligram per litre | ug/m3 microgram per cubic metre
concentration | mol/L mole per litre | mg/m3 milligram per cubic metre
viscosity | mPa.s millipascal second | Pa.s pascal second | mm2/s square millimetre per second
irradiance | W/m2 watt per square metre | kW/m2 kilowatt per square metre
illuminance | lx lux | lm lumen | cd candela
heat | W/(m2.K) heat transfer coefficient | W/(m.K) thermal conductivity
heat | kJ/(kg.K) specific heat | kJ/kg specific enthalpy
sound | dB decibel
acidity | [pH] pH
data | By byte | kBy kilobyte | MBy megabyte | GBy gigabyte | bit bit | Bd baud
count | {count} count | {piece} pieces | {cycle} cycles | {part} parts | {person} persons
rate | {piece}/h pieces per hour | {piece}/min pieces per minute
rate | {count}/min counts per minute | {cycle}/h cycles per hour
consumption | L/h{fuel} litre of fuel per hour | kW.h/t kilowatt hour per tonne | kW.h/m3 kilowatt hour per cubic metre
consumption | g/(kW.h) gram per kilowatt hour | L/(100.km) litre per 100 kilometres
emission | kg{CO2} kilogram of carbon dioxide | t{CO2} tonne of carbon dioxide
emission | g{CO2}/(kW.h) gram of carbon dioxide per kilowatt hour
change | K/min kelvin per minute | K/h kelvin per hour | bar/min bar per minute | %/min per cent per minute
radiation | Sv sievert | uSv/h microsievert per hour | Bq becquerel
"""


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit to choose.

    Attributes:
        code: UCUM.
        name: What people call it, in English.
        quantity: What it measures.
    """

    code: str
    name: str
    quantity: str

    @property
    def symbol(self) -> str:
        """What is written beside a number."""
        return symbol(self.code)


def _listed() -> Iterator[KnownUnit]:
    for line in _LISTED.strip().splitlines():
        quantity, *units = (part.strip() for part in line.split("|"))
        for unit in units:
            code, _, name = unit.partition(" ")
            yield KnownUnit(code, name, quantity)


KNOWN_UNITS: tuple[KnownUnit, ...] = tuple(_listed())
"""By what they measure; each of them can be calculated with (a test holds that)."""


def find_units(words: str, *, like: str | None = None, most: int = 50) -> list[KnownUnit]:
    """Units by code, symbol, name or quantity, the nearest first; a code that is not listed is found as it is.

    Args:
        words: What somebody typed; nothing for all.
        like: A code that they shall convert into.
        most: How many at most.
    """
    asked = words.strip()
    fitting = [unit for unit in KNOWN_UNITS if like is None or _alike(unit.code, like)]
    ranked = sorted((rank, place) for place, unit in enumerate(fitting) if (rank := _rank(unit, asked)) is not None)
    found = [fitting[place] for _, place in ranked][:most]
    known = {unit.code for unit in KNOWN_UNITS}
    if asked and asked not in known and is_unit(asked) and (like is None or _alike(asked, like)):
        found.insert(0, KnownUnit(asked, asked, ""))
    return found


def _rank(unit: KnownUnit, asked: str) -> int | None:
    """How near a unit is to what was typed, 0 the nearest; None when it is not meant."""
    lower = asked.lower()
    if not lower:
        return 0
    if asked == unit.code:
        return 0
    texts = [unit.code.lower(), unit.symbol.lower(), unit.name.lower()]
    if lower in texts:
        return 1
    if any(text.startswith(lower) for text in texts):
        return 2
    everything = " ".join((*texts, unit.quantity))
    return 3 if all(word in everything for word in lower.split()) else None


def _alike(code: str, other: str) -> bool:
    try:
        return measure(code).dimension == measure(other).dimension
    except UnknownUnitError:
        return False
