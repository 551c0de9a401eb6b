/** What is known of a fleet at this moment: the latest reading of each signal of each asset, and a short past. */
import { gettext } from "../common/gettext.ts";

/** When, what, and how good: 0 is good, the others are those of `twins.telemetry.schemas.Quality`. */
export type Reading = [at: string, value: number, quality: number];
/** By asset, then by signal. */
export type Values = Record<string, Record<string, Reading>>;

export interface Signal {
  key: string;
  name: string;
  unit?: string | null;
  /** Smallest and largest credible value. */
  range?: [number | string, number | string] | null;
}

/** By signal: seconds after which a reading says nothing about now. Those that come when they come are not named. */
export type Patience = Record<string, number>;

export type Status = "connected" | "warning" | "late" | "unknown";

const SUBSTITUTED = 7;

/** How many points of the past are kept for a sparkline. */
export const PAST = 120;

export interface Past {
  /** Seconds. */
  times: number[];
  values: number[];
}

export class Fleet {
  private readonly latest = new Map<string, Map<string, Reading>>();
  private readonly past = new Map<string, Past>();
  private readonly ranges: Map<string, [number, number]>;
  private readonly patience: Map<string, Patience>;

  /** `patience`: by asset. */
  constructor(signals: Signal[], patience: Map<string, Patience>) {
    this.patience = patience;
    this.ranges = new Map(
      signals.flatMap(({ key, range }) => (range ? [[key, [Number(range[0]), Number(range[1])]]] : [])),
    );
  }

  /** Takes new readings; an older one than is known changes nothing. The answer: the assets that changed. */
  take(values: Values): Set<string> {
    const changed = new Set<string>();
    for (const [asset, signals] of Object.entries(values)) {
      for (const [key, reading] of Object.entries(signals)) if (this.takeOne(asset, key, reading)) changed.add(asset);
    }
    return changed;
  }

  private takeOne(asset: string, key: string, reading: Reading): boolean {
    const known = this.latest.get(asset) ?? new Map<string, Reading>();
    const before = known.get(key);
    if (before && Date.parse(before[0]) > Date.parse(reading[0])) return false;
    const isCorrection = before?.[0] === reading[0];
    known.set(key, reading);
    this.latest.set(asset, known);
    this.remember(`${asset}/${key}`, Date.parse(reading[0]) / 1000, reading[1], isCorrection);
    return true;
  }

  private remember(place: string, time: number, value: number, isCorrection: boolean): void {
    const past = this.past.get(place) ?? { times: [], values: [] };
    if (isCorrection) {
      past.values[past.values.length - 1] = value;
    } else {
      past.times.push(time);
      past.values.push(value);
      if (past.times.length > PAST) {
        past.times.shift();
        past.values.shift();
      }
    }
    this.past.set(place, past);
  }

  reading(asset: string, key: string): Reading | undefined {
    return this.latest.get(asset)?.get(key);
  }

  pastOf(asset: string, key: string): Past {
    return this.past.get(`${asset}/${key}`) ?? { times: [], values: [] };
  }

  /** When an asset last sent anything, in milliseconds; null when it never did. */
  lastSeen(asset: string): number | null {
    const readings = this.latest.get(asset);
    if (!readings?.size) return null;
    return Math.max(...[...readings.values()].map(([at]) => Date.parse(at)));
  }

  /** Whether a value is outside what is credible for its signal, or in doubt; one that a person put there is not. */
  isOdd(key: string, [, value, quality]: Reading): boolean {
    const [low, high] = this.ranges.get(key) ?? [-Infinity, Infinity];
    return (quality !== 0 && quality !== SUBSTITUTED) || value < low || value > high;
  }

  /** Whether a signal should have sent again long ago. */
  isStale(asset: string, key: string, [at]: Reading, now: number): boolean {
    return now - Date.parse(at) > 1000 * (this.patience.get(asset)?.[key] ?? Infinity);
  }

  /** Whether an asset should have sent anything at all: the most frequent of the signals that it has sent tells. */
  private isSilent(asset: string, seen: number, now: number): boolean {
    const patience = this.patience.get(asset) ?? {};
    const sent = [...(this.latest.get(asset)?.keys() ?? [])];
    return now - seen > 1000 * Math.min(...sent.map((key) => patience[key] ?? Infinity));
  }

  /** How an asset is doing, as far as its readings tell. */
  status(asset: string, now: number): Status {
    const seen = this.lastSeen(asset);
    if (seen === null) return "unknown";
    if (this.isSilent(asset, seen, now)) return "late";
    const readings = this.latest.get(asset) ?? new Map<string, Reading>();
    return [...readings].some(([key, reading]) => this.isOdd(key, reading)) ? "warning" : "connected";
  }
}

/** How many decimals a signal's values are shown with: enough to tell a thousandth of its range, at most six. */
export function decimalsOf({ range }: Signal): number | null {
  if (!range) return null;
  const span = Number(range[1]) - Number(range[0]);
  return span > 0 ? Math.min(6, Math.max(0, Math.ceil(3 - Math.log10(span)))) : 0;
}

/** A writer of a signal's values in the language of the page; without a range, to four significant digits. */
export function formatOf(signal: Signal, language: string): (value: number) => string {
  const decimals = decimalsOf(signal);
  if (decimals === null) {
    const rough = new Intl.NumberFormat(language, { maximumSignificantDigits: 4 });
    const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
    return (value) => (Math.abs(value) >= 10_000 ? whole : rough).format(value);
  }
  const exact = new Intl.NumberFormat(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return (value) => exact.format(value);
}

/** What a status is called, its icon and its tone. */
export function lookOf(status: Status): [word: string, icon: string, tone: string] {
  switch (status) {
    case "connected":
      return [gettext("In range"), "circle-check", "good"];
    case "warning":
      return [gettext("Out of range"), "alert-triangle", "warning"];
    case "late":
      return [gettext("Silent"), "clock", "bad"];
    case "unknown":
      return [gettext("No data"), "circle-dashed", "unknown"];
  }
}
