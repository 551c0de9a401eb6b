"""Words that names of measured quantities are made of, with their abbreviations.

The letters of tags are those of ANSI/ISA-5.1-2009, table 4.1: the first says what is measured, the others what is done
with it (I indicates, T transmits, C controls, E is the element). Units are UCUM codes.
"""

from __future__ import annotations

_QUANTITIES = {
    "temperature": "temp tmp temper t_oil temperatur",
    "pressure": "press pres prs druck p_abs",
    "differential_pressure": "dp pdiff deltap",
    "flow": "flw flowrate durchfluss q_m3",
    "level": "lvl niveau fuellstand",
    "speed": "spd rpm drehzahl velocity vel rev",
    "current": "curr cur amps amp amperage strom",
    "voltage": "volt volts spannung",
    "power": "pwr kw leistung",
    "vibration": "vib vibr rms accel acceleration",
    "frequency": "freq hz",
    "humidity": "hum rh moisture feuchte",
    "position": "pos stroke opening lage",
    "torque": "trq moment drehmoment",
    "weight": "mass wgt load",
    "density": "dens",
    "energy": "kwh mwh",
    "concentration": "conc ppm",
    "efficiency": "eff",
}
_QUALIFIERS = {
    "inlet": "in intake suction suct entering",
    "outlet": "out discharge disch delivery leaving exit",
    "supply": "sup vorlauf",
    "return": "ret ruecklauf",
    "drive_end": "de",
    "non_drive_end": "nde",
    "bearing": "brg brng lager",
    "winding": "wdg wind stator",
    "ambient": "amb outside",
    "setpoint": "sp setp target reference",
    "total": "tot totaliser totalizer cumulative",
    "count": "cnt counter number",
    "maximum": "max peak",
    "minimum": "min",
    "average": "avg mean",
}
MEANS = {
    word: meaning
    for meanings in (_QUANTITIES, _QUALIFIERS)
    for meaning, words in meanings.items()
    for word in (meaning, *words.split())
}
"""What an abbreviation, or a word for the same, stands for."""
QUANTITIES = frozenset(_QUANTITIES)
QUALIFIERS = frozenset(_QUALIFIERS)
OPPOSITES = (
    ("inlet", "outlet"), ("supply", "return"), ("drive_end", "non_drive_end"), ("maximum", "minimum"),
)  # fmt: skip

_FIRST_LETTERS = {
    "a": "concentration", "e": "voltage", "f": "flow", "i": "current", "j": "power", "l": "level", "m": "humidity",
    "p": "pressure", "pd": "differential_pressure", "dp": "differential_pressure", "s": "speed", "t": "temperature",
    "v": "vibration", "w": "weight", "z": "position",
}  # fmt: skip
TAGS = {
    first + then: meaning
    for first, meaning in _FIRST_LETTERS.items()
    for then in ("t", "e", "i", "it", "ic", "c", "ir", "y")
} | {"fq": "total", "fqi": "total", "fqt": "total", "fqit": "total"}
"""What the letters of a tag say is measured; they count beside a number, as in PT-101."""

_NOTHING = """value val pv act actual meas measured measurement raw sensor signal sig data tag ns s the of and process
present opc plc root objects"""
NOTHING = frozenset(_NOTHING.split())
"""Words that say nothing of what is measured."""

SUFFIXES = {
    "degc": "Cel", "°c": "Cel", "celsius": "Cel", "degf": "[degF]", "°f": "[degF]", "fahrenheit": "[degF]",
    "kelvin": "K", "degr": "[degR]", "bar": "bar", "mbar": "mbar", "kpa": "kPa", "mpa": "MPa", "hpa": "hPa",
    "psi": "[psi]", "psia": "[psi]", "rpm": "{rpm}", "hz": "Hz", "khz": "kHz", "kw": "kW", "mw": "MW", "kwh": "kW.h",
    "mwh": "MW.h", "kva": "kV.A", "kv": "kV", "mv": "mV", "ma": "mA", "nm": "N.m", "kn": "kN", "pct": "%",
    "percent": "%", "%": "%", "m3h": "m3/h", "m3/h": "m3/h", "m3ph": "m3/h", "m³/h": "m3/h", "lmin": "L/min",
    "l/min": "L/min", "lpm": "L/min", "l/s": "L/s", "lps": "L/s", "gpm": "[gal_us]/min", "kgh": "kg/h", "kg/h": "kg/h",
    "kg/s": "kg/s", "kgs": "kg/s", "mm": "mm", "cm": "cm", "um": "um", "µm": "um", "mms": "mm/s", "mm/s": "mm/s",
    "m/s": "m/s", "ms": "ms", "sec": "s", "hours": "h", "hrs": "h", "ppm": "[ppm]", "1/min": "{rpm}", "m/s2": "m/s2",
    "kg": "kg", "kohm": "kOhm", "ohm": "Ohm",
}  # fmt: skip
"""Units as keys end in them and as devices call them, in lower case."""
LETTERS = {
    ("c", "temperature"): "Cel", ("f", "temperature"): "[degF]", ("k", "temperature"): "K", ("a", "current"): "A",
    ("v", "voltage"): "V", ("w", "power"): "W", ("m", "level"): "m", ("m", "position"): "m", ("g", "vibration"): "[g]",
    ("n", "weight"): "N", ("t", "weight"): "t",
}  # fmt: skip
"""Units of one letter, which are believed at the end of a key that names their quantity."""
USUAL = {
    "pressure": ((60.0, "bar"), (5_000.0, "kPa"), (1e9, "Pa")),
    "differential_pressure": ((60.0, "bar"), (5_000.0, "kPa")),
    "temperature": ((200.0, "Cel"),), "flow": ((1e6, "m3/h"),), "level": ((100.0, "%"),), "speed": ((1e6, "{rpm}"),),
    "current": ((5_000.0, "A"),), "voltage": ((100_000.0, "V"),), "power": ((100_000.0, "kW"),),
    "vibration": ((200.0, "mm/s"),), "frequency": ((1_000.0, "Hz"),), "humidity": ((100.0, "%"),),
    "position": ((100.0, "%"),), "torque": ((1e6, "N.m"),), "energy": ((1e12, "kW.h"),), "efficiency": ((100.0, "%"),),
}  # fmt: skip
"""By quantity, the unit that values up to a bound are usually in."""
ALIKE = (
    ("Cel", "[degF]", "K"), ("bar", "kPa", "mbar", "[psi]", "MPa", "Pa"),
    ("m3/h", "L/min", "L/s", "[gal_us]/min", "m3/s"), ("kW", "W", "MW"), ("kW.h", "W.h", "MW.h"),
    ("mm", "m", "cm", "[in_i]", "[ft_i]"), ("mm/s", "m/s", "[in_i]/s"), ("A", "mA"), ("V", "mV", "kV"), ("%", "1"),
    ("kg/h", "kg/s", "t/h"), ("kg", "t", "[lb_av]"), ("s", "ms", "min", "h"),
)  # fmt: skip
"""Units that are taken for each other, in the order in which they are tried."""
