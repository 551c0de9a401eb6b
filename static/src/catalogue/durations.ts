/** Durations as people write them, and as ISO 8601 does: `1 h 30 min` is `PT1H30M`. */

const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/;
const WRITTEN =
  /(\d+(?:[.,]\d+)?)\s*(weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|sec|s|ms)(?![a-z])/gi;
const SECONDS: [start: string, seconds: number][] = [
  ["ms", 0.001],
  ["mi", 60],
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];

/** How many seconds an ISO duration lasts; null for anything else. */
export function seconds(iso: string): number | null {
  const found = ISO.exec(iso);
  if (!found || iso === "P") return null;
  const [weeks, days, hours, minutes, rest] = found.slice(1).map((part) => Number((part as string | undefined) ?? 0));
  return (weeks ?? 0) * 604_800 + (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (rest ?? 0);
}

function iso(total: number): string {
  const thousandths = Math.round(total * 1000);
  const days = Math.floor(thousandths / 86_400_000);
  const hours = Math.floor((thousandths % 86_400_000) / 3_600_000);
  const minutes = Math.floor((thousandths % 3_600_000) / 60_000);
  const rest = (thousandths % 60_000) / 1000;
  const time = `${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${rest ? `${rest}S` : ""}`;
  return `P${days ? `${days}D` : ""}${time && `T${time}`}`;
}

/** The ISO duration that a text means, written in either way; null when it means none, or nothing at all. */
export function duration(text: string): string | null {
  const given = text.trim();
  const already = seconds(given.toUpperCase());
  if (already !== null) return already > 0 ? iso(already) : null;
  let [total, rest] = [0, given];
  for (const [whole, count = "", unit = ""] of given.matchAll(WRITTEN)) {
    const [, each = 0] = SECONDS.find(([start]) => unit.toLowerCase().startsWith(start)) ?? [];
    total += Number(count.replace(",", ".")) * each;
    rest = rest.replace(whole, "");
  }
  return /^[\s,]*$/.test(rest) && total >= 0.001 ? iso(total) : null;
}

/** An ISO duration as people write it; anything else as it stands. */
export function spoken(text: string): string {
  const total = seconds(text);
  if (total === null) return text;
  const thousandths = Math.round(total * 1000);
  const parts: [number, string][] = [
    [Math.floor(thousandths / 86_400_000), "d"],
    [Math.floor((thousandths % 86_400_000) / 3_600_000), "h"],
    [Math.floor((thousandths % 3_600_000) / 60_000), "min"],
    [(thousandths % 60_000) / 1000, "s"],
  ];
  return parts.flatMap(([count, unit]) => (count ? [`${count} ${unit}`] : [])).join(" ") || text;
}
