/** What a person looks at, as the address has it: a link shows another the same. */
import type { Stretch } from "./data.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const LONGEST = 20 * 365 * DAY;
export const SHORTEST = 1000;
export const MOST_SIGNALS = 12;

export interface View {
  /** `ASSET/KEY` of each, in the order of their colours. */
  signals: string[];
  /** Either the newest so many milliseconds, or a stretch that stays. */
  span: number | null;
  stretch: Stretch;
  /** How many milliseconds before there is a second period to compare with; 0 for none. */
  past: number;
  isTable: boolean;
}

const PLACE = /^[0-9a-f-]{36}\/[a-z][a-z0-9_]*$/;

/** The view that an address asks for; what it leaves open is the last day of `usual` signals. */
export function viewOf(address: URLSearchParams, usual: string[], now: number): View {
  const signals = address.getAll("signal").filter((place) => PLACE.test(place));
  const [from, to] = [Date.parse(address.get("from") ?? ""), Date.parse(address.get("to") ?? "")];
  const stays = from < to;
  const span = Number(address.get("span")) * 1000 || DAY;
  return {
    signals: [...new Set(signals.length || address.has("none") ? signals : usual)].slice(0, MOST_SIGNALS),
    span: stays ? null : bounded(span),
    stretch: stays ? [from, to] : [now - bounded(span), now],
    past: Math.max(0, Number(address.get("past")) * 1000 || 0),
    isTable: address.get("view") === "table",
  };
}

/** The view as an address. */
export function addressOf(view: View): string {
  const words = new URLSearchParams();
  for (const signal of view.signals) words.append("signal", signal);
  if (!view.signals.length) words.set("none", "");
  if (view.span === null) {
    words.set("from", new Date(view.stretch[0]).toISOString());
    words.set("to", new Date(view.stretch[1]).toISOString());
  } else if (view.span !== DAY) words.set("span", String(view.span / 1000));
  if (view.past) words.set("past", String(view.past / 1000));
  if (view.isTable) words.set("view", "table");
  return `?${words.toString()}`;
}

function bounded(length: number): number {
  return Math.min(Math.max(length, SHORTEST), LONGEST);
}

/** The stretch moved by a share of its length. */
export function panned([from, to]: Stretch, share: number): Stretch {
  const step = Math.round((to - from) * share);
  return [from + step, to + step];
}

/** The stretch made `factor` times as long around its middle, within bounds. */
export function zoomed([from, to]: Stretch, factor: number): Stretch {
  const length = bounded((to - from) * factor);
  const middle = (from + to) / 2;
  return [Math.round(middle - length / 2), Math.round(middle + length / 2)];
}
