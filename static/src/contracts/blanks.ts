/** What a new part of a contract says before anybody has said anything. */
import type { Json, JsonObject } from "../catalogue/document.ts";
import type { KnownAsset } from "./model.ts";

/** What some assets all tell. */
export interface Names {
  /** Unit by name. */
  measures: Record<string, string>;
  conditions: string[];
}

/** The names that each of some assets tells. */
export function commonNames(assets: readonly KnownAsset[]): Names {
  const [first, ...others] = assets;
  if (!first) return { measures: {}, conditions: [] };
  return {
    measures: Object.fromEntries(
      Object.entries(first.measures).filter(([name]) => others.every((each) => name in each.measures)),
    ),
    conditions: first.conditions.filter((name) => others.every((each) => each.conditions.includes(name))),
  };
}

/** The unit that a name is counted in: its own, hours for a condition. */
export function unitOf(name: string, { measures, conditions }: Names): string | undefined {
  return measures[name] ?? (conditions.includes(name) ? "h" : undefined);
}

/** An indicator of a kind, of what the assets tell. */
export function blankIndicator(kind: string, names: Names): JsonObject {
  const told = [...Object.keys(names.measures), ...names.conditions];
  const [of = "", per = ""] = told;
  switch (kind) {
    case "throughput":
      return { kind, ...(of ? { of } : {}), unit: unitOf(of, names) ?? "h", target: "1", per: "h", hours: "committed" };
    case "ratio":
      return {
        kind,
        of,
        per,
        unit: `${unitOf(of, names) ?? ""}/${unitOf(per, names) ?? ""}`,
        target: "1",
        better: "lower",
      };
    case "response":
      return { kind, within: "PT8H" };
    case "mean_rate":
      return { kind, interval: "PT5M" };
    default:
      return { kind: "availability" };
  }
}

export function blankFee(kind: string, names: Names): JsonObject {
  const [of] = Object.keys(names.measures);
  if (kind !== "metered") return { kind, minor: 0, ...(kind === "per_asset" ? { prorate: "seconds" } : {}) };
  const named = of ? { of, unit: names.measures[of] ?? "h" } : { unit: "h" };
  return { kind, ...named, mode: "graduated", tiers: [{ to: null, price: "0" }] };
}

export function blankClause(id: string, assets: readonly KnownAsset[]): JsonObject {
  return {
    id,
    indicator: { kind: "availability" },
    assets: assets.map((asset) => asset.id),
    aggregate: "pooled",
    calendar: null,
    outages: { minimum: "PT0S", quantum: "PT0S" },
    gaps: { policy: "as_down" },
    minimum_coverage: "95",
    exclusions: [],
    remedies: [blankRemedy("tiers")],
  };
}

export function blankRemedy(kind: string): JsonObject {
  if (kind === "tiers") return { kind, tiers: [{ below: "99", credit: "5" }] };
  return { kind: "steps", below: "99", above: null, credit: "1", bonus: null, per: "1", step: "full", cap: "10" };
}

export function blankGaps(policy: string): Json {
  return policy === "carry_forward" ? { policy, carry: "PT15M", then: "down" } : { policy };
}

export function blankWindow(): Json {
  return { days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" };
}
