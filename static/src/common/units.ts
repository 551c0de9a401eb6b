/** UCUM codes as people write them beside a number. */

const SYMBOLS: Record<string, string> = {
  "1": "",
  Cel: "°C",
  "[degF]": "°F",
  "[degR]": "°R",
  deg: "°",
  Ohm: "Ω",
  u: "µ",
};
const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `[degR]` is °R, `{rpm}` rpm, `m3/h` m³/h, `[lbf_av]` lbf, `1` nothing. */
export function symbol(code: string): string {
  return (
    SYMBOLS[code] ??
    code
      .replace(/[{}]/g, "")
      .replace(/\[([a-zA-Z]+)[^\]]*\]/g, (whole, name: string) => SYMBOLS[whole] ?? name)
      .replace(/(?<=[A-Za-z])\d/g, (digit) => POWERS[Number(digit)] ?? digit)
      .replaceAll(".", "·")
  );
}
