/**
 * The outcome of a rate document computed again, with all figures that a run has of it; only the text of its trace is
 * left out. The rules are those of the contract, written a second time after `verifier.py`; outcomes.md tells them.
 */
import { gettext } from "../../common/gettext.ts";
import { RefusedError, UnknownError, type Json } from "../canonical.ts";
import { clauseOf, type Rated } from "./clauses.ts";
import { utc, Zone } from "./clock.ts";
import { claimsOf, look, type Case, type Seen, type Volume } from "./evidence.ts";
import { Exact } from "./exact.ts";
import { capped, feeOf, type Caps, type Fee } from "./fee.ts";
import { byText, DIGITS, either, lengthOf, list, member, object, objectOf, text, word } from "./forms.ts";
import type { Document } from "./forms.ts";
import { committedOf, ratioOf, unknownOf, type Ledger } from "./ledger.ts";

export const ENGINE = "outturn-outcomes-1";

/** Hears how much is done of what there is to do. */
export type Tell = (done: number, of: number) => void;

type Value = null | boolean | number | string | bigint | Exact | Value[] | { [name: string]: Value };

/** Compute an outcome again; an asset, a clause and the caps are a step each. */
export function recomputed(document: Document, tell: Tell = () => undefined): Document {
  objectOf("rate", document, "rate document");
  const case_ = caseOf(document);
  const evidence = object(member(document, "evidence"), "evidence");
  const assets = Object.keys(evidence).sort(byText);
  const clauses = list(member(case_.terms, "clauses"));
  const steps = assets.length + clauses.length;
  const seen = new Map(
    assets.map((asset, at): [string, Seen] => {
      tell(at, steps);
      return [asset, look(case_, asset, evidence[asset])];
    }),
  );
  const claims = claimsOf(case_, either(document, "exclusions", []));
  const fee = feeOf(case_, seen);
  const rated = clauses.map((clause, at) => {
    tell(assets.length + at, steps);
    return clauseOf({ case_, evidence, seen, claims, fee }, clause);
  });
  const caps = capped(case_, fee.minor, rated.map(({ creditMinor }) => creditMinor)); // prettier-ignore
  tell(steps, steps);
  return plain(written(case_, { seen, fee, rated, caps })) as Document;
}

/** What all clauses share. */
function caseOf(document: Document): Case {
  const terms = objectOf("contract", member(document, "contract"), "contract");
  word(member(terms, "currency"), "contract/currency", ...DIGITS.keys());
  const zone = new Zone(text(member(terms, "time_zone")));
  const sides = object(member(document, "period"), "period");
  const [start, end] = [zone.instant(member(sides, "start")), zone.instant(member(sides, "end"))];
  const asOf = zone.instant(member(document, "as_of"));
  if (start >= end) throw new RefusedError(gettext("the period ends before it starts"));
  const closing = end + lengthOf(member(terms, "correction_window"));
  return { terms, zone, period: [start, end], asOf, closing, unrated: new Map() };
}

interface Done {
  seen: Map<string, Seen>;
  fee: Fee;
  rated: Rated[];
  caps: Caps;
}

function written(case_: Case, { seen, fee, rated, caps }: Done): Value {
  const granted = rated.map((_, at) => caps.shares[at] ?? 0n);
  const amounts = rated.map((one, at) => (one.isSettled ? one.bonusMinor - (granted[at] ?? 0n) : null));
  return {
    engine: ENGINE,
    currency: case_.terms.currency as string,
    period: { start: utc(case_.period[0]), end: utc(case_.period[1]) },
    as_of: utc(case_.asOf),
    fee_minor: fee.minor,
    total_minor: amounts.reduce((total: bigint, one) => total + (one ?? 0n), fee.minor),
    clauses: rated.map((one, at) => clauseShown(case_, one, amounts[at] ?? null)),
    workings: {
      unrated: unratedOf(case_),
      assets: [...seen].map(([asset, one]) => seenShown(asset, one)),
      fee: { ...fee, parts: fee.parts.map((part) => ({ ...part })), volumes: Object.fromEntries(fee.volumes) },
      clauses: rated.map((one, at) => workingOf(one, granted[at] ?? 0n)),
      caps: {
        asked: caps.asked,
        period_limit: caps.periodLimit,
        year_limit: caps.yearLimit,
        granted: caps.granted,
        shares: caps.shares,
        forfeited: caps.forfeited,
      },
    },
  };
}

