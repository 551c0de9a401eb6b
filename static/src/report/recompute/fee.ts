/** Fee and caps: exact amounts in minor units, each rounded once. */
import { gettext } from "../../common/gettext.ts";
import { RefusedError } from "../canonical.ts";
import { quantity, type Case, type Seen } from "./evidence.ts";
import { Exact, ONE, sign, sum, ZERO } from "./exact.ts";
import { DIGITS, either, exact, kindOf, list, member, minor, objectOf, optional, textOf, word } from "./forms.ts";
import type { Document } from "./forms.ts";
import { namedOf } from "./ledger.ts";

interface Part {
  name: string;
  quantity: Exact;
  price: Exact;
}

/** A fee: what it is made of, its exact amount, of which credits and bonuses are percentages, and that in whole units. */
export interface Fee {
  kind: string;
  parts: Part[];
  exact: Exact;
  minor: bigint;
  volumes: Map<string, Exact>;
}

/** What the caps leave of the credits asked for. */
export interface Caps {
  asked: bigint;
  periodLimit: bigint | null;
  yearLimit: bigint | null;
  granted: bigint;
  shares: bigint[];
  forfeited: bigint;
}

/** How the contract rounds. */
export function modeOf(case_: Case): string {
  return word(either(case_.terms, "rounding", "half_even"), "rounding", "down", "up", "half_up", "half_even");
}

/** Whole minor units of an amount that is not negative. */
export function rounded(amount: Exact, mode: string): bigint {
  const whole = amount.floor();
  const rest = amount.minus(new Exact(whole));
  const half = sign(2n * rest.top - rest.bottom);
  const away: Record<string, boolean> = {
    down: false,
    up: !rest.isZero,
    half_up: half >= 0,
    half_even: half > 0 || (half === 0 && whole % 2n === 1n),
  };
  return whole + (away[mode] ? 1n : 0n);
}

function priced(parts: Part[]): Exact {
  return sum(parts.map((part) => part.quantity.times(part.price)));
}

/** The length of the time in which an asset was in service. */
export function presence(one: Seen): number {
  return one.present.reduce((length, [start, end]) => length + end - start, 0);
}

/** The fee of the period. */
export function feeOf(case_: Case, seen: Map<string, Seen>): Fee {
  const fee = kindOf("fee", member(case_.terms, "fee"), "contract/fee");
  const mode = modeOf(case_);
  if (fee.kind === "flat") {
    const flat = minor(member(fee, "minor"));
    return { kind: "flat", parts: [], exact: new Exact(flat), minor: flat, volumes: new Map() };
  }
  const { parts, volumes } = fee.kind === "per_asset" ? perAsset(case_, fee, seen) : metered(case_, fee, seen);
  const amount = priced(parts);
  return { kind: textOf(fee, "kind"), parts, exact: amount, minor: rounded(amount, mode), volumes };
}

type Priced = Pick<Fee, "parts" | "volumes">;

function perAsset(case_: Case, fee: Document, seen: Map<string, Seen>): Priced {
  const price = new Exact(minor(member(fee, "minor")));
  const prorate = optional(fee, "prorate");
  if (prorate !== null) word(prorate, "contract/fee/prorate", "seconds");
  const parts = [...seen].map(([name, one]) => {
    const share = new Exact(presence(one), case_.period[1] - case_.period[0]);
    return { name, quantity: prorate !== null ? share : share.isZero ? ZERO : ONE, price };
  });
  return { parts, volumes: new Map() };
}

function metered(case_: Case, fee: Document, seen: Map<string, Seen>): Priced {
  const of = namedOf(fee);
  const all = [...seen.values()];
  refuseUnnamed(of, (has) => all.some(has), "contract/fee/of");
  const volumes = new Map([...seen].map(([asset, one]) => [asset, quantity(one, of)]));
  const units = 10n ** BigInt(DIGITS.get(textOf(case_.terms, "currency")) ?? 0);
  const parts = priceParts(fee, sum([...volumes.values()]), units);
  const lowest = optional(fee, "minimum_minor");
  const taken = priced(parts);
  if (lowest !== null) {
    const lacking = new Exact(minor(lowest)).minus(taken);
    if (lacking.compare(ZERO) > 0) parts.push({ name: "up to the minimum", quantity: ONE, price: lacking });
  }
  return { parts, volumes };
}

