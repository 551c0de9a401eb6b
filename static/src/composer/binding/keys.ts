/** Keys that gateways send, as the API tells of them, and what it suggests. */
import { call } from "../../common/api.ts";
import type { Binding } from "../model/document.ts";

export interface Sent {
  at: string;
  value: number | null;
}

/** A key that a gateway has sent; where a published twin reads it, its value is in the unit of the signal. */
export interface SentKey {
  gateway: string;
  gateway_name: string;
  key: string;
  at: string | null;
  value: number | null;
  unit: string | null;
  seen: number | null;
  low: number | null;
  high: number | null;
  recent: Sent[];
  guess: { unit: string; by: "device" | "name" | "quantity" } | null;
  twin: string | null;
  asset: string | null;
  signal: string | null;
}

export interface KeyPage {
  results: SentKey[];
  next: string | null;
}

/** A gateway and one of its keys. */
export interface Source {
  gateway: string;
  key: string;
}

/** A key for a signal. */
export interface Candidate extends Source {
  score: number;
  unit: string | null;
  in_range: boolean | null;
}

export interface Suggestion {
  /** `ASSET/SIGNAL` */
  place: string;
  candidates: Candidate[];
  taken: Candidate | null;
  good: boolean;
}

export type PatternState =
  "fits" | "alike" | "unsent" | "bound" | "taken" | "ambiguous" | "twice" | "no_number" | "too_long";

export interface PatternRow {
  place: string;
  key: string;
  state: PatternState;
  unit: string | null;
}

/** What is wrong with a binding, at a place below `binding`. */
export interface Wrong {
  code: string;
  place: string;
  message: string;
  fix: string;
}

export interface Sample {
  sent: Sent[];
  made: (number | null)[] | null;
  findings: Wrong[];
}

/** The fields of a binding that make the value of what was sent. */
export type Transform = Pick<Binding, "scale" | "offset" | "unit" | "expression">;

const MOST_SUGGESTED = 300;
const MOST_ASSETS = 2000;

/** The calls of the API that the binding panel makes. */
export class Keys {
  private readonly base: string;
  private readonly twin: string;

  constructor(api: string, twin: string) {
    this.base = `${api.replace(/\/$/, "")}/gateway-keys/`;
    this.twin = twin;
  }

  /** A page of keys that nothing reads, also not this draft. */
  page(wanted: { gateway: string; words: string }): Promise<KeyPage> {
    const asked = new URLSearchParams({ twin: this.twin, limit: "30" });
    if (wanted.gateway) asked.set("gateway", wanted.gateway);
    if (wanted.words) asked.set("q", wanted.words);
    return call(`${this.base}?${asked.toString()}`);
  }

  /** What some keys are like now. */
  async known(keys: Source[]): Promise<SentKey[]> {
    if (keys.length === 0) return [];
    return (await call<{ keys: SentKey[] }>(`${this.base}known/`, { keys: keys.slice(0, 500) })).keys;
  }

  /** Suggestions for the signals of the first assets that nothing is read for; with a key, what that would be for. */
  async suggestions(assets: string[], only: Source | null = null): Promise<Suggestion[]> {
    const asked = { twin: this.twin, assets: assets.slice(0, MOST_SUGGESTED), only };
    return (await call<{ suggestions: Suggestion[] }>(`${this.base}suggestions/`, asked)).suggestions;
  }

  /** What a pattern makes of the signals of assets. */
  async pattern(assets: string[], gateway: string, pattern: string): Promise<PatternRow[]> {
    const rows: PatternRow[] = [];
    for (let first = 0; first < assets.length; first += MOST_ASSETS) {
      const asked = { twin: this.twin, assets: assets.slice(first, first + MOST_ASSETS), gateway, pattern };
      rows.push(...(await call<{ rows: PatternRow[] }>(`${this.base}pattern/`, asked)).rows);
    }
    return rows;
  }

  /** What a transform makes of the newest readings of a key. */
  sample(source: Source, type: string, signal: string, transform: Transform): Promise<Sample> {
    return call(`${this.base}sample/`, { gateway: source.gateway, key: source.key, type, signal, ...transform });
  }
}
