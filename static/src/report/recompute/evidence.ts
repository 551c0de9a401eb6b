/** What was seen of each asset, from its evidence as far as it came in time. */
import { gettext } from "../../common/gettext.ts";
import { RefusedError } from "../canonical.ts";
import { cellsOf, joined, overlap, type Span } from "./cells.ts";
import type { Zone } from "./clock.ts";
import { Exact, ONE, sum } from "./exact.ts";
import { byText, either, exact, list, member, object, objectOf, optional, text, textOf, texts, word } from "./forms.ts";
import type { Document, Given } from "./forms.ts";

/** Evidence that came too late, and claims that are none: asset, kind, start, end, content, received, reason. */
export type Unrated = [string, string, number, number, string, number | null, string];

/** What all clauses share. Evidence received after `asOf` or `closing` goes to `unrated`. */
export interface Case {
  terms: Document;
  zone: Zone;
  period: [number, number];
  asOf: number;
  closing: number;
  unrated: Map<string, Unrated>;
}

export type State = "up" | "down" | "unknown";

/** A state and when it was received, null for the one that is assumed where nothing was. */
export interface Said {
  state: State;
  received: number | null;
}

interface Reading {
  received: number;
  at: number;
  value: Exact;
  id: string;
}

/** A reading that rose, by how much, and whether the counter began anew. */
export interface Rise {
  id: string;
  at: number;
  value: Exact;
  by: Exact;
  isAnew: boolean;
}

/** What a counter rose by in the period, from which reading on, and each rise. */
export interface Volume {
  total: Exact;
  base: Reading | null;
  rises: Rise[];
}

/** What was seen of one asset. */
export interface Seen {
  present: Span<true>[];
  states: Span<Said>[];
  volume: Volume;
  measures: Map<string, Volume>;
  conditions: Map<string, Span<Said>[]>;
  rates: Span<Exact>[];
}

const GRAVITY: Record<State, number> = { up: 0, unknown: 1, down: 2 };
const HOUR_MS = 3_600_000;

/** A number of milliseconds in hours. */
export function inHours(milliseconds: number): Exact {
  return new Exact(milliseconds, HOUR_MS);
}

/** What a name stands for: what a counter rose by, or the hours in service in which a condition held. */
export function quantity(one: Seen, of: string | null): Exact {
  if (of === null) return one.volume.total;
  return one.measures.get(of)?.total ?? inHours(overlap(held(one, of), one.present));
}

/** When a condition held, also beyond the period. */
export function held(one: Seen, of: string | null): Span<true>[] {
  const states = one.conditions.get(of ?? "") ?? [];
  return states.filter(([, , says]) => says.state === "up").map(([start, end]): Span<true> => [start, end, true]);
}

/** Whether a piece of evidence (asset, kind, start, end, content) came in time. */
function isRated(case_: Case, told: [string, string, number, number, string], received: number | null): boolean {
  if (received === null || received <= Math.min(case_.asOf, case_.closing)) return true;
  const limit = received > case_.closing ? "the correction window" : "as_of";
  leftOut(case_, [...told, received, `received after ${limit}`]);
  return false;
}

function leftOut(case_: Case, told: Unrated): void {
  case_.unrated.set(JSON.stringify(told), told);
}

/** What was seen of an asset. */
export function look(case_: Case, asset: string, value: Given): Seen {
  const place = `evidence/${asset}`;
  const known = objectOf("evidence", value, place);
  const measures = Object.entries(object(either(known, "measures", {}), `${place}/measures`));
  const conditions = Object.entries(object(either(known, "conditions", {}), `${place}/conditions`));
  for (const [name] of measures)
    if (conditions.some(([other]) => other === name))
      throw new RefusedError(gettext("{place} has a measure and a condition of the name {name}", { place, name }));
  const first = optional(known, "initial");
  const initial = first === null ? "unknown" : word(first, `${place}/initial`, "up", "down", "unknown");
  return {
    present: inService(case_, optional(known, "in_service"), `${place}/in_service`),
    states: states(case_, asset, either(known, "states", []), { place: `${place}/states`, initial, name: "" }),
    volume: volume(case_, asset, either(known, "counters", []), `${place}/counters`),
    measures: new Map(measures.map(([name, rows]) => [name, volume(case_, asset, rows, `${place}/measures/${name}`)])),
    conditions: new Map(
      conditions.map(([name, rows]) => {
        const where = { place: `${place}/conditions/${name}`, initial: "unknown" as const, name };
        return [name, states(case_, asset, rows, where)];
      }),
    ),
    rates: rates(case_, asset, either(known, "rates", []), `${place}/rates`),
  };
}

