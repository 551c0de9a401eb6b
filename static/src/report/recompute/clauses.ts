/** One clause: its indicator over all its assets, what is covered, and what its remedies come to. */
import { gettext } from "../../common/gettext.ts";
import { RefusedError } from "../canonical.ts";
import { owedTime } from "./counting.ts";
import { claimsKey, type Case, type Claims, type Seen } from "./evidence.ts";
import { Exact, ONE, sum } from "./exact.ts";
import { modeOf, refuseUnnamed, rounded, sharesOf, type Fee } from "./fee.ts";
import { either, exact, kindOf, lengthOf, list, member, object, objectOf, optional, textOf, texts } from "./forms.ts";
import { unlike, word, type Document } from "./forms.ts";
import {
  CATEGORIES,
  committedOf,
  keep,
  namedOf,
  noTime,
  ratioOf,
  unknownOf,
  type Ledger,
  type Totals,
} from "./ledger.ts";
import { verdictOf, type Verdict } from "./remedies.ts";

/** What the remedies make of one ratio, on its own share of the fee. */
export interface Judgement {
  asset: string;
  percent: Exact;
  base: Exact;
  verdicts: Verdict[];
  credit: Exact;
  bonus: Exact;
}

/** A clause computed again; what it grants is not known before all clauses are. */
export interface Rated {
  id: string;
  isSettled: boolean;
  ratio: Exact | null;
  coverage: Exact | null;
  totals: Totals;
  ledgers: Map<string, Ledger>;
  judgements: Judgement[];
  creditMinor: bigint;
  bonusMinor: bigint;
}

/** What all clauses are computed from. */
export interface Ground {
  case_: Case;
  evidence: Document;
  seen: Map<string, Seen>;
  claims: Claims;
  fee: Fee;
}

const HUNDRED = new Exact(100);
const AGGREGATES = ["pooled", "mean", "worst", "per_asset"] as const;

/** Compute a clause again. */
export function clauseOf(ground: Ground, value: Document[string]): Rated {
  const { case_, claims } = ground;
  const clause = objectOf("clause", value, "contract/clauses");
  const [id, assets] = [textOf(clause, "id"), texts(member(clause, "assets"))];
  const place = `clause ${id}`;
  const seen = new Map(assets.map((asset) => [asset, seenOf(ground, asset)]));
  checkIndicator(ground, clause, [...seen.values()], `${place}/indicator`);
  const owed = owedTime(case_, clause);
  const categories = list(either(clause, "exclusions", [])).map((rule) =>
    textOf(object(rule, "exclusions"), "category"),
  );
  const ledgers = new Map(
    [...seen].map(([asset, one]) => {
      const claimed = categories.map((category) => claims.get(claimsKey(asset, category)) ?? []);
      return [asset, keep(case_, clause, { owed, one, claims: claimed })];
    }),
  );
  const totals = noTime();
  for (const one of ledgers.values()) for (const name of CATEGORIES) totals[name] += one.totals[name];
  const committed = committedOf(totals);
  const coverage = committed ? new Exact(committed - unknownOf(totals), committed) : null;
  const kind = word(member(clause, "aggregate"), `${place}/aggregate`, ...AGGREGATES);
  const ratio = withoutCause(clause, aggregated(kind, [...ledgers.values()]), committed);
  const gate = optional(clause, "minimum_coverage");
  const isLow = gate !== null && coverage !== null && coverage.times(HUNDRED).compare(exact(gate)) < 0;
  const judgements = ratio === null || isLow ? [] : judged(ground, clause, ratio, ledgers);
  const mode = modeOf(case_);
  const [creditMinor, bonusMinor] = [
    rounded(sum(judgements.map(({ credit }) => credit)), mode),
    rounded(sum(judgements.map(({ bonus }) => bonus)), mode),
  ];
  const isSettled = ratio !== null && !isLow;
  return { id, isSettled, ratio, coverage, totals, ledgers, judgements, creditMinor, bonusMinor };
}

function seenOf(ground: Ground, asset: string): Seen {
  const one = ground.seen.get(asset);
  if (!one) throw unlike(gettext("no evidence of {asset}", { asset }));
  return one;
}

/** Refuse an indicator that is not known, or names what the evidence has not. */
function checkIndicator({ case_, evidence }: Ground, clause: Document, some: Seen[], place: string): void {
  const indicator = kindOf("indicator", member(clause, "indicator"), place);
  const of = namedOf(indicator);
  switch (indicator.kind) {
    case "availability":
    case "response":
      if (of !== null && !some.every((one) => one.conditions.has(of)))
        throw new RefusedError(gettext("{place}/of names no condition of each asset", { place }));
      break;
    case "throughput":
    case "ratio":
      refuseUnnamed(of, (has) => some.every(has), `${place}/of`);
      if (indicator.kind === "ratio") refuseUnnamed(textOf(indicator, "per"), (has) => some.every(has), `${place}/per`);
      break;
    default: {
      const interval = lengthOf(member(indicator, "interval"));
      const rows = texts(clause.assets).flatMap((asset) => list(either(object(evidence[asset], place), "rates", [])));
      const spans = rows.map((row) => case_.zone.span(object(row, place), place));
      if (interval === 0) throw unlike(gettext("an interval of nothing"));
      if (spans.some(([start, end]) => (end - start) % interval))
        throw new RefusedError(
          gettext("{place}/interval does not part the error shares into whole intervals", { place }),
        );
    }
  }
}

/** The ratio of a clause; an asset with nothing to measure against has no say. */
function aggregated(kind: (typeof AGGREGATES)[number], ledgers: Ledger[]): Exact | null {
  const counted = ledgers.filter((one) => !one.bottom.isZero);
  if (!counted.length) return null;
  const ratios = counted.map((one) => one.top.over(one.bottom));
  if (kind === "worst") return ratios.reduce((least, one) => (one.compare(least) < 0 ? one : least));
  if (kind === "mean") return sum(ratios).over(new Exact(counted.length));
  return sum(counted.map((one) => one.top)).over(sum(counted.map((one) => one.bottom)));
}

/** A ratio; of a response time it is whole where time was committed and nothing happened. */
function withoutCause(clause: Document, ratio: Exact | null, committed: number): Exact | null {
  const isResponse = object(clause.indicator, "indicator").kind === "response";
  return ratio === null && committed && isResponse ? ONE : ratio;
}

/** What the remedies make of the ratio of the clause, or of each asset's on its own share of the fee. */
function judged({ fee, seen }: Ground, clause: Document, ratio: Exact, ledgers: Map<string, Ledger>): Judgement[] {
  let cases = [{ asset: "", own: ratio as Exact | null, base: fee.exact }];
  if (clause.aggregate === "per_asset") {
    const bases = sharesOf(fee, texts(clause.assets), seen);
    cases = [...ledgers].map(([asset, one]) => {
      const own = withoutCause(clause, ratioOf(one), committedOf(one.totals));
      return { asset, own, base: bases.get(asset) ?? fee.exact };
    });
  }
  const remedies = list(member(clause, "remedies"));
  return cases.flatMap(({ asset, own, base }): Judgement[] => {
    if (own === null) return [];
    const percent = own.times(HUNDRED);
    const verdicts = remedies.map((each) => verdictOf(each, percent, `clause ${textOf(clause, "id")}/remedies`));
    const [credit, bonus] = (["credit", "bonus"] as const).map((name) =>
      base.times(sum(verdicts.map((one) => one[name]))).over(HUNDRED),
    ) as [Exact, Exact];
    return [{ asset, percent, base, verdicts, credit, bonus }];
  });
}
