/**
 * What is known of the twin at this moment, for the canvas: the newest reading of each signal and the alarms that stand.
 * It is no part of the draft and has its own subscribers, so that a new value draws nothing but itself.
 */
import type { SignalType } from "../model/catalogue.ts";

/** When, what, and how good: 0 is good, the others are those of `twins.telemetry.schemas.Quality`. */
export type Reading = [at: string, value: number, quality: number];

export interface Alarm {
  id: string;
  asset: string;
  name: string;
  priority: string;
  state: string;
}

/** What the websocket of a twin sends. */
export interface Message {
  values?: Record<string, Record<string, Reading>>;
  alarms?: Alarm[];
  more?: number;
}

export type Status = "connected" | "warning" | "late" | "unknown";

/** In these states an alarm is on the operator's list. */
const STANDING = new Set(["unacknowledged", "acknowledged", "returned", "latched"]);
const URGENCY = ["critical", "high", "medium", "low"];
const SUBSTITUTED = 7;
/** How often those who watch are told at most, in milliseconds. */
export const PACE = 250;

/** What the store needs of the world around it. */
export interface Surroundings {
  after: (milliseconds: number, run: () => void) => () => void;
}

export class LiveValues {
  private readonly latest = new Map<string, Map<string, Reading>>();
  private readonly standing = new Map<string, Map<string, Alarm>>();
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly changed = new Set<string>();
  /** `ASSET/SIGNAL` of what was made by bindings that are not published yet. */
  private drafted = new Set<string>();
  private callOff: (() => void) | null = null;
  private readonly around: Surroundings;

  constructor(around: Surroundings) {
    this.around = around;
  }

  /** Takes what was sent; a reading that is older than the one that is known changes nothing. */
  take({ values = {}, alarms = [] }: Message): void {
    for (const [asset, signals] of Object.entries(values))
      for (const [signal, reading] of Object.entries(signals)) this.takeReading(asset, signal, reading);
    for (const alarm of alarms) this.takeAlarm(alarm);
    this.tellLater();
  }

  /** Takes what bindings make that are not published yet, in place of all that was taken so before. */
  takeDrafted(values: Message["values"] = {}): void {
    for (const place of this.drafted) {
      const [asset = "", signal = ""] = place.split("/");
      this.latest.get(asset)?.delete(signal);
      this.changed.add(asset);
    }
    this.take({ values });
    const places = Object.entries(values).flatMap(([asset, signals]) =>
      Object.keys(signals).map((signal) => `${asset}/${signal}`),
    );
    this.drafted = new Set(places);
  }

  /** Whether a signal has no reading by what is published. */
  isMissing(asset: string, signal: string): boolean {
    return this.drafted.has(`${asset}/${signal}`) || this.reading(asset, signal) === undefined;
  }

  /** The assets whose readings somebody looks at. */
  inSight(): ReadonlySet<string> {
    return new Set(this.watchers.keys());
  }

  /** Takes the alarms that stand in place of all that were known. */
  takeStanding(alarms: readonly Alarm[]): void {
    for (const asset of this.standing.keys()) this.changed.add(asset);
    this.standing.clear();
    for (const alarm of alarms) this.takeAlarm(alarm);
    this.tellLater();
  }

  private takeReading(asset: string, signal: string, reading: Reading): void {
    const known = this.latest.get(asset) ?? new Map<string, Reading>();
    const before = known.get(signal);
    const isDrafted = this.drafted.delete(`${asset}/${signal}`);
    if (before && !isDrafted && Date.parse(before[0]) > Date.parse(reading[0])) return;
    known.set(signal, reading);
    this.latest.set(asset, known);
    this.changed.add(asset);
  }

  private takeAlarm(alarm: Alarm): void {
    const known = this.standing.get(alarm.asset) ?? new Map<string, Alarm>();
    if (STANDING.has(alarm.state)) known.set(alarm.id, alarm);
    else known.delete(alarm.id);
    this.standing.set(alarm.asset, known);
    this.changed.add(alarm.asset);
  }