/** The part of the period in which an asset was in service: one span or none. */
function inService(case_: Case, service: Given, place: string): Span<true>[] {
  const bounds = objectOf("span", service ?? {}, place);
  const [since, until] = [optional(bounds, "from"), optional(bounds, "to")];
  const start = since === null ? case_.period[0] : Math.max(case_.period[0], case_.zone.instant(since));
  const end = until === null ? case_.period[1] : Math.min(case_.period[1], case_.zone.instant(until));
  return start < end ? [[start, end, true]] : [];
}

/**
 * The states over the period, and as far beyond it as reports reach.
 *
 * Of several reports of a moment the one received last holds; of those, the one that starts later, then the one that
 * ends earlier, then the graver state.
 */
function states(
  case_: Case,
  asset: string,
  rows: Given,
  { place, initial, name }: { place: string; initial: State; name: string },
): Span<Said>[] {
  const reports: { received: number; start: number; end: number; state: State }[] = [];
  for (const [number, each] of list(rows).entries()) {
    const row = objectOf("state", each, `${place}/${number}`);
    const [start, end] = case_.zone.span(row, `${place}/${number}`);
    const state = word(member(row, "state"), `${place}/${number}/state`, "up", "unknown", "down");
    const received = case_.zone.instant(member(row, "received"));
    const content = `${name} ${state}`.trim();
    if (isRated(case_, [asset, "state", start, end, content], received) && start < end)
      reports.push({ received, start, end, state });
  }
  reports.sort(
    (one, other) =>
      one.received - other.received ||
      one.start - other.start ||
      other.end - one.end ||
      GRAVITY[one.state] - GRAVITY[other.state],
  );
  const layers = reports.map(({ start, end, state, received }): Span<Said> => [start, end, { state, received }]);
  const first = reports.reduce((least, { start }) => Math.min(least, start), case_.period[0]);
  const last = reports.reduce((most, { end }) => Math.max(most, end), case_.period[1]);
  const assumed: Said = { state: initial, received: null };
  return joined(cellsOf([first, last], layers)).map(([start, end, top]) => [start, end, top ?? assumed]);
}

/**
 * What a counter rose by. A rise belongs to the period of its later reading; a fall is a counter that began anew. Of
 * readings with the same id the one received last counts; those of one instant come as they were received.
 */
function volume(case_: Case, asset: string, rows: Given, place: string): Volume {
  const readings: Reading[] = [];
  for (const [number, each] of list(rows).entries()) {
    const row = objectOf("reading", each, `${place}/${number}`);
    const [at, value] = [case_.zone.instant(member(row, "at")), exact(member(row, "value"))];
    const [received, id] = [case_.zone.instant(member(row, "received")), textOf(row, "id")];
    if (isRated(case_, [asset, "counter", at, at, `${id} at ${value.toString()}`], received))
      readings.push({ received, at, value, id });
  }
  const byReceipt = (one: Reading, other: Reading): number =>
    one.received - other.received || one.at - other.at || one.value.compare(other.value);
  const byTime = (one: Reading, other: Reading): number =>
    one.at - other.at || byReceipt(one, other) || byText(one.id, other.id);
  readings.sort(byReceipt);
  const last = new Map(readings.map((one) => [one.id, one]));
  const line = [...last.values()].filter(({ at }) => at <= case_.period[1]).sort(byTime);
  const before = Math.max(0, line.filter(({ at }) => at <= case_.period[0]).length - 1);
  const base = line[before] ?? null;
  const rises: Rise[] = [];
  let was = base;
  for (const one of line.slice(before + 1)) {
    const isAnew = was !== null && one.value.compare(was.value) < 0;
    const by = isAnew || was === null ? one.value : one.value.minus(was.value);
    rises.push({ id: one.id, at: one.at, value: one.value, by, isAnew });
    was = one;
  }
  return { total: sum(rises.map(({ by }) => by)), base, rises };
}