/** Refuse a name that stands for nothing in the evidence of those who should have it. */
export function refuseUnnamed(of: string | null, which: (has: (one: Seen) => boolean) => boolean, place: string): void {
  if (of !== null && !which((one) => one.measures.has(of) || one.conditions.has(of)))
    throw new RefusedError(gettext("{place} names nothing that the evidence has", { place }));
}

/** A volume at the prices of its tiers, each with its end in it, or all of it at that of the last it reaches. */
function priceParts(fee: Document, volume: Exact, units: bigint): Part[] {
  const tiers = list(member(fee, "tiers")).map((tier) => {
    const { to, price } = objectOf("price tier", tier, "contract/fee/tiers");
    return { end: to === null ? null : exact(to), price: exact(price).times(units) };
  });
  const bounds = [ZERO, ...tiers.flatMap(({ end }) => (end ? [end] : []))];
  const isRising = bounds.every((bound, at) => at === 0 || bound.compare(bounds[at - 1] ?? ZERO) > 0);
  if (bounds.length !== tiers.length || tiers.at(-1)?.end !== null || !isRising)
    throw new RefusedError(gettext("the price tiers of the contract overlap, or leave something without a price"));
  const reached = bounds.slice(1).filter((bound) => bound.compare(volume) < 0).length;
  const parts = tiers.slice(0, reached + 1).map(({ end, price }, at): Part => {
    const low = bounds[at] ?? ZERO;
    const name = end ? `${low.toString()} to ${end.toString()}` : `above ${low.toString()}`;
    const until = end && end.compare(volume) < 0 ? end : volume;
    return { name, quantity: until.minus(low), price };
  });
  const mode = word(member(fee, "mode"), "contract/fee/mode", "graduated", "volume");
  if (mode === "graduated") return parts;
  return parts.slice(-1).map((part) => ({ ...part, quantity: volume }));
}

/** What each asset of a clause has of the fee: its own, by its volume, or by its time in service. */
export function sharesOf(fee: Fee, assets: string[], seen: Map<string, Seen>): Map<string, Exact> {
  if (fee.kind === "per_asset") {
    const own = new Map(fee.parts.map((part) => [part.name, part.quantity.times(part.price)]));
    return new Map(assets.map((asset) => [asset, own.get(asset) ?? ZERO]));
  }
  let weights = fee.volumes;
  if ([...weights.values()].every((one) => one.isZero)) {
    // A flat fee, or a minimum that is paid for no volume.
    const sharing = fee.kind === "flat" ? assets : [...seen.keys()];
    weights = new Map(
      sharing.map((asset) => {
        const one = seen.get(asset);
        return [asset, new Exact(one ? presence(one) : 0)];
      }),
    );
  }
  const pool = sum([...weights.values()]);
  return new Map(
    assets.map((asset) => {
      const weight = weights.get(asset) ?? ZERO;
      return [asset, pool.isZero ? ZERO : fee.exact.times(weight).over(pool)];
    }),
  );
}

/** What the caps leave of the credits, shared by largest remainder, the earlier clause first. */
export function capped(case_: Case, feeMinor: bigint, credits: bigint[]): Caps {
  const caps = objectOf("caps", either(case_.terms, "caps", {}), "contract/caps");
  const [percent, year] = [optional(caps, "period_percent"), optional(caps, "year_remaining_minor")];
  const periodLimit = percent === null ? null : exact(percent).times(feeMinor).over(new Exact(100)).floor();
  const yearLimit = year === null ? null : minor(year);
  const asked = credits.reduce((some, one) => some + one, 0n);
  let granted = asked;
  for (const limit of [periodLimit, yearLimit]) if (limit !== null && limit < granted) granted = limit;
  const parts = credits.map((one) => new Exact(granted * one, asked || 1n));
  const shares = parts.map((part) => part.floor());
  const rests = parts.map((part, at) => ({ at, rest: part.minus(new Exact(shares[at] ?? 0n)) }));
  rests.sort((one, other) => other.rest.compare(one.rest) || one.at - other.at);
  const left = Number(granted - shares.reduce((some, one) => some + one, 0n));
  for (const { at } of rests.slice(0, left)) shares[at] = (shares[at] ?? 0n) + 1n;
  return { asked, periodLimit, yearLimit, granted, shares, forfeited: asked - granted };
}