  /** Calls when something of an asset has changed, a few times a second at most. The answer ends it. */
  watch(asset: string, run: () => void): () => void {
    const watching = this.watchers.get(asset) ?? new Set();
    watching.add(run);
    this.watchers.set(asset, watching);
    return () => {
      watching.delete(run);
      if (watching.size === 0) this.watchers.delete(asset);
    };
  }

  /** Ages go on by themselves: all who watch are told. */
  tick(): void {
    for (const asset of this.watchers.keys()) this.changed.add(asset);
    this.tellLater();
  }

  private tellLater(): void {
    if (this.callOff || this.changed.size === 0) return;
    this.callOff = this.around.after(PACE, () => {
      this.callOff = null;
      const changed = [...this.changed];
      this.changed.clear();
      for (const asset of changed) for (const run of this.watchers.get(asset) ?? []) run();
    });
  }

  /** The signals of an asset that were ever read, derived ones among them. */
  keysOf(asset: string): string[] {
    return [...(this.latest.get(asset)?.keys() ?? [])];
  }

  reading(asset: string, signal: string): Reading | undefined {
    return this.latest.get(asset)?.get(signal);
  }

  /** The alarms of an asset that stand, the most urgent first. */
  alarmsOf(asset: string): Alarm[] {
    const rank = ({ priority }: Alarm): number => URGENCY.indexOf(priority);
    return [...(this.standing.get(asset)?.values() ?? [])].sort((one, other) => rank(one) - rank(other));
  }

  /** How an asset is doing, as far as its readings tell. */
  status(asset: string, signals: Readonly<Record<string, SignalType>>, now: number): Status {
    const known = Object.entries(signals).flatMap(([key, type]) => {
      const reading = this.reading(asset, key);
      return reading ? [{ type, reading }] : [];
    });
    if (known.length === 0) return "unknown";
    if (known.every(({ type, reading }) => isStale(type, reading, now))) return "late";
    return known.some(({ type, reading }) => isOdd(type, reading)) ? "warning" : "connected";
  }
}

/** What asks for attention first. */
const WORST: Status[] = ["warning", "late", "connected", "unknown"];

/** What several assets come to: the worst of how they are doing, and all their alarms, the most urgent first. */
export function summaryOf(
  live: LiveValues,
  assets: readonly (readonly [asset: string, signals: Readonly<Record<string, SignalType>>])[],
  now: number,
): { status: Status; alarms: Alarm[] } {
  const found = new Set(assets.map(([asset, signals]) => live.status(asset, signals, now)));
  const alarms = assets.flatMap(([asset]) => live.alarmsOf(asset));
  const rank = ({ priority }: Alarm): number => URGENCY.indexOf(priority);
  return {
    status: WORST.find((status) => found.has(status)) ?? "unknown",
    alarms: alarms.sort((one, other) => rank(one) - rank(other)),
  };
}

/** Whether a signal should have sent again long ago. */
export function isStale(type: SignalType, [at]: Reading, now: number): boolean {
  return type.patience != null && now - Date.parse(at) > type.patience * 1000;
}

/** Whether a value is outside what is credible for its signal, or in doubt; one that a person put there is not. */
export function isOdd({ range }: SignalType, [, value, quality]: Reading): boolean {
  if (quality !== 0 && quality !== SUBSTITUTED) return true;
  return range != null && (value < Number(range[0]) || value > Number(range[1]));
}

/** The signals that are shown of an asset: those that were chosen for its type, else the first two that are read for it. */
export function shownSignals(
  signals: readonly string[],
  chosen: readonly string[] | undefined,
  isRead: (signal: string) => boolean,
): string[] {
  const wanted = chosen?.filter((signal) => signals.includes(signal));
  if (wanted) return wanted.slice(0, MOST_SHOWN);
  return signals.filter(isRead).slice(0, MOST_SHOWN);
}

/** How many signals are shown on an asset at most. */
export const MOST_SHOWN = 2;