interface Share {
  received: number;
  start: number;
  end: number;
  value: Exact;
}

/** The error shares in the period; of several of a moment the one received last holds. */
function rates(case_: Case, asset: string, rows: Given, place: string): Span<Exact>[] {
  const reports: Share[] = [];
  for (const [number, each] of list(rows).entries()) {
    const row = objectOf("rate of errors", each, `${place}/${number}`);
    const [start, end] = case_.zone.span(row, `${place}/${number}`);
    const known = optional(row, "received");
    const received = known === null ? null : case_.zone.instant(known);
    const value = exact(member(row, "value"));
    if (value.compare(ONE) > 0)
      throw new RefusedError(gettext("{place}/{number} is more than the whole", { place, number: String(number) }));
    if (isRated(case_, [asset, "rate", start, end, value.toString()], received) && start < end)
      reports.push({ received: received ?? -1, start, end, value });
  }
  reports.sort(
    (one, other) =>
      one.received - other.received || one.start - other.start || other.end - one.end || one.value.compare(other.value),
  );
  refuseContradiction(reports, place);
  const layers = reports.map((one): Span<Share> => [one.start, one.end, one]);
  return joined(cellsOf(case_.period, layers)).flatMap(([start, end, top]): Span<Exact>[] =>
    top ? [[start, end, top.value]] : [],
  );
}

function refuseContradiction(reports: Share[], place: string): void {
  let reached: Share | null = null;
  for (const one of reports) {
    const isTogether = reached !== null && reached.received === one.received;
    if (reached && isTogether && one.start < reached.end && reached.value.compare(one.value) !== 0)
      throw new RefusedError(
        gettext("{place} has two error shares of the same time, and nothing says which holds", { place }),
      );
    if (!reached || !isTogether || reached.end < one.end) reached = one;
  }
}

/** By asset and category what was excluded. */
export type Claims = Map<string, Span<true>[]>;

/** The name under which claims of an asset and a category are kept. */
export function claimsKey(asset: string, category: string): string {
  return JSON.stringify([asset, category]);
}

/** What was excluded, by asset and category: claims that the other side had approved, and nobody withdrawn. */
export function claimsOf(case_: Case, rows: Given): Claims {
  const found: Claims = new Map();
  for (const [number, each] of list(rows).entries()) {
    const place = `exclusions/${number}`;
    const claim = objectOf("exclusion", each, place);
    const [start, end] = case_.zone.span(claim, place);
    const [approved, withdrawn] = ["approved", "withdrawn"].map((name) => {
      const at = optional(claim, name);
      return at === null ? null : case_.zone.instant(at);
    }) as [number | null, number | null];
    const [assets, category] = [texts(member(claim, "assets")), text(member(claim, "category"))];
    const refused = refusal(case_, approved, withdrawn);
    if (refused) leftOut(case_, [assets.sort(byText).join(", "), "exclusion", start, end, category, ...refused]);
    else
      for (const asset of assets) {
        const key = claimsKey(asset, category);
        found.set(key, [...(found.get(key) ?? []), [start, end, true]]);
      }
  }
  return found;
}

function refusal(case_: Case, approved: number | null, withdrawn: number | null): [number | null, string] | null {
  if (withdrawn !== null && withdrawn <= case_.asOf) return [withdrawn, "withdrawn"];
  if (approved === null) return [null, "not approved"];
  return approved > case_.asOf ? [approved, "approved after as_of"] : null;
}