function clauseShown(case_: Case, one: Rated, amount: bigint | null): Value {
  return {
    id: one.id,
    status: one.isSettled ? "settled" : "indeterminate",
    ratio: one.ratio,
    percent: percentOf(one.ratio),
    period_s: (case_.period[1] - case_.period[0]) / 1000,
    excluded_s: one.totals.excluded / 1000,
    committed_s: committedOf(one.totals) / 1000,
    down_s: one.totals.down / 1000,
    unknown_s: unknownOf(one.totals) / 1000,
    coverage_percent: percentOf(one.coverage),
    amount_minor: amount,
  };
}

function workingOf(one: Rated, granted: bigint): Value {
  return {
    id: one.id,
    totals: { ...one.totals },
    assets: [...one.ledgers].map(([asset, ledger]) => ledgerShown(asset, ledger)),
    judgements: one.judgements.map((each) => ({ ...each }) as unknown as Value),
    credit_minor: one.creditMinor,
    bonus_minor: one.bonusMinor,
    granted_minor: granted,
  };
}

function unratedOf(case_: Case): Value {
  const all = [...case_.unrated.values()].sort(
    (one, other) =>
      byText(one[0], other[0]) ||
      byText(one[1], other[1]) ||
      one[2] - other[2] ||
      one[3] - other[3] ||
      byText(one[4], other[4]) ||
      (one[5] ?? -1) - (other[5] ?? -1),
  );
  return all.map(([asset, kind, start, end, content, known, reason]) => ({
    asset,
    kind,
    start,
    end,
    content,
    known,
    reason,
  }));
}

/** What was seen of an asset, as a run writes it. */
function seenShown(asset: string, one: Seen): Value {
  const states = (some: Seen["states"]): Value =>
    some.map(([start, end, says]) => [start, end, says.state, says.received]);
  return {
    asset,
    present: one.present.map(([start, end]) => [start, end]),
    states: states(one.states),
    volume: volumeShown(one.volume),
    ...(one.measures.size
      ? { measures: Object.fromEntries([...one.measures].map(([name, volume]) => [name, volumeShown(volume)])) }
      : {}),
    ...(one.conditions.size
      ? { conditions: Object.fromEntries([...one.conditions].map(([name, some]) => [name, states(some)])) }
      : {}),
  };
}

function volumeShown({ total, base, rises }: Volume): Value {
  const increases = rises.map(({ id, at, value, by, isAnew }) => [id, at, value, by, isAnew]);
  return { total, base: base && { ...base }, increases };
}

function ledgerShown(asset: string, one: Ledger): Value {
  return {
    asset,
    totals: { ...one.totals },
    segments: one.parts.map(([start, end, says]) => [start, end, says.category, says.detail]),
    outages: one.counting.outages,
    gaps: one.counting.gaps,
    exclusions: one.exclusions.map(({ category, allowance, claimed, used }) => ({
      category,
      allowance,
      claimed,
      used,
    })),
    numerator: one.top,
    denominator: one.bottom,
    hours: one.hours,
    rates: one.rates.map(({ start, end, value, counted }) => [start, end, value, counted]),
    ratio: ratioOf(one),
    ...(one.incidents === null ? {} : { incidents: one.incidents }),
  };
}

/** A ratio in percent with six digits, the rest cut off. */
function percentOf(ratio: Exact | null): string | null {
  if (ratio === null) return null;
  const millionths = ratio.times(100_000_000).floor();
  return `${String(millionths / 1_000_000n)}.${String(millionths % 1_000_000n).padStart(6, "0")}`;
}

/** JSON, in which a fraction is a text. */
function plain(value: Value): Json {
  if (value instanceof Exact) return value.toString();
  if (typeof value === "bigint") {
    if (!Number.isSafeInteger(Number(value)))
      throw new UnknownError(gettext("the amount {value} is out of range", { value: String(value) }));
    return Number(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
