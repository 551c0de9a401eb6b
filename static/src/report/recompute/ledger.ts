/** Where every millisecond of the period goes for one asset under one clause, and what the indicator measured. */
import { gettext } from "../../common/gettext.ts";
import { cutsOf, fromAbove, joined, type Span } from "./cells.ts";
import { as, countingOf, incidentsOf, type Counted, type Counting, type Incident } from "./counting.ts";
import { held, inHours, quantity, type Case, type Seen } from "./evidence.ts";
import { Exact, sum, ZERO } from "./exact.ts";
import { either, exact, lengthOf, list, member, object, objectOf, optional, text, textOf, word } from "./forms.ts";
import { unlike, type Document, type Given } from "./forms.ts";

/** All that time can be; what counts begins with the fourth, what is not known with the sixth. */
export const CATEGORIES = [
  "out_of_service",
  "off_calendar",
  "excluded",
  "up",
  "down",
  "unknown_up",
  "unknown_down",
  "unknown_out",
] as const;
export type Totals = Record<(typeof CATEGORIES)[number], number>;

/** A category that a clause excludes: how much of it may be, is claimed and is left in the period. */
interface Use {
  category: string;
  allowance: number | null;
  claimed: number;
  left: number | null;
  used: [number, number][];
}

/** An error share and how much of it counted. */
interface CountedShare {
  start: number;
  end: number;
  value: Exact;
  counted: number;
}

/** Top over bottom is the ratio; with 0 below there is nothing to measure against. */
interface Measured {
  top: Exact;
  bottom: Exact;
  hours: Exact | null;
  rates: CountedShare[];
}

export interface Ledger extends Measured {
  totals: Totals;
  parts: Span<Counted>[];
  counting: Counting;
  exclusions: Use[];
  incidents: Incident[] | null;
}

/** Top over bottom, null where there is nothing to measure against. */
export function ratioOf(one: Ledger): Exact | null {
  return one.bottom.isZero ? null : one.top.over(one.bottom);
}

/** The time that counts: service time that no exclusion took. */
export function committedOf(totals: Totals): number {
  return CATEGORIES.slice(3).reduce((length, name) => length + totals[name], 0);
}

/** Time of which it is not known what the asset did. */
export function unknownOf(totals: Totals): number {
  return CATEGORIES.slice(5).reduce((length, name) => length + totals[name], 0);
}

/** The totals of no time. */
export function noTime(): Totals {
  return Object.fromEntries(CATEGORIES.map((name) => [name, 0])) as Totals;
}

/** What a ledger is kept by: when the service is owed, the asset, and by category what was excluded. */
export interface Basis {
  owed: Span<true>[];
  one: Seen;
  claims: Span<true>[][];
}

/** Where every millisecond goes: service, calendar, exclusions by priority, then states and gaps. */
export function keep(case_: Case, clause: Document, { owed, one, claims }: Basis): Ledger {
  const indicator = object(member(clause, "indicator"), "indicator");
  const of = indicator.kind === "availability" ? optional(indicator, "of") : null;
  const states = of === null ? one.states : one.conditions.get(text(of));
  if (!states) throw unlike(gettext("no condition {name}", { name: text(of) }));
  const counting = countingOf(case_, clause, states);
  const shares =
    indicator.kind === "mean_rate"
      ? one.rates.map(([start, end, value]): CountedShare => ({ start, end, value, counted: 0 }))
      : [];
  const uses = list(either(clause, "exclusions", [])).map(useOf);
  const parts = partsOf(case_, { owed, one, claims, counting, shares, uses });
  const totals = totalsOf(parts);
  for (const use of uses)
    use.used = parts
      .filter(([, , says]) => says.category === "excluded" && says.detail === use.category)
      .map(([start, end]) => [start, end]);
  let incidents: Incident[] | null = null;
  if (indicator.kind === "response") {
    const committed = parts.filter(([, , says]) => ["up", "down", "unknown"].includes(says.category));
    const answered = held(one, namedOf(indicator));
    incidents = incidentsOf(case_, clause, { treated: counting.treated, committed, held: answered });
  }
  return {
    ...measured(indicator, totals, { one, shares, incidents }),
    totals,
    parts,
    counting,
    exclusions: uses,
    incidents,
  };
}

/** What an indicator is of, where it names that. */
export function namedOf(indicator: Document): string | null {
  const of = optional(indicator, "of");
  return of === null ? null : text(of);
}

interface Layered extends Basis {
  counting: Counting;
  shares: CountedShare[];
  uses: Use[];
}

/** The period in parts, each of them of one category; exclusions and error shares are told how much that is. */
function partsOf(case_: Case, { owed, one, claims, counting, shares, uses }: Layered): Span<Counted>[] {
  const numbered = shares.map((share): Span<CountedShare> => [share.start, share.end, share]);
  const cuts = cutsOf(case_.period, one.present, owed, counting.counts, numbered, ...claims);
  const [present, isOwed] = [fromAbove(cuts, one.present), fromAbove(cuts, owed)];
  const [counts, rates] = [fromAbove(cuts, counting.counts), fromAbove(cuts, numbered)];
  const claimed = claims.map((some) => fromAbove(cuts, some));
  const parts = present.flatMap((there, at): Span<Counted>[] => {
    const [start = 0, end = 0] = cuts.slice(at, at + 2);
    if (!there || !isOwed[at]) return [[start, end, as(there ? "off_calendar" : "out_of_service")]];
    const isClaimed = claimed.map((some) => some[at] === true);
    const taken = excluded(uses, isClaimed, start, end);
    const since = taken.at(-1)?.[1] ?? start;
    const share = rates[at];
    if (share) share.counted += end - since;
    return [...taken, [since, end, counts[at] ?? as("unknown", "unknown")]];
  });
  const isSame = (some: Counted, other: Counted): boolean =>
    some.category === other.category && some.detail === other.detail && some.number === other.number;
  return joined(parts, isSame);
}

function useOf(rule: Given): Use {
  const found = objectOf("rule", rule, "exclusions");
  const allowance = optional(found, "allowance");
  const length = allowance === null ? null : lengthOf(allowance);
  return { category: textOf(found, "category"), allowance: length, claimed: 0, left: length, used: [] };
}

/** What is excluded of a cell, from its start on; what a spent allowance leaves may fall to a later category. */
function excluded(uses: Use[], claimed: boolean[], start: number, end: number): Span<Counted>[] {
  const taken: Span<Counted>[] = [];
  let since = start;
  for (const [at, use] of uses.entries()) {
    if (!claimed[at]) continue;
    const until = use.left === null ? end : Math.min(end, since + use.left);
    use.claimed += end - since;
    use.left = use.left === null ? null : use.left - (until - since);
    taken.push([since, until, as("excluded", use.category)]);
    since = until;
  }
  return taken;
}

function totalsOf(parts: Span<Counted>[]): Totals {
  const totals = noTime();
  for (const [start, end, { category, detail }] of parts) {
    const name = category === "unknown" ? `unknown_${detail === "unknown" ? "out" : detail}` : category;
    totals[name as keyof Totals] += end - start;
  }
  return totals;
}

interface Counts {
  one: Seen;
  shares: CountedShare[];
  incidents: Incident[] | null;
}

/** What the indicator makes of the time and the evidence of one asset. */
function measured(indicator: Document, totals: Totals, { one, shares, incidents }: Counts): Measured {
  const committed = committedOf(totals);
  const plain = { hours: null, rates: [] };
  switch (indicator.kind) {
    case "availability": {
      const up = totals.up + totals.unknown_up;
      return { top: new Exact(up), bottom: new Exact(up + totals.down + totals.unknown_down), ...plain };
    }
    case "throughput": {
      word(member(indicator, "per"), "indicator/per", "h");
      const stated = member(indicator, "hours");
      const hours = stated === "committed" || !committed ? inHours(committed) : exact(stated);
      const top = quantity(one, namedOf(indicator));
      return { top, bottom: hours.times(exact(member(indicator, "target"))), hours, rates: [] };
    }
    case "ratio":
      return { ...quotient(indicator, one, committed), ...plain };
    case "response": {
      const [met, missed] = ["met", "missed"].map((word) => (incidents ?? []).filter((one) => one[3] === word).length);
      return { top: new Exact(met ?? 0), bottom: new Exact((met ?? 0) + (missed ?? 0)), ...plain };
    }
    default: {
      const inError = sum(shares.map(({ value, counted }) => value.times(counted)));
      return { top: new Exact(committed).minus(inError), bottom: new Exact(committed), hours: null, rates: shares };
    }
  }
}

/** One quantity against another, as it should be in proportion to it. */
function quotient(indicator: Document, one: Seen, committed: number): { top: Exact; bottom: Exact } {
  let found = quantity(one, textOf(indicator, "of"));
  let aimed = exact(member(indicator, "target")).times(quantity(one, textOf(indicator, "per")));
  if (!committed) found = aimed = ZERO;
  const better = word(member(indicator, "better"), "indicator/better", "higher", "lower");
  return better === "higher" ? { top: found, bottom: aimed } : { top: aimed, bottom: found };
}
